import assert from 'node:assert';
import type { ClusterRecord } from '@panal/cluster';
import { storedKeySize, storedValueSize, writeStoredKey, writeStoredValue } from './stored-record.js';

/** Names a record wherever it is stored. */
export interface RecordName {
  readonly slot: number;
  readonly key: Buffer;
}

/** What one item of a batch does. The numbers are sent between threads and processes, never stored. */
export const Op = { putSoft: 1, putDurable: 2, erase: 3, eraseSlot: 4, discardDurable: 5 } as const;

const SIZE_AT_FIRST = 16 * 1024;
/** op (1), size of the stored key (2), size of the stored value (4). */
export const ITEM_HEAD_SIZE = 7;
const NO_KEY = Buffer.alloc(0);

/** Changes in the order they were asked for, packed into one buffer that grows. */
export class WriteBatch {
  #bytes = Buffer.allocUnsafeSlow(SIZE_AT_FIRST);
  #size = 0;
  #itemCount = 0;

  get sizeBytes(): number {
    return this.#size;
  }

  get itemCount(): number {
    return this.#itemCount;
  }

  put(record: ClusterRecord): void {
    const at = this.#item(
      record.recordClass === 'durable' ? Op.putDurable : Op.putSoft,
      record,
      storedValueSize(record),
    );
    const valueAt = writeStoredKey(record.slot, record.key, this.#bytes, at);
    const end = writeStoredValue(record, this.#bytes, valueAt, at);
    assert(end === this.#size, 'a record is as long as it was measured');
  }

  erase(name: RecordName): void {
    this.#keyOnly(Op.erase, name);
  }

  eraseSlot(slot: number): void {
    this.#keyOnly(Op.eraseSlot, { slot, key: NO_KEY });
  }

  discardDurable(): void {
    this.#keyOnly(Op.discardDurable, { slot: 0, key: NO_KEY });
  }

  /** A view of what was packed. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  #keyOnly(op: number, name: RecordName): void {
    // In two steps: the buffer may be another one once there is room.
    const at = this.#item(op, name, 0);
    writeStoredKey(name.slot, name.key, this.#bytes, at);
  }

  /** Makes room for an item and writes its head. @returns Where its stored key begins. */
  #item(op: number, { key }: RecordName, valueSize: number): number {
    const keySize = storedKeySize(key);
    const at = this.#size;
    this.#reserve(ITEM_HEAD_SIZE + keySize + valueSize);
    writeItemHead(this.#bytes, at, { op, keySize, valueSize });
    this.#itemCount += 1;
    return at + ITEM_HEAD_SIZE;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#size + sizeBytes;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
      this.#bytes.copy(grown, 0, 0, this.#size);
      this.#bytes = grown;
    }
    this.#size = needed;
  }
}

/** Bytes that `record` takes in a batch. */
export function packedSize(record: ClusterRecord): number {
  return ITEM_HEAD_SIZE + storedKeySize(record.key) + storedValueSize(record);
}

export function writeItemHead(
  target: Buffer,
  at: number,
  { op, keySize, valueSize }: { op: number; keySize: number; valueSize: number },
): void {
  target[at] = op;
  target.writeUInt16LE(keySize, at + 1);
  target.writeUInt32LE(valueSize, at + 3);
}

/** Calls `visit` for each item, in order. The buffers are views of `bytes`. */
export function forEachItem(bytes: Buffer, visit: (op: number, key: Buffer, value: Buffer) => void): void {
  for (let at = 0; at < bytes.length; ) {
    const keyAt = at + ITEM_HEAD_SIZE;
    const valueAt = keyAt + bytes.readUInt16LE(at + 1);
    const end = valueAt + bytes.readUInt32LE(at + 3);
    assert(end <= bytes.length, 'a batch holds whole items');
    visit(bytes.readUInt8(at), bytes.subarray(keyAt, valueAt), bytes.subarray(valueAt, end));
    at = end;
  }
}
