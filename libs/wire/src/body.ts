import { Packr, RESERVE_START_SPACE, Unpackr } from 'msgpackr';
import { findBodyFault } from './body-check.js';
import { BodyReader, UNREAD } from './body-reader.js';
import { BodyWriter } from './body-writer.js';
import { BodyInvalidError, BodyUnencodableError } from './errors.js';
import { FRAME_SIZE_MAX } from './limits.js';

// No records, so every message stands alone; byte strings are copied, so that what a handler keeps does not hold the receive
// buffer; 64-bit integers of other implementations become numbers, like all others. An undefined property is left out, as in
// JSON; elsewhere undefined becomes null.
const packOptions = { useRecords: false, encodeUndefinedAsNil: true, skipValues: [undefined] };
const packr = new Packr(packOptions);
const writer = new BodyWriter();
const reader = new BodyReader();
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, copyBuffers: true, int64AsType: 'number' });

/**
 * The value as MessagePack, behind `headSize` (at most 255) bytes left free for the caller. Undefined is no bytes at all.
 * @throws BodyUnencodableError for what `decodeBody` would refuse: the sender is told, not the receiver.
 */
export function encodeBody(value: unknown, headSize: number): Buffer {
  if (value === undefined) return Buffer.allocUnsafe(headSize);
  const written = writer.write(value, headSize);
  if (written !== undefined) return written;
  const bytes = pack(value, headSize);
  if (bytes.length > FRAME_SIZE_MAX)
    throw new BodyUnencodableError(`it takes ${bytes.length} bytes, more than ${FRAME_SIZE_MAX}`);
  const fault = findBodyFault(bytes.subarray(headSize));
  if (fault !== undefined) throw new BodyUnencodableError(fault);
  return bytes;
}

/**
 * The value in `bytes`: null, boolean, number, string, Buffer, array or object of such. Its byte strings are copies. An object
 * is plain, and a key `__proto__` arrives as `__proto_`, so it sets no prototype.
 * @throws BodyInvalidError and nothing else, whatever the bytes
 */
export function decodeBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const read = reader.read(bytes);
  if (read !== UNREAD) return read;
  const fault = findBodyFault(bytes);
  if (fault !== undefined) throw new BodyInvalidError(fault);
  try {
    return unpackr.unpack(bytes);
  } catch (error) {
    throw new BodyInvalidError('the decoder gave up on it', error);
  }
}

function pack(value: unknown, headSize: number): Buffer {
  try {
    return packr.pack(value, RESERVE_START_SPACE + headSize);
  } catch (error) {
    throw new BodyUnencodableError('it has a value that cannot be written, or contains itself', error);
  }
}
