import { DATA_RECORD_BYTES_MAX } from '@panal/wire';

/** Bytes read at once while no block is under way. What comes with a header is copied once more, so not larger. */
export const HEADER_READ_BYTES = 64 * 1024;

/** The least room for a read beside what is left of earlier ones: less would mean a system call for a few bytes. */
export const HEADER_READ_BYTES_MIN = 8 * 1024;

/** Most the header buffer grows to: one record of the largest size and the read that brings its end. */
export const HEADER_BUFFER_BYTES_MAX = DATA_RECORD_BYTES_MAX + HEADER_READ_BYTES;

/** Blocks of all downloads between the socket and the disk: 32 MiB. Further ones wait in the kernel's buffers. */
export const DOWNLOAD_SLOTS_MAX = 32;

/** Blocks read and on their way out, one to a lane. */
export const UPLOAD_SLOTS_MAX = 16;

/** Lanes one connection may hold: one reads while another sends, and a slow reader leaves lanes to the others. */
export const UPLOAD_LANES_PER_CONNECTION = 4;

/** Downloaders at once. Each costs a descriptor and its socket buffers. */
export const DATA_CONNECTIONS_MAX = 1024;

/** After the handshake, until the torrent is opened: one message each way. */
export const OPEN_TIMEOUT_MS = 10_000;

/** Nothing heard for so long, pings included: the other side is gone. */
export const DATA_IDLE_TIMEOUT_MS = 60_000;

/** A downloader that has nothing to ask lets the provider know that it is there; three may be lost. */
export const DATA_PING_INTERVAL_MS = 15_000;

/** A block that is not taken within this time (17 KiB/s) gives its lane up, and its connection with it. */
export const BLOCK_SEND_TIMEOUT_MS = 60_000;

/** One part of a torrent file: 26 KiB/s. Slower, and another peer is asked. */
export const METADATA_PART_TIMEOUT_MS = 10_000;

/** A whole torrent file: 64 MiB at 1 MiB/s. A peer that trickles holds a download up no longer than this. */
export const METADATA_TIMEOUT_MS = 60_000;
