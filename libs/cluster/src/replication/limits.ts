// Limits of the records and of replication, with the reason for each number.

import { EVERYWHERE } from '../placement/slot.js';

const KIB = 1024;
const MIB = 1024 * KIB;

// Records -------------------------------------------------------------------------------------------------------

/** Key of a record: the largest is a name, 64 + 128 bytes and what tells kinds apart. */
export const RECORD_KEY_SIZE_MAX = 256;

/** Value of a record: torrent metadata (1 MiB) and what is told along with it. */
export const RECORD_VALUE_SIZE_MAX = MIB + 64 * KIB;

/** Records in one batch: a full heartbeat (16,384 torrents) is a few batches, and checking one stays under 10 ms. */
export const BATCH_RECORDS_MAX = 4096;

/** A batch is closed when it is this large; the last record may take it beyond. */
export const BATCH_SIZE_TARGET = 256 * KIB;

// Messages ------------------------------------------------------------------------------------------------------

/** One packed part of a message: a batch that was just below its target when the largest record came; under one frame of 2 MiB. */
export const PACKED_SIZE_MAX = BATCH_SIZE_TARGET + RECORD_KEY_SIZE_MAX + RECORD_VALUE_SIZE_MAX + 64 * KIB;

/** Batches of one APPLY: writes of one record each, gathered over 2 ms at 100,000 writes a second, ten times over. */
export const APPLY_BATCHES_MAX = 2048;

/** Slots named in one message. */
export const SLOTS_MAX = EVERYWHERE + 1;

/** Versions in one list; longer leaves are told in parts. 23 bytes each: 460 KB. */
export const VERSION_LIST_MAX = 20_000;

/** Parts of one leaf: with all of them full a leaf has 20 million records, more than any table. */
export const VERSION_PARTS_MAX = 1024;

// Writes --------------------------------------------------------------------------------------------------------

/** Copies before a write is acknowledged: two trackers may die at that very instant. */
export const COPY_COUNT = 3;

/** Records of writes not yet acknowledged. At 300 bytes each: 60 MB. More are refused, and may be tried again. */
export const PENDING_RECORDS_MAX = 200_000;

/** Messages sent whose answer may still come. One of 2 ms to each of 50 trackers, for two seconds. */
export const INFLIGHT_MESSAGES_MAX = 50_000;

/** Answers that wait for the disk. */
export const PERSIST_WAITERS_MAX = 100_000;

// Repair --------------------------------------------------------------------------------------------------------

/** Slots compared with one tracker at the same time: their leaves are 50 KB. */
export const EXCHANGES_PER_PEER_MAX = 256;

/** Slots asked about in one message: 15 bytes each, 60 KB. */
export const ASK_SLOTS_MAX = 4096;

/** Slots offered to one owner in one message. */
export const OFFER_SLOTS_MAX = 256;

/** Slots dropped at once: the message to the log stays short. */
export const DROP_SLOTS_MAX = 128;

/** Records dropped in one tick: 11 ms, at most 36 (measured). A slot with more, as that of a torrent with a million peers, goes in parts. */
export const DROP_RECORDS_MAX = 8_192;

/** Records looked at in one tick for the lists others asked for, a whole leaf at a time: 15 ms. */
export const LIST_LOOKS_MAX = 16_384;

/** Slots whose lists wait to be made: all that EXCHANGES_PER_PEER_MAX lets 256 trackers ask for at once. */
export const LIST_JOBS_MAX = 65_536;

/** Records of a slot whose digest is counted anew: 35 ms. Larger slots are left out. */
export const RECOUNT_RECORDS_MAX = 50_000;

/** Leaves and lists of keys waiting to be sent to one tracker: all leaves of 4096 slots. */
export const TRANSFER_JOBS_MAX = 65_536;

/** Keys in those lists: 8 bytes each and as much again around them. */
export const TRANSFER_KEYS_MAX = 262_144;

/** Records forgotten in one tick because their time is over. At 20 ticks a second: 80,000 a second. */
export const PURGE_PER_TICK_MAX = 4096;
