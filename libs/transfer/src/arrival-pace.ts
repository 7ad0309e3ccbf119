import { FIRST_BLOCK_MS, FIRST_BLOCK_MS_MAX, STALL_MS_MAX, STALL_MS_MIN } from './limits.js';

/** Weights of a new gap in mean and deviation. @see RFC 6298, section 2 */
const MEAN_SHARE = 1 / 8;
const DEVIATION_SHARE = 1 / 4;

/** How long a source may be silent while it owes blocks: its mean gap between blocks and four deviations, bounded. */
export class ArrivalPace {
  #meanMs: number | undefined;
  #deviationMs = 0;

  /** `gapMs` passed between two blocks, or between a request to an idle source and its first block. */
  arrived(gapMs: number): void {
    if (this.#meanMs === undefined) {
      this.#meanMs = gapMs;
      this.#deviationMs = gapMs / 2;
      return;
    }
    this.#deviationMs += (Math.abs(gapMs - this.#meanMs) - this.#deviationMs) * DEVIATION_SHARE;
    this.#meanMs += (gapMs - this.#meanMs) * MEAN_SHARE;
  }

  /** Silence past this is a stall. `strikes` says how often it was one lately: patience grows, lest a slow link never delivers. */
  deadlineMs(strikes: number): number {
    if (this.#meanMs === undefined) return Math.min(FIRST_BLOCK_MS_MAX, FIRST_BLOCK_MS * 2 ** strikes);
    const deadlineMs = this.#meanMs + 4 * this.#deviationMs;
    const boundedMs = Math.min(STALL_MS_MAX, Math.max(STALL_MS_MIN, deadlineMs));
    return Math.min(FIRST_BLOCK_MS_MAX, boundedMs * 2 ** strikes);
  }
}
