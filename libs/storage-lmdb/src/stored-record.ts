import { crc32 } from 'node:zlib';
import { type ClusterRecord, EVERYWHERE } from '@panal/cluster';

// Stored key: slot (2 bytes, most significant first, so that a slot is a range) and the record's key.
// Stored value: flags (1), clock (8), origin (6), serveUntilMs (8, unless a flag says it), the record's value, and a
// checksum (4) of the stored key and all before it. LMDB has no checksums of its own.

const IS_DEAD = 1;
const IS_DURABLE = 2;
/** serveUntilMs is Infinity. */
const IS_FOR_EVER = 4;
/** serveUntilMs is 0, as in every tombstone. */
const IS_NEVER_SERVED = 8;

const SLOT_SIZE = 2;
const HEAD_SIZE = 15;
const TIME_SIZE = 8;
const CHECKSUM_SIZE = 4;

export function storedKeySize(key: Buffer): number {
  return SLOT_SIZE + key.length;
}

export function storedValueSize({ serveUntilMs, value }: ClusterRecord): number {
  const isTimeInFlags = serveUntilMs === Number.POSITIVE_INFINITY || serveUntilMs === 0;
  return HEAD_SIZE + (isTimeInFlags ? 0 : TIME_SIZE) + value.length + CHECKSUM_SIZE;
}

/** Writes the stored key. @returns Where it ends. */
export function writeStoredKey(slot: number, key: Buffer, target: Buffer, at: number): number {
  target.writeUInt16BE(slot, at);
  return at + SLOT_SIZE + key.copy(target, at + SLOT_SIZE);
}

/** Writes the stored value, which must follow right after its stored key from `keyAt` on. @returns Where it ends. */
export function writeStoredValue(record: ClusterRecord, target: Buffer, at: number, keyAt: number): number {
  const { clock, origin, serveUntilMs, value } = record;
  const flags = flagsOf(record);
  target[at] = flags;
  target.writeDoubleLE(clock, at + 1);
  target.writeUIntLE(origin, at + 9, 6);
  let end = at + HEAD_SIZE;
  if ((flags & (IS_FOR_EVER | IS_NEVER_SERVED)) === 0) end = target.writeDoubleLE(serveUntilMs, end);
  end += value.copy(target, end);
  return target.writeUInt32LE(crc32(target.subarray(keyAt, end)), end);
}

/** Whether stored key and value, side by side in `item`, are as they were written. */
export function isIntact(item: Buffer, keySize: number): boolean {
  const end = item.length - CHECKSUM_SIZE;
  if (end < keySize + HEAD_SIZE || keySize <= SLOT_SIZE || item.readUInt16BE(0) > EVERYWHERE) return false;
  return crc32(item.subarray(0, end)) === item.readUInt32LE(end);
}

/** A record whose buffers are views of `storedKey` and `storedValue`, which are intact. */
export function readStored(storedKey: Buffer, storedValue: Buffer): ClusterRecord {
  const flags = storedValue.readUInt8(0);
  const hasTime = (flags & (IS_FOR_EVER | IS_NEVER_SERVED)) === 0;
  return {
    key: storedKey.subarray(SLOT_SIZE),
    slot: storedKey.readUInt16BE(0),
    recordClass: (flags & IS_DURABLE) === 0 ? 'soft' : 'durable',
    clock: storedValue.readDoubleLE(1),
    origin: storedValue.readUIntLE(9, 6),
    isDead: (flags & IS_DEAD) !== 0,
    serveUntilMs: hasTime ? storedValue.readDoubleLE(HEAD_SIZE) : fixedTime(flags),
    value: storedValue.subarray(HEAD_SIZE + (hasTime ? TIME_SIZE : 0), storedValue.length - CHECKSUM_SIZE),
  };
}

function flagsOf({ isDead, recordClass, serveUntilMs }: ClusterRecord): number {
  const time = serveUntilMs === Number.POSITIVE_INFINITY ? IS_FOR_EVER : serveUntilMs === 0 ? IS_NEVER_SERVED : 0;
  return time | (isDead ? IS_DEAD : 0) | (recordClass === 'durable' ? IS_DURABLE : 0);
}

function fixedTime(flags: number): number {
  return (flags & IS_FOR_EVER) === 0 ? 0 : Number.POSITIVE_INFINITY;
}
