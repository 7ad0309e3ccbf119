import {
  RECONNECT_FIRST_MS,
  RECONNECT_MAX_MS,
  RECONNECT_RESET_MS,
  TRACKER_HEDGE_MS,
  TRACKER_READ_GRACE_MS,
  TRACKER_TIMEOUT_MS,
  TRACKER_WRITE_GRACE_MS,
} from './limits.js';

/** Times of one set, in ms; see `limits.ts` for the reason of each default. */
export interface TrackerSetLimits {
  /** One question, answered or given up. */
  readonly timeoutMs: number;
  /** Silence after which one more tracker is asked. */
  readonly hedgeMs: number;
  /** Wait before the first new attempt to connect to a tracker, doubled at each failure. */
  readonly reconnectFirstMs: number;
  /** Longest wait between attempts. */
  readonly reconnectMaxMs: number;
  /** A connection that lived so long counts as a success: a tracker that drops everybody at once is not hammered. */
  readonly reconnectResetMs: number;
  /** Of trackers that serve alone: the wait for the others after the first useful answer. */
  readonly readGraceMs: number;
  /** The same for what they are told. */
  readonly writeGraceMs: number;
}

export const TRACKER_SET_LIMITS: TrackerSetLimits = {
  timeoutMs: TRACKER_TIMEOUT_MS,
  hedgeMs: TRACKER_HEDGE_MS,
  reconnectFirstMs: RECONNECT_FIRST_MS,
  reconnectMaxMs: RECONNECT_MAX_MS,
  reconnectResetMs: RECONNECT_RESET_MS,
  readGraceMs: TRACKER_READ_GRACE_MS,
  writeGraceMs: TRACKER_WRITE_GRACE_MS,
};
