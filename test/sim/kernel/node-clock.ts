import type { Clock } from '@panal/runtime';
import type { Simulation } from './simulation.js';

/** Wall time at the start of every simulation. */
export const EPOCH_MS = 1_750_000_000_000;

/** What a node believes the time to be. Its wall clock is off by `skewMs`, may run fast or slow, and may be stepped. */
export class NodeClock implements Clock {
  #offsetMs = 0;
  #driftRate = 0;

  constructor(private readonly simulation: Simulation) {}

  get offsetMs(): number {
    return this.#offsetMs + this.simulation.nowMs * this.#driftRate;
  }

  /** @param driftRate Part of time gained or lost, e.g. 1e-4 for 100 ppm. */
  skew(offsetMs: number, driftRate = 0): void {
    this.#offsetMs = offsetMs;
    this.#driftRate = driftRate;
  }

  /** The wall clock jumps, as a time daemon or an administrator does it; durations are not touched. */
  step(byMs: number): void {
    this.#offsetMs += byMs;
  }

  nowMs(): number {
    return EPOCH_MS + this.simulation.nowMs + this.offsetMs;
  }

  monotonicMs(): number {
    return this.simulation.nowMs;
  }
}
