import { STALL_MS } from './limits.js';

/**
 * Time during which this process could listen. When it was stopped (SIGSTOP, a long collection of garbage, a paused machine),
 * the gap counts as STALL_MS only: others answered meanwhile, and this process did not hear it. So no deadline of theirs may
 * run out by the gap.
 */
export class SteadyTime {
  #lastMs: number | undefined;
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** @returns How much of the time since the last call was a stall, ms. */
  advance(monotonicMs: number): number {
    const passedMs = monotonicMs - (this.#lastMs ?? monotonicMs);
    this.#lastMs = monotonicMs;
    this.#nowMs += Math.min(passedMs, STALL_MS);
    return Math.max(0, passedMs - STALL_MS);
  }
}
