import { type ClusterRecord, compareRecords } from '@panal/cluster';
import type { KeyHistory, Version } from './history.js';

/** The write that a record is a copy of; a record without one was never written. */
export function versionOf(history: KeyHistory, record: ClusterRecord): Version | undefined {
  return history.versions.findLast((version) => compareRecords(version.record, record) === 0);
}

/**
 * I3, first half: nothing is served longer than its writer asked for, counted from the write and not from a copy of it.
 * @param skewMs How far the clocks of the one who stamped and the one who serves may be apart.
 */
export function isServedTooLong(version: Version, nowMs: number, skewMs: number): boolean {
  return version.leaseMs > 0 && nowMs > version.stampedAtMs + version.leaseMs + skewMs;
}

/** Whether a record is older than a deletion that is done: what was deleted is back. */
export function isRisen({ buried }: KeyHistory, copy: ClusterRecord): boolean {
  return buried !== undefined && !copy.isDead && compareRecords(copy, buried.record) < 0;
}
