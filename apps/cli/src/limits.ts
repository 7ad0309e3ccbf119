/** Answers of a peer's REST interface: the list of 10,000 torrents is about 10 MiB. */
export const REPLY_BYTES_MAX = 64 * 1024 * 1024;
/** A local peer answers in milliseconds; one that hashes and writes on a slow disk may take seconds. */
export const REPLY_TIMEOUT_MS = 15_000;
/** A peer that is being restarted is back within this; a longer silence is reported. */
export const PEER_SILENCE_MAX_MS = 15_000;
/** How often a running transfer is looked at: often enough for a smooth bar, and cheap on loopback. */
export const WATCH_INTERVAL_MS = 250;
/** A pipe gets one progress line a second at most. */
export const LINE_INTERVAL_MS = 1000;

/** A server loads Node, reads its folder and binds its ports; a slow machine with a cold disk takes seconds. */
export const START_TIMEOUT_MS = 60_000;
/** Time to deregister, sync and close. After it a child is killed. */
export const STOP_TIMEOUT_MS = 10_000;
/** `panal down` waits for every child to stop, peers first and then trackers. */
export const DOWN_TIMEOUT_MS = 2 * STOP_TIMEOUT_MS + 10_000;
/** The wait before each restart of a child that died; a child that dies after the last of them stays down. */
export const RESTART_DELAYS_MS = [500, 1000, 2000, 5000, 10_000, 30_000] as const;
/** A child that lived this long has recovered: its next death starts from the first delay again. */
export const RECOVERED_AFTER_MS = 60_000;
/** Another process may take a port between the look and the bind; then the next one is tried, this many times. */
export const PORT_RETRIES_MAX = 5;
/** How far from its default a port may end up. */
export const PORT_SCAN_MAX = 1000;

/** A log is set aside (one older copy is kept) when a start finds it this large. */
export const LOG_BYTES_MAX = 16 * 1024 * 1024;
/** What a report of a death shows of the log. */
export const LOG_TAIL_LINES = 8;
/** Enough of the log's end to hold that many lines. */
export const LOG_TAIL_BYTES = 16 * 1024;

/** More servers than this on one machine is a typing mistake. */
export const SERVER_COUNT_MAX = 32;
/** A comparison names this many differences and counts the rest. */
export const DIFFERENCES_SHOWN_MAX = 20;
/** Reading two trees side by side: large enough for full disk speed. */
export const COMPARE_BUFFER_BYTES = 1024 * 1024;
/** The largest torrent file read from disk, as in libs/torrent. */
export const TORRENT_FILE_BYTES_MAX = 64 * 1024 * 1024;

/** A tracker answers an operator in milliseconds; one that does not within this is shown as away. */
export const TRACKER_REPLY_TIMEOUT_MS = 3_000;

/** A snapshot is written at the speed of the tracker's disk: ten minutes are 60 GB at 100 MB/s. */
export const SNAPSHOT_TIMEOUT_MS = 600_000;
