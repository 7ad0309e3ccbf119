import { AWARENESS_MAX, LAG_BAD_MS } from './limits.js';

/**
 * How far this tracker may trust its own judgement of others: 0 is well, AWARENESS_MAX is bad. A slow process thinks that
 * everyone else is slow; so the worse it is, the more time it gives them.
 * @see Dadgar et al., "Lifeguard: local health awareness for more accurate failure detection", 2017
 */
export class LocalHealth {
  #score = 0;
  #isLagging = false;

  get awareness(): number {
    return Math.min(AWARENESS_MAX, this.#score + (this.#isLagging ? 1 : 0));
  }

  /** What waits for others takes this much longer. */
  scale(durationMs: number): number {
    return durationMs * (this.awareness + 1);
  }

  /** Above 0: something failed that may well have been our own fault. Below: all went well. */
  note(change: number): void {
    this.#score = Math.min(AWARENESS_MAX, Math.max(0, this.#score + change));
  }

  /** @param lagMs The longest that the event loop was late of late, 99 of 100. */
  noteLag(lagMs: number): void {
    this.#isLagging = lagMs > LAG_BAD_MS;
  }
}
