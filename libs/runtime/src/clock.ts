/** Where the time comes from. Pure code never asks the machine. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump: never subtract two readings to measure a duration. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. For durations, deadlines and rates. */
  monotonicMs(): number;
}

/** Ends a timer. Calling it twice, or after the timer fired, does nothing. */
export type CancelTimer = () => void;

/** Timers as a port, so that a test drives them. */
export interface Timers {
  after(delayMs: number, callback: () => void): CancelTimer;
  every(intervalMs: number, callback: () => void): CancelTimer;
}

interface ManualTimer {
  readonly callback: () => void;
  readonly everyMs: number;
  dueMs: number;
}

/** A clock, and its timers, that move only when told to. For tests and simulations. */
export class ManualClock implements Clock, Timers {
  #elapsedMs = 0;
  readonly #timers = new Set<ManualTimer>();

  constructor(private readonly startMs = 1_700_000_000_000) {}

  nowMs(): number {
    return this.startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    return this.#add({ callback, everyMs: 0, dueMs: this.#elapsedMs + delayMs });
  }

  every(intervalMs: number, callback: () => void): CancelTimer {
    return this.#add({ callback, everyMs: Math.max(1, intervalMs), dueMs: this.#elapsedMs + Math.max(1, intervalMs) });
  }

  /** Moves time forward and fires, in order, every timer that falls due on the way. */
  advance(byMs: number): void {
    const endMs = this.#elapsedMs + byMs;
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      if (next.everyMs === 0) this.#timers.delete(next);
      else next.dueMs += next.everyMs;
      next.callback();
    }
    this.#elapsedMs = endMs;
  }

  #add(timer: ManualTimer): CancelTimer {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #nextDue(endMs: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}
