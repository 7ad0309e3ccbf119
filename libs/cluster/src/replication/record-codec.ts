import { ClusterMessageInvalidError } from '../membership/errors.js';
import type { ClusterRecord } from '../record.js';
import { BATCH_RECORDS_MAX, BATCH_SIZE_TARGET, RECORD_KEY_SIZE_MAX, RECORD_VALUE_SIZE_MAX } from './limits.js';
import { PackedReader } from './packed.js';

const FORMAT = 1;
const HEAD_SIZE = 5;

const IS_DEAD = 1;
const IS_DURABLE = 2;
const HAS_END = 4;
const FLAGS_ALL = IS_DEAD | IS_DURABLE | HAS_END;

const NOTHING = Buffer.alloc(0);

/** flags 1, slot 2, key size 2, value size 4, clock 8, origin 6; the end of life, if it has one, takes 8 more. */
const RECORD_HEAD_SIZE = 23;

/** Bytes of one record in a batch. */
export function recordSize({ key, value, isDead, serveUntilMs }: ClusterRecord): number {
  return RECORD_HEAD_SIZE + (hasEnd(isDead, serveUntilMs) ? 8 : 0) + key.length + value.length;
}

/** Packs records: at most BATCH_RECORDS_MAX of them, and not much more than BATCH_SIZE_TARGET. */
export function encodeRecords(records: readonly ClusterRecord[]): Buffer {
  let size = HEAD_SIZE;
  for (const record of records) size += recordSize(record);
  const bytes = Buffer.allocUnsafe(size);
  bytes[0] = FORMAT;
  bytes.writeUInt32BE(records.length, 1);
  let at = HEAD_SIZE;
  for (const record of records) at = writeRecord(bytes, at, record);
  return bytes;
}

/** Cuts records into batches that `encodeRecords` takes, in their order. */
export function* batchesOf(records: readonly ClusterRecord[]): Iterable<readonly ClusterRecord[]> {
  let batch: ClusterRecord[] = [];
  let size = 0;
  for (const record of records) {
    if (batch.length === BATCH_RECORDS_MAX || size >= BATCH_SIZE_TARGET) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(record);
    size += recordSize(record);
  }
  if (batch.length > 0) yield batch;
}

/**
 * The records of a batch. Keys and values are views of `bytes`.
 * @throws ClusterMessageInvalidError
 */
export function decodeRecords(bytes: Buffer): readonly ClusterRecord[] {
  const reader = new PackedReader(bytes);
  const format = reader.u8();
  if (format !== FORMAT) throw new ClusterMessageInvalidError(`records of format ${format} are unknown here`);
  const records: ClusterRecord[] = [];
  for (let left = reader.count(BATCH_RECORDS_MAX, RECORD_HEAD_SIZE); left > 0; left -= 1)
    records.push(readRecord(reader));
  if (!reader.isAtEnd) throw new ClusterMessageInvalidError('bytes follow its last record');
  return records;
}

function writeRecord(bytes: Buffer, start: number, record: ClusterRecord): number {
  const { key, value, isDead, recordClass, serveUntilMs } = record;
  const isEnding = hasEnd(isDead, serveUntilMs);
  bytes[start] = (isDead ? IS_DEAD : 0) | (recordClass === 'durable' ? IS_DURABLE : 0) | (isEnding ? HAS_END : 0);
  bytes.writeUInt16BE(record.slot, start + 1);
  bytes.writeUInt16BE(key.length, start + 3);
  bytes.writeUInt32BE(value.length, start + 5);
  bytes.writeDoubleBE(record.clock, start + 9);
  bytes.writeUIntBE(record.origin, start + 17, 6);
  let at = start + RECORD_HEAD_SIZE;
  if (isEnding) at = bytes.writeDoubleBE(serveUntilMs, at);
  at += key.copy(bytes, at);
  return at + value.copy(bytes, at);
}

function readRecord(reader: PackedReader): ClusterRecord {
  const flags = reader.u8();
  const isDead = (flags & IS_DEAD) !== 0;
  const isEnding = (flags & HAS_END) !== 0;
  const slot = reader.slot();
  const keySize = reader.u16();
  const valueSize = reader.u32();
  const isSound =
    (flags & ~FLAGS_ALL) === 0 &&
    !(isDead && (isEnding || valueSize > 0)) &&
    keySize > 0 &&
    keySize <= RECORD_KEY_SIZE_MAX &&
    valueSize <= RECORD_VALUE_SIZE_MAX;
  if (!isSound) throw new ClusterMessageInvalidError('a record in it is none');
  const clock = reader.clock();
  const origin = reader.u48();
  const serveUntilMs = isEnding ? reader.f64() : isDead ? 0 : Number.POSITIVE_INFINITY;
  if (isEnding && !(serveUntilMs >= 0 && serveUntilMs < Number.POSITIVE_INFINITY)) {
    throw new ClusterMessageInvalidError('the end of life of a record is no time');
  }
  const key = reader.bytes(keySize);
  const value = valueSize === 0 ? NOTHING : reader.bytes(valueSize);
  return {
    key,
    slot,
    recordClass: (flags & IS_DURABLE) === 0 ? 'soft' : 'durable',
    clock,
    origin,
    isDead,
    serveUntilMs,
    value,
  };
}

function hasEnd(isDead: boolean, serveUntilMs: number): boolean {
  return !isDead && serveUntilMs !== Number.POSITIVE_INFINITY;
}
