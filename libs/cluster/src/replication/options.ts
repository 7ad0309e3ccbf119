import type { RecordLifetimes } from '../record.js';

/** What a tracker does with a write that cannot get COPY_COUNT copies. */
export type WritePolicy = 'degrade' | 'strict';

/** How one tracker takes part in replication. All times in ms. */
export interface ReplicationOptions {
  /**
   * degrade: with fewer trackers than COPY_COUNT, or when the others do not answer in time, a write is acknowledged with the
   * copies it has, and the answer says how many. strict: it is refused.
   */
  readonly policy: WritePolicy;
  readonly lives: RecordLifetimes;
  /** After this the next stand-in is asked as well. Below the usual answer time it doubles the traffic for nothing. */
  readonly hedgeMs: number;
  /** Whoever did not answer is asked again after this: the connection may have broken. */
  readonly retryMs: number;
  /** A write is answered after this at the latest. */
  readonly writeTimeoutMs: number;
  /** Comparison with a random owner of the same slots, so often; up to as much again is added by chance. */
  readonly roundMs: number;
  /** How long copies of slots this tracker no longer owns are kept after the last change of members, even if confirmed. */
  readonly dropDelayMs: number;
  /** Records sent to one other tracker to repair it or to fill it, bytes per second. Writes are not held back by it. */
  readonly transferBytesPerSecond: number;
}

const MINUTE_MS = 60_000;

export const REPLICATION_DEFAULTS: ReplicationOptions = {
  policy: 'degrade',
  lives: { softMs: 45 * MINUTE_MS, durableTombstoneMs: 10 * 24 * 60 * MINUTE_MS },
  hedgeMs: 40,
  retryMs: 500,
  writeTimeoutMs: 2_000,
  roundMs: 1_000,
  dropDelayMs: 30_000,
  transferBytesPerSecond: 10 * 1024 * 1024,
};
