/** How long a server may take to stop before it is ended: long enough to say goodbye to the trackers, below Docker's 10 s. */
export const STOP_TIMEOUT_MS = 8_000;

/** Trackers a server can be given: the largest clusters have a few dozen, and any one of them knows the others. */
export const TRACKERS_MAX = 32;
