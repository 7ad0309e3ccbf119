/** Content bytes one request may ask for: an aligned Merkle subtree, large enough that headers cost nothing. */
export const BLOCK_BYTES_MAX = 1024 * 1024;

/** Chunks of one torrent: 2 Mi chunks of 16 MiB are 32 TiB, and their bitfield is 256 KiB, which a record holds. */
export const CHUNK_COUNT_MAX = 2 * 1024 * 1024;

/** Chunks one `have` may name: 16 KiB of numbers; more go into further messages. */
export const HAVE_CHUNKS_MAX = 4096;

/** Body of one data-plane record: the largest bitfield, and room for the messages beside it. */
export const DATA_RECORD_BYTES_MAX = 384 * 1024;
