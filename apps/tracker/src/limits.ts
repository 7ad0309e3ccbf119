/** How often maintenance runs. Answers do not depend on it: it only frees memory and feeds the metrics. */
export const MAINTENANCE_INTERVAL_MS = 5_000;

/** Trackers started together shall not all pause for maintenance at the same moment. */
export const MAINTENANCE_JITTER_MS = 1_000;

/** The HTTP interface takes no bodies; what a probe may send by mistake is cut here. */
export const HTTP_BODY_SIZE_BYTES_MAX = 1_024;

/** How long a client may take to send one HTTP request: three lines. */
export const HTTP_REQUEST_TIMEOUT_MS = 10_000;
