import { DATA_RECORD_BYTES_MAX } from '@panal/wire';

/**
 * Bytes read at once while no block is under way. What comes behind a header is copied once more, into shared memory, and
 * V8 copies into that a byte at a time: 64 KiB here cost as much as hashing a block.
 */
export const HEADER_READ_BYTES = 8 * 1024;

/** The least room for a read beside what is left of earlier ones: less would mean a system call for a few bytes. */
export const HEADER_READ_BYTES_MIN = 2 * 1024;

/** Most the header buffer grows to: one record of the largest size and the read that brings its end. */
export const HEADER_BUFFER_BYTES_MAX = DATA_RECORD_BYTES_MAX + HEADER_READ_BYTES;

/** Blocks of all downloads between the socket and the disk: 32 MiB. Further ones wait in the kernel's buffers. */
export const DOWNLOAD_SLOTS_MAX = 32;

/** Blocks read and on their way out, one to a lane: 24 MiB at most. */
export const UPLOAD_SLOTS_MAX = 24;

/** Lanes one connection may hold: one reads while another sends. A slow reader leaves the others to the others. */
export const UPLOAD_LANES_PER_CONNECTION = 2;

/** Messages gathered into one record. Far below DATA_RECORD_BYTES_MAX, which a single bitfield may need. */
export const DATA_GATHER_BYTES_MAX = 64 * 1024;

/** What may wait for a side that does not read, its blocks in hand included; then the connection ends. */
export const DATA_OUT_QUEUE_BYTES_MAX = 4 * 1024 * 1024;

/** Downloaders at once. Each costs a descriptor and its socket buffers. */
export const DATA_CONNECTIONS_MAX = 1024;

/** After the handshake, until the torrent is opened: one message each way. */
export const OPEN_TIMEOUT_MS = 10_000;

/** Nothing heard for so long, pings included: the downloader is gone. */
export const DATA_IDLE_TIMEOUT_MS = 60_000;

/** How often a downloader looks at its link: each tick that brought nothing counts as quiet. */
export const LINK_TICK_MS = 5_000;

/** A downloader that has nothing to ask lets the provider know so many ticks apart that it is there. */
export const PING_TICKS = 3;

/** So many quiet ticks: the provider is gone. It answers pings, so an idle one is not quiet. */
export const QUIET_TICKS_MAX = 12;

/** So many quiet ticks in the middle of a block: the link is given up, because the block holds a slot of all downloads. */
export const QUIET_TICKS_IN_BLOCK_MAX = 2;

/** A block that takes longer than so many ticks (1 MiB in 30 s: 34 KiB/s) holds its slot in vain. */
export const BLOCK_TICKS_MAX = 6;

/** A block that is not taken within this time (52 KiB/s) gives its lane up, and its connection with it. */
export const BLOCK_SEND_TIMEOUT_MS = 20_000;

/** One part of a torrent file: 26 KiB/s. Slower, and another peer is asked. */
export const METADATA_PART_TIMEOUT_MS = 10_000;

/** A whole torrent file: 64 MiB at 1 MiB/s. A peer that trickles holds a download up no longer than this. */
export const METADATA_TIMEOUT_MS = 60_000;
