/** Content bytes one request may ask for: an aligned Merkle subtree, large enough that headers cost nothing. */
export const BLOCK_BYTES_MAX = 1024 * 1024;

/** Chunks of one torrent: 2 Mi chunks of 16 MiB are 32 TiB, and their bitfield is 256 KiB, which a record holds. */
export const CHUNK_COUNT_MAX = 2 * 1024 * 1024;

/** Chunks one `have` may name: 16 KiB of numbers; more go into further messages. */
export const HAVE_CHUNKS_MAX = 4096;

/** A torrent file fetched from a peer, as large as one is read: 2 Mi chunk hashes. */
export const METADATA_BYTES_MAX = 64 * 1024 * 1024;

/** Part of a torrent file in one message: it fits a record, and a round trip for each still moves 5 MiB/s over 50 ms. */
export const METADATA_PART_BYTES_MAX = 256 * 1024;

/** Body of one data-plane record: the largest bitfield or part of a torrent file, and room for the messages beside it. */
export const DATA_RECORD_BYTES_MAX = 384 * 1024;
