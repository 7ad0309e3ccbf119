import { OrderOutdatedError } from '../errors.js';

/**
 * The highest fencing token this tracker was shown: orders with a lower one come from a former commander. A token counts once
 * it is kept, so that no restart lets the former one in again.
 */
export class Fence {
  #highest: number;
  #kept: number;

  /** @param kept The highest one of former runs. @param keep Settles when it is on the disk. */
  constructor(
    kept: number,
    private readonly keep: (fence: number) => Promise<void>,
  ) {
    this.#highest = kept;
    this.#kept = kept;
  }

  /** @param fence 0: a person, who is never refused. @throws OrderOutdatedError; what `keep` throws */
  async pass(fence: number): Promise<void> {
    if (fence === 0) return;
    this.#refuseOutdated(fence);
    this.#highest = fence;
    if (fence <= this.#kept) return;
    await this.keep(fence);
    this.#kept = Math.max(this.#kept, fence);
    // A later commander may have come while it was written.
    this.#refuseOutdated(fence);
  }

  #refuseOutdated(fence: number): void {
    if (fence < this.#highest) throw new OrderOutdatedError(fence, this.#highest);
  }
}
