import type { Clock } from '@panal/runtime';
import { SWEEP_PASS_MS } from './limits.js';
import type { LogCounters } from './log-counters.js';
import type { StorePort } from './store-thread.js';

/** Has the store look for records that are over: a part at a time, everything once in SWEEP_PASS_MS at most. */
export class Sweeper {
  #passStartMs = Number.NEGATIVE_INFINITY;
  #isPassDone = true;
  #running: Promise<void> | undefined;

  constructor(
    private readonly store: StorePort,
    private readonly clock: Clock,
    private readonly counters: LogCounters,
    private readonly onCorrupt: (movedTo: string, reason: string) => void,
  ) {}

  /** Starts the next part, if one is due and none is under way. */
  beat(): void {
    if (this.#running !== undefined) return;
    const isPassDue = this.clock.monotonicMs() - this.#passStartMs >= SWEEP_PASS_MS;
    if (this.#isPassDone && !isPassDue) return;
    if (this.#isPassDone) this.#passStartMs = this.clock.monotonicMs();
    this.#running = this.#sweep().finally(() => {
      this.#running = undefined;
    });
  }

  /** Waits for the part under way. */
  async finish(): Promise<void> {
    await this.#running;
  }

  async #sweep(): Promise<void> {
    try {
      const { sweptCount, isPassDone, lost } = await this.store.sweep(this.clock.nowMs());
      this.counters.sweptRecords += sweptCount;
      this.#isPassDone = isPassDone;
      if (lost !== undefined) this.onCorrupt(lost.movedTo, lost.reason);
    } catch {
      // The store's thread died: the next commit says so and starts another one.
      this.#isPassDone = true;
    }
  }
}
