/** How often maintenance runs. Answers do not depend on it: it only frees memory and feeds the metrics. */
export const MAINTENANCE_INTERVAL_MS = 1_000;

/** Trackers started together shall not all pause for maintenance at the same moment. */
export const MAINTENANCE_JITTER_MS = 200;

/** The HTTP interface takes no bodies; what a probe may send by mistake is cut here. */
export const HTTP_BODY_SIZE_BYTES_MAX = 1_024;

/** How long a client may take to send one HTTP request: three lines. */
export const HTTP_REQUEST_TIMEOUT_MS = 10_000;

/** Addresses to join by: the largest clusters have a few dozen trackers, and one that answers names the others. */
export const JOINS_MAX = 32;

/** A question to another tracker. One that does not answer by then is asked no longer: the next keeper is. */
export const ASK_TIMEOUT_MS = 400;

/** Ticks of the cluster: below the 40 ms after which a slow tracker is passed over. */
export const TICK_INTERVAL_MS = 25;

/**
 * Ticks of a cluster in which nothing is under way: each costs an idle machine as much as the work of ten. Below the 250 ms after
 * which a process takes itself for stopped, and the times of failure detection.
 */
export const CALM_TICK_INTERVAL_MS = 100;

/** How often the lag of the event loop is looked at, and the clock is written down. */
export const HEALTH_INTERVAL_MS = 1_000;

/** Soft records are remembered for at least so long, so that what was deleted on one side of a cut stays deleted. */
export const SOFT_LIFE_MS_MIN = 45 * 60_000;

/** Tombstones of what is kept on disk: a tracker that was away for longer does not bring its old records back. */
export const DURABLE_TOMBSTONE_MS = 10 * 24 * 60 * 60_000;

/** A tracker says that it has started once it is ready, or after this: a cluster may take longer to become whole. */
export const SETTLE_TIMEOUT_MS = 5_000;

/** Snapshots of one tracker: two weeks of one a day. Each takes as much disk as its records; a program that never removes any shall not fill it. */
export const SNAPSHOTS_MAX = 16;

/** In the data folder: the records, and copies of them. */
export const RECORDS_FOLDER = 'records';
export const SNAPSHOTS_FOLDER = 'snapshots';

/**
 * Connections told of a revocation in one go: 4 to 10 ms of the loop (measured, on a busy machine). With NOTICE_BATCH_PAUSE_MS
 * between, 8,192 of them, as many as a tracker takes, are told within a second, and never more than 12,800 in one however many
 * keys are revoked.
 */
export const NOTICE_BATCH = 256;
export const NOTICE_BATCH_PAUSE_MS = 20;

/** What is revoked while others are being told, or sooner than this after it, waits and goes out together. */
export const NOTICE_ROUND_PAUSE_MS = 500;
