import { type ClusterRecord, purgeAtMs, type RecordLifetimes } from '../record.js';

/** Two rounds of comparing, and a bit. */
const NEARLY_OVER_MS = 4_000;

/**
 * Whether a soft record is hardly worth a message: by the time it came it would be over, and trackers forget it at slightly
 * different times. Tombstones of durable records are always worth one.
 */
export function isNearlyOver(record: ClusterRecord, lives: RecordLifetimes, nowMs: number): boolean {
  return record.recordClass === 'soft' && purgeAtMs(record, lives) <= nowMs + NEARLY_OVER_MS;
}
