// Limits of the records and of replication, with the reason for each number.

const KIB = 1024;
const MIB = 1024 * KIB;

/** Key of a record: the largest is a name, 64 + 128 bytes and what tells kinds apart. */
export const RECORD_KEY_SIZE_MAX = 256;

/** Value of a record: torrent metadata (1 MiB) and what is told along with it. */
export const RECORD_VALUE_SIZE_MAX = MIB + 64 * KIB;

/** Copies before a write is acknowledged: two trackers may die at that very instant. */
export const COPY_COUNT = 3;
