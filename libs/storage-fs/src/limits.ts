/** Bounds of everything that touches the disk, each with its reason. */

/** One read while hashing: 1 to 4 MiB run at the same rate here, and 1 MiB keeps the event loop waiting under a millisecond. */
export const READ_BUFFER_SIZE_BYTES = 1024 * 1024;

/** A file up to this size is read in one piece while others are: `SMALL_FILES_IN_FLIGHT` of them make 2 MiB. */
export const SMALL_FILE_SIZE_BYTES_MAX = 128 * 1024;

/** Small files read at once. More than the four threads of the pool, so that none of them waits for this thread. */
export const SMALL_FILES_IN_FLIGHT = 16;

/** Open files per store. A process commonly may have 1024; several stores and their sockets share them. */
export const OPEN_HANDLES_MAX = 256;

/** How long a file is trusted after its stamp was compared: a status call per second and file costs nothing. */
export const STAMP_CHECK_INTERVAL_MS = 1000;

/** Entries of one shared tree. Beyond it the torrent file would outgrow what readers of torrent files accept. */
export const SCAN_ENTRIES_MAX = 200_000;

/** Folders inside each other. Deeper trees meet the path limit of the system (4096 bytes) and readers' own limits. */
export const SCAN_DEPTH_MAX = 64;

/** Status calls in flight while a folder is scanned: enough to keep the four threads of the pool busy, no more. */
export const SCAN_STATS_IN_FLIGHT = 32;

/** Syncs in flight: the thread pool has four threads, and writes must never wait behind syncs for one. */
export const SYNCS_IN_FLIGHT = 2;

/** Longest name of one file or folder: NAME_MAX of Linux, macOS and every common file system. */
export const NAME_SIZE_BYTES_MAX = 255;

/** Longest path: PATH_MAX of Linux without its terminator. Checked before a byte is fetched, not after the last. */
export const PATH_SIZE_BYTES_MAX = 4095;

/** Largest small file of ours (lock, journal, token, state) read into memory; a bigger one is not ours. */
export const STATE_FILE_SIZE_BYTES_MAX = 64 * 1024 * 1024;

/** Rounds of taking over a stale lock: each lost round means that another process was faster, and it wins. */
export const LOCK_ATTEMPTS_MAX = 8;

/** Blocks from this size on are hashed by the worker: 50 us of hashing, against some 20 us of messages. */
export const HASH_WORKER_BLOCK_BYTES_MIN = 64 * 1024;

/** What direct I/O counts in, on every device with sectors up to that; and the border its memory must lie on. */
export const PAGE_SIZE_BYTES = 4096;

/** Parts from this size on go past the page cache: a disk's own time for less is spent on the way, not on the bytes. */
export const DIRECT_SIZE_BYTES_MIN = 128 * 1024;

/** Open a second time, past the cache: only large files are, and few at once. */
export const DIRECT_HANDLES_MAX = 16;

/** Refused so many times in a row, it is not tried again: this file system does not do it. */
export const DIRECT_REFUSALS_MAX = 4;

/** Writes that wait behind one: from so many on the faster way is looked for. */
export const DIRECT_BACKLOG_MAX = 8;

/** So much faster the page cache must be: what it takes is written to the disk all the same, and costs a copy. */
export const CACHE_GAIN_MIN = 3;

/** While writes wait, one in so many goes through the page cache to see how fast that is. */
export const CACHE_TRIAL_WRITES = 16;
