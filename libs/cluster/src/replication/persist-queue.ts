import type { ClusterRecord } from '../record.js';
import type { Persist } from './effects.js';
import { PERSIST_WAITERS_MAX } from './limits.js';

interface Waiting<Waiter> {
  readonly sequence: number;
  readonly waiter: Waiter;
}

/** Gathers what has to go to the log, and remembers who waits until it is there. */
export class PersistQueue<Waiter> {
  #soft: ClusterRecord[] = [];
  #durable: ClusterRecord[] = [];
  #sequence = 0;
  #durableSequence = 0;
  #persisted = 0;
  /** In the order of their sequences. */
  #waiting: Waiting<Waiter>[] = [];

  /** Answers that wait for the disk. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  add(record: ClusterRecord): void {
    (record.recordClass === 'durable' ? this.#durable : this.#soft).push(record);
  }

  /**
   * Keeps `waiter` until all durable records added so far are on disk.
   * @returns False when they are: nothing was kept. When too many wait already, the waiter is dropped: who asked will ask again.
   */
  waitForDurable(waiter: Waiter): boolean {
    const sequence = this.#durable.length > 0 ? this.#sequence + 1 : this.#durableSequence;
    if (sequence <= this.#persisted) return false;
    if (this.#waiting.length < PERSIST_WAITERS_MAX) this.#waiting.push({ sequence, waiter });
    return true;
  }

  /** What was added since the last time, durable records first. */
  take(): readonly Persist[] {
    const effects: Persist[] = [];
    if (this.#durable.length > 0) {
      this.#sequence += 1;
      this.#durableSequence = this.#sequence;
      effects.push({ kind: 'persist', sequence: this.#sequence, records: this.#durable, isDurable: true });
      this.#durable = [];
    }
    if (this.#soft.length > 0) {
      this.#sequence += 1;
      effects.push({ kind: 'persist', sequence: this.#sequence, records: this.#soft, isDurable: false });
      this.#soft = [];
    }
    return effects;
  }

  /** The log has everything up to `upTo`. @returns Who waited for that. */
  persisted(upTo: number): readonly Waiter[] {
    this.#persisted = Math.max(this.#persisted, Math.min(upTo, this.#sequence));
    const stillAt = this.#waiting.findIndex(({ sequence }) => sequence > this.#persisted);
    const released = this.#waiting.splice(0, stillAt === -1 ? this.#waiting.length : stillAt);
    return released.map(({ waiter }) => waiter);
  }
}
