import { createHash } from 'node:crypto';
import { Bitfield } from '@panal/torrent';

/** Format of the journal. Raised with every change; older ones are then read or the download starts again. */
const JOURNAL_FORMAT = 1;
const MAGIC = Buffer.from('panal-journal\n');
const CHECKSUM_SIZE_BYTES = 32;
const FIXED_SIZE_BYTES = MAGIC.length + 2 + 1 + 4;

/** Why a journal names no chunk. */
export type JournalProblem = 'missing' | 'corrupt' | 'newer' | 'foreign';

/** What the journal of a download of this content looks like. */
export interface JournalSubject {
  readonly contentId: Uint8Array;
  readonly chunkCount: number;
}

/**
 * magic, format (u16), length of content id (u8), chunk count (u32), content id, bitfield, SHA-256 of all before.
 * Numbers are big-endian.
 */
export function encodeJournal(contentId: Uint8Array, done: Bitfield): Buffer {
  const fixed = Buffer.alloc(7);
  fixed.writeUInt16BE(JOURNAL_FORMAT, 0);
  fixed.writeUInt8(contentId.length, 2);
  fixed.writeUInt32BE(done.size, 3);
  const body = Buffer.concat([MAGIC, fixed, contentId, done.bytes]);
  return Buffer.concat([body, checksumOf(body)]);
}

/** The chunks a journal names, or why it cannot be believed. */
export function decodeJournal(bytes: Buffer, { contentId, chunkCount }: JournalSubject): Bitfield | JournalProblem {
  if (bytes.length < FIXED_SIZE_BYTES + CHECKSUM_SIZE_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    return 'corrupt';
  }
  // The format is read before the checksum, for a newer one may sum differently.
  if (bytes.readUInt16BE(MAGIC.length) > JOURNAL_FORMAT) return 'newer';
  const body = bytes.subarray(0, -CHECKSUM_SIZE_BYTES);
  if (!checksumOf(body).equals(bytes.subarray(-CHECKSUM_SIZE_BYTES))) return 'corrupt';
  const idEnd = FIXED_SIZE_BYTES + body.readUInt8(MAGIC.length + 2);
  const isSame =
    body.readUInt32BE(MAGIC.length + 3) === chunkCount && body.subarray(FIXED_SIZE_BYTES, idEnd).equals(contentId);
  if (!isSame) return 'foreign';
  try {
    return Bitfield.fromBytes(body.subarray(idEnd), chunkCount);
  } catch (error) {
    if (error instanceof RangeError) return 'corrupt';
    throw error;
  }
}

function checksumOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
