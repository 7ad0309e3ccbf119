import { OrderOutdatedError } from '../errors.js';

/** The highest fencing token this process was shown: orders with a lower one come from a former commander. */
export class Fence {
  #highest = 0;

  /** @param fence 0: a person, who is never refused. @throws OrderOutdatedError */
  pass(fence: number): void {
    if (fence === 0) return;
    if (fence < this.#highest) throw new OrderOutdatedError(fence, this.#highest);
    this.#highest = fence;
  }
}
