/** Bounds on what a torrent file may hold, each with its reason. Sizes are bytes. */

/** A leaf of the Merkle tree, fixed by BEP 52. */
export const LEAF_SIZE_BYTES = 16 * 1024;

/** Length of a SHA-256 hash, and of one entry of a piece layer. */
export const SHA256_SIZE_BYTES = 32;

/** Length of a SHA-1 hash, and of one entry of v1 `pieces`. */
export const SHA1_SIZE_BYTES = 20;

/** Whole torrent file: 2 Mi chunk hashes; more is refused before a byte of it is decoded. */
export const TORRENT_SIZE_MAX = 64 * 1024 * 1024 + 1024 * 1024;

/** As libtorrent (`max_decode_depth`), so that what we make opens there. */
export const BENCODE_DEPTH_MAX = 100;

/**
 * Values (keys aside) in one input. Each may take 250 bytes of memory, so a hostile file costs 250 MB at worst. A file
 * of a v2 torrent has five, of v1 six or so, of a hybrid 18.
 */
export const BENCODE_VALUES_MAX = 1_000_000;

/** Digits of an integer: 64-bit numbers need 20. Longer ones only cost time. */
export const BENCODE_DIGITS_MAX = 20;

/** Files in one torrent, padding aside: what fits `BENCODE_VALUES_MAX`. More are better shared as an archive. */
export const FILE_COUNT_MAX = 150_000;

/** Directories in one torrent, so that long paths cannot multiply the tree kept in memory. */
export const DIRECTORY_COUNT_MAX = 150_000;

/** Chunks in one torrent, as libtorrent (`max_pieces`): their v2 hashes fill 64 MiB. */
export const CHUNK_COUNT_MAX = 2 * 1024 * 1024;

/** Smallest chunk of v2: one leaf. */
export const CHUNK_SIZE_MIN = 16 * 1024;

/** Smallest chunk read from a v1 torrent of others; BEP 3 sets none, and smaller ones exist only in attacks. */
export const CHUNK_SIZE_V1_MIN = 1024;

/** Largest chunk read: the largest libtorrent makes. A v1 chunk that arrives out of order is held in memory. */
export const CHUNK_SIZE_MAX = 128 * 1024 * 1024;

/** Largest chunk made here: above it one bad block costs too much, and resuming becomes coarse. */
export const CHUNK_SIZE_MADE_MAX = 16 * 1024 * 1024;

/** Smallest chunk the policy chooses. */
export const CHUNK_SIZE_POLICY_MIN = 256 * 1024;

/** Chunks the policy aims at: a piece layer of 32 KiB, blocks of 1 MiB from 1 GiB on, and still many more chunks than peers. */
export const CHUNK_COUNT_POLICY_MAX = 1024;

/** What one request asks for at most; one Merkle verification works on a block at a time. */
export const BLOCK_SIZE_MAX = 1024 * 1024;

/** One name in a path, in UTF-8: the limit of ext4, XFS, APFS and (in UTF-16 units) NTFS. */
export const PATH_COMPONENT_SIZE_MAX = 255;

/** A whole path inside the content, in UTF-8 with its slashes: PATH_MAX of Linux is 4096, the target folder needs the rest. */
export const PATH_SIZE_MAX = 3072;

/** Components of a path; in a v2 file tree each is a level of bencode. */
export const PATH_DEPTH_MAX = 90;

/** Components of a symlink's target: a path up to the root and a path down. */
export const SYMLINK_DEPTH_MAX = 2 * PATH_DEPTH_MAX;

/** Tracker addresses kept of a torrent file or magnet link. */
export const TRACKER_COUNT_MAX = 64;

/** Length of a magnet link: `TRACKER_COUNT_MAX` addresses and a name. */
export const MAGNET_SIZE_MAX = 32 * 1024;

/** Comment, creator and tracker addresses, in bytes; what is longer is left out: nobody reads it. */
export const LABEL_SIZE_MAX = 4096;
