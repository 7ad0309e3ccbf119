import assert from 'node:assert';
import { ClockAheadError } from './errors.js';
import { CLOCK_AHEAD_MAX_MS } from './limits.js';

const COUNTER_SIZE = 4096;

/**
 * A hybrid logical clock. A stamp is `ms since 1970 * 4096 + counter`: stamps of one clock always grow, a stamp made after
 * another one was observed is greater than it, and all stay close to wall time. 41 bits of milliseconds (until September
 * 2039) and 12 of counter are the 53 that a double holds exactly.
 * @see Kulkarni et al., "Logical Physical Clocks", 2014
 */
export class HybridClock {
  #last: number;
  #refusedCount = 0;

  /** @param last A stamp that all new ones must exceed: what was persisted before a restart. */
  constructor(last = 0) {
    assert(isHybridTime(last), 'a clock starts from a stamp');
    this.#last = last;
  }

  /** The greatest stamp made or observed so far. */
  get last(): number {
    return this.#last;
  }

  /** How often `observe` refused, for the metrics. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** Goes on from a stamp of this clock's own past, however far ahead: what was kept over a restart. */
  resume(last: number): void {
    assert(isHybridTime(last), 'a clock resumes from a stamp');
    this.#last = Math.max(this.#last, last);
  }

  /** A new stamp, greater than every one made or observed before. @param nowMs Wall clock; it may go back. */
  tick(nowMs: number): number {
    const stamp = Math.max(Math.floor(nowMs) * COUNTER_SIZE, this.#last + 1);
    assert(isHybridTime(stamp), 'the time is out of the range of hybrid stamps');
    this.#last = stamp;
    return stamp;
  }

  /**
   * Takes note of a stamp that came from elsewhere.
   * @throws ClockAheadError when it is no stamp or more than CLOCK_AHEAD_MAX_MS ahead of `nowMs`; then it changes nothing.
   */
  observe(remote: number, nowMs: number): void {
    const aheadMs = isHybridTime(remote) ? hybridTimeMs(remote) - nowMs : Number.POSITIVE_INFINITY;
    if (aheadMs > CLOCK_AHEAD_MAX_MS) {
      this.#refusedCount += 1;
      throw new ClockAheadError(aheadMs);
    }
    if (remote > this.#last) this.#last = remote;
  }
}

/** A number that can be a stamp: whole, not negative, at most 53 bits. */
export function isHybridTime(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The wall time in a stamp, ms since 1970. */
export function hybridTimeMs(stamp: number): number {
  return Math.floor(stamp / COUNTER_SIZE);
}
