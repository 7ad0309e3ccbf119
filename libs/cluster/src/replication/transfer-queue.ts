import type { ClusterRecord, RecordLifetimes } from '../record.js';
import type { ReplicaTable } from '../replica-table.js';
import type { ReplicationCounters } from './counters.js';
import { encodeEnds, type SlotEnd } from './digest-codec.js';
import type { KeyHash } from './digest-tree.js';
import { BATCH_RECORDS_MAX, BATCH_SIZE_TARGET, SLOTS_MAX, TRANSFER_JOBS_MAX, TRANSFER_KEYS_MAX } from './limits.js';
import { isNearlyOver } from './nearly-over.js';
import { encodeRecords, recordSize } from './record-codec.js';
import type { Push } from './replication-message.js';
import type { TokenBucket } from './token-bucket.js';
import { hashNumber } from './version-list.js';

/** A leaf, or some keys of it, to be sent; or the news that all of a slot that was asked for is. */
type Job =
  | { readonly kind: 'leaf'; readonly slot: number; readonly leaf: number }
  | { readonly kind: 'keys'; readonly slot: number; readonly leaf: number; readonly hashes: ReadonlySet<number> }
  | { readonly kind: 'end'; readonly end: SlotEnd };

export interface TransferQueueOptions {
  readonly table: ReplicaTable;
  readonly lives: RecordLifetimes;
  readonly bucket: TokenBucket;
  readonly counters: ReplicationCounters;
}

/**
 * Records on their way to one other tracker, beside the writes: in order, at a bounded rate, and looked up only when their
 * turn comes, so that what waits is small. What does not fit is left out, and found again by the next comparison.
 */
export class TransferQueue {
  #jobs: Job[] = [];
  #keyCount = 0;

  constructor(private readonly options: TransferQueueOptions) {}

  /** Leaves, lists and ends that wait. */
  get jobCount(): number {
    return this.#jobs.length;
  }

  /** @returns False when there is no room. */
  addLeaf(slot: number, leaf: number): boolean {
    if (this.#jobs.length >= TRANSFER_JOBS_MAX) return false;
    this.#jobs.push({ kind: 'leaf', slot, leaf });
    return true;
  }

  /** @returns False when there is no room. */
  addKeys(slot: number, leaf: number, hashes: readonly KeyHash[]): boolean {
    if (this.#jobs.length >= TRANSFER_JOBS_MAX || this.#keyCount + hashes.length > TRANSFER_KEYS_MAX) return false;
    const wanted = new Set(hashes.map(hashNumber));
    this.#keyCount += wanted.size;
    this.#jobs.push({ kind: 'keys', slot, leaf, hashes: wanted });
    return true;
  }

  /** Without room it is left out, and whoever waits for it gives up. */
  addEnd(end: SlotEnd): void {
    if (this.#jobs.length < TRANSFER_JOBS_MAX + SLOTS_MAX) this.#jobs.push({ kind: 'end', end });
  }

  /** Sends as much as the rate permits. @param nowMs Wall clock. @param monotonicMs For the rate. */
  pump(nowMs: number, monotonicMs: number, send: (message: Push) => void): void {
    if (this.#jobs.length === 0) return;
    const load = new Load(this.options, send);
    let done = 0;
    for (const job of this.#jobs) {
      if (job.kind !== 'end' && !this.options.bucket.isOpen(monotonicMs)) break;
      done += 1;
      if (job.kind === 'end') load.end(job.end);
      else this.#load(job, nowMs, load);
    }
    this.#jobs = done === this.#jobs.length ? [] : this.#jobs.slice(done);
    load.send();
  }

  #load(job: Exclude<Job, { kind: 'end' }>, nowMs: number, load: Load): void {
    const { table, lives } = this.options;
    const wanted = job.kind === 'keys' ? job.hashes : undefined;
    if (wanted !== undefined) this.#keyCount -= wanted.size;
    for (const record of table.records(job.slot, job.leaf)) {
      if (isNearlyOver(record, lives, nowMs)) continue;
      if (wanted === undefined || wanted.has(hashNumber(table.digests.keyHash(record.key)))) load.add(record);
    }
  }
}

/** Fills messages. */
class Load {
  #records: ClusterRecord[] = [];
  #ends: SlotEnd[] = [];
  #size = 0;

  constructor(
    private readonly options: TransferQueueOptions,
    private readonly sendPush: (message: Push) => void,
  ) {}

  add(record: ClusterRecord): void {
    if (this.#records.length === BATCH_RECORDS_MAX || this.#size >= BATCH_SIZE_TARGET) this.send();
    this.#records.push(record);
    this.#size += recordSize(record);
  }

  /** Comes with or after all that was added before it. */
  end(end: SlotEnd): void {
    this.#ends.push(end);
  }

  send(): void {
    if (this.#records.length === 0 && this.#ends.length === 0) return;
    const records = encodeRecords(this.#records);
    const { bucket, counters } = this.options;
    bucket.take(records.length);
    counters.recordsPushed += this.#records.length;
    counters.bytesPushed += records.length;
    this.sendPush({ kind: 'push', records, ends: encodeEnds(this.#ends) });
    this.#records = [];
    this.#ends = [];
    this.#size = 0;
  }
}
