import type { ClusterRecord } from '@panal/cluster';
import type { CancelTimer, PanalError, Timers } from '@panal/runtime';
import { type Commit, CommitQueue, type QueueMark } from './commit-queue.js';
import {
  QUEUE_PRESSURE_BYTES,
  QUEUE_RELIEF_BYTES,
  QUEUE_SIZE_BYTES_MAX,
  RETRY_INTERVAL_MS,
  SOFT_COMMIT_DELAY_MS,
} from './limits.js';
import type { LogCounters } from './log-counters.js';
import { type RecordSource, Refill } from './refill.js';
import { failureError } from './store-failure.js';
import type { StorePort } from './store-thread.js';
import type { CommitResult } from './stores.js';
import { packedSize, type WriteBatch } from './write-batch.js';

export interface CommitterOptions {
  readonly store: Pick<StorePort, 'commit'>;
  readonly source: RecordSource;
  readonly timers: Timers;
  readonly counters: LogCounters;
  /** Everything up to `upTo` is on the disk. Grows with every call. */
  readonly onPersisted: (upTo: number) => void;
  /** More waits for the disk than is good: the owner writes less until it is told otherwise. */
  readonly onPressure: (isPressed: boolean) => void;
  /** After a commit: what it failed of, or `undefined`. */
  readonly onOutcome: (error: PanalError | undefined) => void;
  /** A store was corrupt, is at `movedTo` now, and is filled again from `source`. */
  readonly onCorrupt: (movedTo: string, reason: string) => void;
}

/**
 * Commits in groups, one after the other: at once where someone waits, else after SOFT_COMMIT_DELAY_MS. A commit that fails
 * is repeated until it succeeds. What does not fit into the queue meanwhile is left out, and read again from the table
 * before anything after it counts as persisted.
 */
export class Committer {
  readonly #queue = new CommitQueue();
  /** What was asked for so far, what may not wait for company, and what is written. */
  #asked: QueueMark = { change: 0, sequence: 0 };
  #urgentChange = 0;
  #committed: QueueMark = this.#asked;
  #persistedUpTo = 0;
  /** Nothing after it is persisted while the store lacks something. */
  #holdAt = Number.POSITIVE_INFINITY;
  /** Records are left out until the queue is empty. */
  #isBehind = false;
  #refill: Refill | undefined;
  #isStarted = false;
  #isPressed = false;
  /** Settles when the commits under way are over. */
  #running: Promise<void> | undefined;
  #cancelSoft: CancelTimer | undefined;
  #cancelRetry: CancelTimer | undefined;

  constructor(private readonly options: CommitterOptions) {}

  get queueSizeBytes(): number {
    return this.#queue.sizeBytes;
  }

  /** From now on there are commits. */
  start(): void {
    this.#isStarted = true;
    this.#wake();
  }

  /** @returns The number of this call: 1 for the first, then one more each time. */
  append(records: readonly ClusterRecord[], { isDurable }: { isDurable: boolean }): number {
    const sequence = this.#asked.sequence + 1;
    const sizeBytes = records.reduce((sum, record) => sum + packedSize(record), 0);
    if (this.#isBehind || this.#queue.sizeBytes + sizeBytes > QUEUE_SIZE_BYTES_MAX) this.#leaveOut(records.length);
    else for (const record of records) this.#queue.put(record);
    this.options.counters.appendedRecords += records.length;
    this.#ask(sequence, isDurable);
    return sequence;
  }

  /** Adds what is no record, a few bytes that are never left out. */
  add(fill: (batch: WriteBatch) => void): void {
    this.#queue.add(fill);
    this.#ask(this.#asked.sequence, false);
  }

  /** The store lacks something: it is filled from the table, and nothing more counts as persisted until it is. */
  refillAll(): void {
    this.#holdAt = Math.min(this.#holdAt, this.#persistedUpTo);
    this.#isBehind = true;
    this.#refill = undefined;
    this.#wake();
  }

  /** Writes what waits now. @returns Whether the store has all of it. */
  async flush(): Promise<boolean> {
    const { change } = this.#asked;
    this.#urgentChange = change;
    this.#wake();
    while (this.#committed.change < change && this.#running !== undefined) await this.#running;
    return this.#committed.change >= change && !this.#isBehind && this.#refill === undefined;
  }

  /** Writes what waits, as far as the disk takes it, and nothing afterwards. */
  async finish(): Promise<void> {
    this.#cancelSoft?.();
    this.#dropRetry();
    this.#urgentChange = this.#asked.change;
    while (this.#running !== undefined) await this.#running;
    // Unless that was an attempt, and failed.
    if (this.#cancelRetry === undefined) await this.#run();
    this.#isStarted = false;
    this.#dropRetry();
  }

  #leaveOut(recordCount: number): void {
    this.#holdAt = Math.min(this.#holdAt, this.#asked.sequence);
    this.#isBehind = true;
    this.#refill = undefined;
    this.options.counters.leftOutRecords += recordCount;
  }

  #ask(sequence: number, isUrgent: boolean): void {
    this.#asked = { change: this.#asked.change + 1, sequence };
    this.#queue.reach(this.#asked);
    if (isUrgent) this.#urgentChange = this.#asked.change;
    else this.#cancelSoft ??= this.options.timers.after(SOFT_COMMIT_DELAY_MS, () => this.#softDue());
    this.#tellPressure();
    if (this.#isDue()) this.#wake();
  }

  #softDue(): void {
    this.#cancelSoft = undefined;
    this.#urgentChange = this.#asked.change;
    this.#wake();
  }

  #isDue(): boolean {
    const isIncomplete = this.#isBehind || this.#refill !== undefined;
    return this.#urgentChange > this.#committed.change || this.#queue.hasFullCommit || isIncomplete;
  }

  /** On the next turn, so that everything asked for in this one shares a commit. */
  #wake(): void {
    if (this.#running !== undefined || !this.#isStarted || this.#cancelRetry !== undefined) return;
    this.#running = new Promise((resolve) => {
      setImmediate(() => {
        void this.#run().finally(resolve);
      });
    });
  }

  async #run(): Promise<void> {
    try {
      while (this.#isStarted && this.#isDue()) {
        const commit = this.#next();
        if (commit === undefined) this.#drained();
        else if (!this.#settle(commit, await this.#attempt(commit))) return this.#retryLater();
      }
    } finally {
      this.#running = undefined;
    }
  }

  #next(): Commit | undefined {
    this.#refill?.fill((record) => this.#queue.put(record));
    return this.#queue.next();
  }

  async #attempt({ bytes }: Commit): Promise<CommitResult> {
    try {
      return await this.options.store.commit(bytes);
    } catch (error) {
      // The thread itself died, which no disk should bring about: the next attempt starts another one.
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', failure: { kind: 'failed', path: 'the record store', reason, isOfStore: false } };
    }
  }

  /** @returns Whether to go on. */
  #settle(commit: Commit, result: CommitResult): boolean {
    if (result.kind === 'failed') {
      this.options.counters.failedCommits += 1;
      if (result.movedTo === undefined) this.options.onOutcome(failureError(result.failure));
      else {
        this.options.onCorrupt(result.movedTo, result.failure.reason);
        this.refillAll();
      }
      return result.movedTo !== undefined;
    }
    this.#queue.shift();
    this.#committed = commit.upTo;
    this.#count(commit);
    this.options.onOutcome(undefined);
    this.#tellPressure();
    this.#tellPersisted();
    return true;
  }

  /** Nothing waits: a refill that was due begins, one that was under way is over. */
  #drained(): void {
    this.#committed = this.#asked;
    if (this.#isBehind) {
      this.#isBehind = false;
      this.#refill = new Refill(this.options.source);
      this.options.counters.refills += 1;
    } else if (this.#refill?.isDone) {
      this.#refill = undefined;
      this.#holdAt = Number.POSITIVE_INFINITY;
    }
    this.#tellPressure();
    this.#tellPersisted();
  }

  #retryLater(): void {
    this.#cancelRetry = this.options.timers.after(RETRY_INTERVAL_MS, () => {
      this.#cancelRetry = undefined;
      this.#wake();
    });
  }

  #dropRetry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #count({ itemCount, bytes }: Commit): void {
    const { counters } = this.options;
    counters.commits += 1;
    counters.writtenItems += itemCount;
    counters.writtenBytes += bytes.length;
  }

  #tellPersisted(): void {
    const upTo = Math.min(this.#committed.sequence, this.#holdAt);
    if (upTo <= this.#persistedUpTo) return;
    this.#persistedUpTo = upTo;
    this.options.onPersisted(upTo);
  }

  #tellPressure(): void {
    const limit = this.#isPressed ? QUEUE_RELIEF_BYTES : QUEUE_PRESSURE_BYTES;
    const isPressed = this.#isBehind || this.#queue.sizeBytes > limit;
    if (isPressed === this.#isPressed) return;
    this.#isPressed = isPressed;
    this.options.onPressure(isPressed);
  }
}
