// Sizes of the table's memory: none is a promise to the outside, each is a trade between waste when small and work when big.

/** Rows of one chunk, a power of two: 230 KB of entries, small enough to be zeroed unnoticed, few enough for the collector. */
export const SLAB_CHUNK_ROWS = 4_096;

/** Heads in one part of a hash index, a power of two: 16 KB, which is also what an empty index costs. */
export const HASH_PART_SIZE = 4_096;

/** Cells of one page of the block pool, a power of two: 4 KB, as the machine's pages. */
export const POOL_PAGE_CELLS = 1_024;

/** Pages that are allocated together, a power of two: 256 KB. */
export const POOL_CHUNK_PAGES = 64;

/** Width of one bucket of the wheel. At 45 minutes of life and 5 million entries a bucket holds 240. */
export const WHEEL_BUCKET_MS = 128;

/** Buckets of the wheel, a power of two: 70 minutes, so that an entry of the default life is filed once. 128 KB. */
export const WHEEL_BUCKETS = 32_768;

/** Rows one purge looks at, whatever it may remove: a row is met when it is hidden and again when it is removed. 2 ms. */
export const PURGE_LOOKS_MAX = 4_096;

/**
 * Entries that one turn (from one purge to the next) puts elsewhere because their peer came, went or began anew: as many as
 * one peer can have, which takes 4 ms, at most 13 (measured). What is left waits for the next purge.
 */
export const FLOOR_LOOKS_MAX = 8_192;

/** Entries one sample looks at. More only matters where nearly all peers of a torrent are refused by the caller. */
export const SAMPLE_LOOKS_MAX = 256;

/** Peers with a handle of their own, and its id in hex: 12 MB at most, less than the collector notices. Of others it is made each time. */
export const HEX_IDS_MAX = 131_072;
