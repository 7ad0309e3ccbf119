import {
  type ApplyResult,
  type ClusterRecord,
  type DigestSeed,
  DigestTree,
  type RecordLifetimes,
  type ReplicaTable,
} from '@panal/cluster';
import type { Random } from '@panal/runtime';
import { EntryReader, type TorrentRef } from './entry-reader.js';
import { EntryTable } from './entry-table.js';
import { OtherRecords } from './other-records.js';
import { isEntryKey, parseRecordKey } from './record-key.js';
import { NONE } from './slab.js';
import type { TableChange, TableListener } from './table-change.js';

export interface TrackerTableOptions {
  /** Of the cluster's digests. */
  readonly seed: DigestSeed;
  readonly lives: RecordLifetimes;
  /** Keys the hash indexes; nothing that can be seen depends on it. */
  readonly random: Random;
}

/**
 * All records of one tracker, with the meaning of their keys: entries in rows outside the heap, the rest as objects. A record
 * of a kind this version does not know is kept and passed on like any other; nobody is told of it.
 */
export class TrackerTable implements ReplicaTable {
  readonly digests: DigestTree;
  /** Who has what. */
  readonly entries: EntryReader;
  readonly #entryTable: EntryTable;
  readonly #others: OtherRecords;
  /** As far as this table has heard: it has no clock of its own. */
  #nowMs = 0;
  readonly #listeners = new Set<TableListener>();

  constructor({ seed, lives, random }: TrackerTableOptions) {
    this.digests = new DigestTree(seed);
    const { digests } = this;
    const hashKey = { low: random.bytes(4).readUInt32LE(), high: random.bytes(4).readUInt32LE() };
    this.#entryTable = new EntryTable({ digests, lives, hashKey, listener: (change) => this.#tell(change) });
    this.#others = new OtherRecords({ digests, lives, listener: (before, after) => this.#follow(before, after) });
    this.entries = new EntryReader(this.#entryTable);
  }

  get recordCount(): number {
    return this.#entryTable.recordCount + this.#others.recordCount;
  }

  apply(record: ClusterRecord, nowMs: number): ApplyResult {
    this.#nowMs = nowMs;
    return isEntryKey(record.key) ? this.#entryTable.apply(record, nowMs) : this.#others.apply(record, nowMs);
  }

  get(key: Buffer, slot: number): ClusterRecord | undefined {
    return isEntryKey(key) ? this.#entryTable.get(key) : this.#others.get(key, slot);
  }

  *records(slot: number, leaf?: number): Iterable<ClusterRecord> {
    yield* this.#entryTable.records(slot, leaf);
    yield* this.#others.records(slot, leaf);
  }

  recordCountIn(slot: number): number {
    return this.digests.countOf(slot);
  }

  dropSlot(slot: number, limit = Number.POSITIVE_INFINITY): number {
    const count = this.#others.dropSlot(slot, limit);
    return count + this.#entryTable.dropSlot(slot, limit - count);
  }

  /** The few records of other kinds go first: entries could keep it busy for ever. */
  purge(nowMs: number, limit: number): number {
    this.#nowMs = nowMs;
    const removed = this.#others.purge(nowMs, limit);
    return removed + this.#entryTable.purge(nowMs, limit - removed);
  }

  /**
   * Tells since when a peer lives. Its entries are served from now on if they are stamped then or later, and those alone:
   * what a former process of it shared is not there any more. A peer that was never told of is not known to live.
   * @param peer Its id in hex. @param since Hybrid clock; Infinity: it does not live.
   */
  setPeerFloor(peer: string, since: number): void {
    this.#entryTable.setPeerFloor(Buffer.from(peer, 'hex'), since, this.#nowMs);
  }

  /**
   * Remembers that this version of an entry is on as many trackers as the cluster promises; a newer one knows nothing of it.
   * @param peerId 16 bytes. @param clock Of the version.
   */
  notePromised(torrent: TorrentRef, peerId: Uint8Array, clock: number): void {
    const entry = this.entries.rowOf(torrent, peerId);
    const { entries } = this.#entryTable;
    if (entry !== NONE && entries.clockOf(entry) === clock) entries.setPromised(entry);
  }

  /**
   * Calls `listener` within every change that readers see, after it was made. It must not write to the table.
   * @returns Ends it.
   */
  watch(listener: TableListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #follow(before: ClusterRecord | undefined, after: ClusterRecord | undefined): void {
    const bytes = (after ?? before)?.key;
    const key = bytes === undefined ? undefined : parseRecordKey(bytes);
    if (key !== undefined && key.kind !== 'entry') this.#tell({ kind: 'record', key, before, after });
  }

  #tell(change: TableChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
