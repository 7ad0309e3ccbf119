/** Bytes asked for and not yet on disk, of one download: what bounds its memory. 128 ms at 250 MB/s. */
export const IN_HAND_BYTES_MAX = 32 * 1024 * 1024;
/** Bytes one source may owe: more only fills its queue, and is lost with it. */
export const WINDOW_BYTES_MAX = 16 * 1024 * 1024;
/** Blocks one source may owe: bounds the work of a cancel when blocks are 16 KiB. */
export const WINDOW_BLOCKS_MAX = 512;
/** Blocks asked of a source before anything is known of it; a slow one is not buried, a fast one doubles each round trip. */
export const WINDOW_START_BLOCKS = 4;
/** And no more than this, unless two blocks are more. */
export const WINDOW_START_BYTES = 1024 * 1024;
/** The window never falls below this, nor below two blocks: with one, the link idles for a round trip a block. */
export const WINDOW_BYTES_MIN = 64 * 1024;
/** The window holds this much time at the measured rate, beside the latency: short enough that a death costs little. */
export const WINDOW_TARGET_MS = 500;

/** A source that owes blocks and was silent for less than this is at hand: nobody in doubt takes its place. */
export const PROMPT_MS = 3000;

/** How often deadlines and windows are looked at. */
export const TICK_MS = 250;
/** Interval over which speed and stability are measured. */
export const MEASURE_INTERVAL_MS = 2000;

/** A source that owes blocks and brings none for this long has stalled, even when it used to bring them faster. */
export const STALL_MS_MIN = 3000;
/** And so has one this late, however slow it used to be. */
export const STALL_MS_MAX = 60_000;
/** Patience before the first block of a source; doubles with each strike, for links slower than a block in that time. */
export const FIRST_BLOCK_MS = 15_000;
export const FIRST_BLOCK_MS_MAX = 300_000;

/** How long a source that stalled, or was lost, is left alone; doubles with each strike. */
export const AVOID_MS = 1000;
export const AVOID_MS_MAX = 30_000;
/** A busy source is asked again soon: its queue is short and first come, first served. */
export const BUSY_MS = 200;
export const BUSY_MS_MAX = 5000;
/** A source that breaks the protocol: nothing is gained by haste. */
export const MISCONDUCT_MS = 30_000;
/** Ban after a bad chunk. The first is short, for one bit may flip once; then eight times longer each time. */
export const BAN_MS = 60_000;
export const BAN_GROWTH = 8;
export const BAN_MS_MAX = 64 * 60_000;
/** Chunks a suspect must deliver alone and whole before it may share a chunk with others again. */
export const PAROLE_CHUNKS = 4;

/** Chunks begun whose source went away. Past it the emptiest is thrown away: a partial chunk costs verifier memory. */
export const ORPHANS_MAX = 64;
/** Cancelled requests whose answer may still come, of one source. Twice its window. */
export const CANCELLED_MAX = 1024;
/** Bytes that may be asked twice in the endgame, or came twice: one part in this many of the content, ... */
export const ENDGAME_SHARE = 50;
/** ... and never fewer than this many blocks, for small content. */
export const ENDGAME_BLOCKS_MIN = 16;

/** Links of one download: bounds sockets, and the work of a chunk's end, which looks at each. */
export const SOURCES_CONNECTED_MAX = 64;
/** Peers known to one download: the tracker hands out fewer, but does so again and again. */
export const SOURCES_KNOWN_MAX = 512;
/** Addresses tried for one peer. */
export const ADDRESSES_PER_SOURCE_MAX = 8;
/** Dials at once. */
export const DIALS_MAX = 8;
export const DIAL_TIMEOUT_MS = 10_000;

/** Writes handed to the store at once; more only queue in the thread pool. */
export const WRITES_MAX = 16;
/** How often a download paused by its disk tries again. */
export const DISK_RETRY_MS = 5000;
/** Verified chunks are made durable this often, ... */
export const COMMIT_INTERVAL_MS = 1000;
/** ... or when this much is new: what a crash may cost in reading again. */
export const COMMIT_BYTES = 64 * 1024 * 1024;
/** Chunks are told to the listener together: one message to each neighbour instead of one a chunk. */
export const HAVE_BATCH_MS = 20;

/** Uploads served at once: enough to keep a disk and several sockets busy, few enough that each finishes soon. */
export const UPLOAD_LANES = 8;
/** Uploads waiting or served, in all. A request is small; this bounds the wait of the last one, not memory. */
export const UPLOADS_MAX = 4096;
/** Uploads of one connection: twice what a downloader keeps in flight with one source (WINDOW_BLOCKS_MAX). */
export const UPLOADS_PER_CONNECTION_MAX = 1024;

/** Measuring sources more often than this would measure the pauses between blocks. */
export const SELECTOR_INTERVAL_MS_MIN = 100;

/** Measured less often than this, a source that died keeps its place for a minute. */
export const SELECTOR_INTERVAL_MS_MAX = 60_000;
