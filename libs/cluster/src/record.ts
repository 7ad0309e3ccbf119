import { hybridTimeMs } from '@panal/wire';

/** 32 hex digits: 16 random bytes kept in the data folder of the tracker. */
export type TrackerId = string;

/** soft: heard again soon, lives in memory first. durable: acknowledged after it is on disk, kept until deleted. */
export type RecordClass = 'soft' | 'durable';

/**
 * One last-writer-wins register. The cluster copies, compares and expires it and never looks inside. Its buffers are never
 * written to after it was made.
 */
export interface ClusterRecord {
  /** Opaque, unique in the cluster, 1 to RECORD_KEY_SIZE_MAX bytes. */
  readonly key: Buffer;
  /** 0 to SLOT_COUNT - 1, or EVERYWHERE. A pure function of the key. */
  readonly slot: number;
  /** A pure function of the key. */
  readonly recordClass: RecordClass;
  /** Hybrid stamp of the write, made once by the tracker that took it. Copies carry it along and never stamp again. */
  readonly clock: number;
  /** Who stamped it, `originOf` its id: decides between equal stamps. */
  readonly origin: number;
  /** A tombstone: the key was deleted at `clock`. Its value is empty and `serveUntilMs` is 0. */
  readonly isDead: boolean;
  /** Wall clock, ms since 1970: served until then. Infinity: for ever. Absolute, so that a copy lives no longer than the original. */
  readonly serveUntilMs: number;
  /** At most RECORD_VALUE_SIZE_MAX bytes. */
  readonly value: Buffer;
}

/** How long records are kept after their stamp. The same on every tracker of a cluster. */
export interface RecordLifetimes {
  /** Soft records, live or dead; must be no less than the longest time one is served. */
  readonly softMs: number;
  /** Tombstones of durable records; live ones have no end. */
  readonly durableTombstoneMs: number;
}

/** 48 bits of a tracker id, as a number: what breaks a tie between two stamps. */
export function originOf(id: TrackerId): number {
  return Number.parseInt(id.slice(0, 12), 16);
}

/**
 * The order in which versions of one key replace each other: stamp, tracker, dead before alive, then the content, so that
 * even two versions that should not exist side by side (a bug, a cloned tracker) end the same way everywhere.
 * @returns Above 0 when `one` replaces `other`, 0 when they are equal.
 */
export function compareRecords(one: ClusterRecord, other: ClusterRecord): number {
  return (
    one.clock - other.clock ||
    one.origin - other.origin ||
    Number(one.isDead) - Number(other.isDead) ||
    compareTimes(one.serveUntilMs, other.serveUntilMs) ||
    Buffer.compare(one.value, other.value) ||
    Number(one.recordClass === 'durable') - Number(other.recordClass === 'durable')
  );
}

/** The version that stays. Commutative, associative and idempotent: in whatever order copies meet, all end with the same. */
export function mergeRecords(one: ClusterRecord, other: ClusterRecord): ClusterRecord {
  return compareRecords(one, other) >= 0 ? one : other;
}

/**
 * When a record is forgotten, ms since 1970. It grows with the stamp and depends on nothing else, so a version is never
 * forgotten before an older one that it hides: neither a tombstone nor a shorter life brings the past back.
 */
export function purgeAtMs(
  record: Pick<ClusterRecord, 'recordClass' | 'clock' | 'isDead'>,
  lives: RecordLifetimes,
): number {
  if (record.recordClass === 'soft') return hybridTimeMs(record.clock) + lives.softMs;
  return record.isDead ? hybridTimeMs(record.clock) + lives.durableTombstoneMs : Number.POSITIVE_INFINITY;
}

/** Whether readers may see it. */
export function isServed(record: Pick<ClusterRecord, 'isDead' | 'serveUntilMs'>, nowMs: number): boolean {
  return !record.isDead && nowMs < record.serveUntilMs;
}

/** Infinity minus Infinity is no number. */
function compareTimes(one: number, other: number): number {
  return one === other ? 0 : one - other;
}
