import type { ClusterRecord } from './record.js';
import type { DigestTree } from './replication/digest-tree.js';

/**
 * What became of a record that was offered. applied: it is now the version held. stale: the table holds it already, or a
 * newer one. Both mean "I hold this or newer". expired: its time is over and the table does not hold it.
 */
export type ApplyResult = 'applied' | 'stale' | 'expired';

/**
 * The copies one tracker holds, whichever slots they are of. Synchronous, with one writer: the cluster node.
 * Every implementation runs `describeReplicaTable`.
 */
export interface ReplicaTable {
  /** Live ones and tombstones. */
  readonly recordCount: number;
  /** Of all records held, at any time. The implementation tells it of every change; whoever makes the table gives it. */
  readonly digests: DigestTree;
  /**
   * Takes a record if it is newer than what is held (`compareRecords`) and not over (`purgeAtMs` > `nowMs`). Its buffers
   * are views of larger ones: what stays is copied.
   * @param nowMs Wall clock.
   */
  apply(record: ClusterRecord, nowMs: number): ApplyResult;
  /** The version held, live or dead, served or not. Valid until the next change. */
  get(key: Buffer, slot: number): ClusterRecord | undefined;
  /**
   * Records of one slot, of one leaf of it if given (`leafOf`), in no promised order. Valid until the next change: neither
   * the iteration nor the records outlive it.
   */
  records(slot: number, leaf?: number): Iterable<ClusterRecord>;
  /** 0 when nothing of it is held. */
  recordCountIn(slot: number): number;
  /**
   * Forgets records of a slot, once its owners confirmed that they have it.
   * @param limit At most so many; default: all. @returns How many went.
   */
  dropSlot(slot: number, limit?: number): number;
  /** Forgets records whose `purgeAtMs` is `nowMs` or earlier, at most `limit` of them. @returns How many went. */
  purge(nowMs: number, limit: number): number;
}
