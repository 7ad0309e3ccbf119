import type { CancelTimer, Clock, Logger, Random, Timers } from '@panal/runtime';
import type { AuditEvent, PluginAuditEvent } from './audit-event.js';
import type { AuditSink } from './audit-sink.js';
import { BATCH_MAX, QUEUE_MAX, RETRY_MS } from './limits.js';

export interface AuditTrailOptions {
  readonly sink: AuditSink;
  /** Name of this tracker or peer. */
  readonly server: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** What the caller says of an event; the rest is the trail's. */
export type AuditNote = Omit<PluginAuditEvent, 'kind' | 'id' | 'atMs' | 'server'>;

/**
 * Brings events to the sink: in order, in batches, one at a time, again after a failure. While the sink does not take them
 * QUEUE_MAX wait; what comes then is lost and counted, and a gap stands in the trail where it would have been.
 */
export class AuditTrail {
  readonly #waiting: AuditEvent[] = [];
  #lostCount = 0;
  #isDelivering = false;
  #isClosed = false;
  #cancelRetry: CancelTimer | undefined;

  constructor(private readonly options: AuditTrailOptions) {}

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Remembers what was done. @returns False when it could not: too much is waiting. */
  record(note: AuditNote): boolean {
    if (this.#waiting.length >= QUEUE_MAX || this.#isClosed) {
      this.#lostCount += 1;
      return false;
    }
    if (this.#lostCount > 0) this.#waiting.push(this.#gap());
    this.#waiting.push({ kind: 'plugin', ...this.#stamp(), ...note });
    if (this.#cancelRetry === undefined) void this.#deliver();
    return true;
  }

  /** Takes no more events, and brings what waits, in one attempt each. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    await this.#deliver();
    if (this.#waiting.length > 0) {
      this.options.logger.error('Audit events were lost', { lostCount: this.#waiting.length + this.#lostCount });
    }
  }

  async #deliver(): Promise<void> {
    this.#cancelRetry = undefined;
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.slice(0, BATCH_MAX);
        await this.options.sink.append(batch);
        this.#waiting.splice(0, batch.length);
      }
    } catch (error) {
      this.options.logger.warn('Audit events wait', { waitingCount: this.#waiting.length, error });
      if (!this.#isClosed) this.#cancelRetry = this.options.timers.after(RETRY_MS, () => void this.#deliver());
    } finally {
      this.#isDelivering = false;
    }
  }

  #gap(): AuditEvent {
    const lostCount = this.#lostCount;
    this.#lostCount = 0;
    return { kind: 'gap', ...this.#stamp(), lostCount };
  }

  #stamp() {
    const { clock, random, server } = this.options;
    return { id: random.bytes(16).toString('hex'), atMs: clock.nowMs(), server };
  }
}
