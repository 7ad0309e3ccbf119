import { existsSync, writeSync } from 'node:fs';
import type { RecordClass } from '@panal/cluster';
import { DAMAGED_RECORDS_MAX, READ_FRAME_BYTES } from './limits.js';
import { FRAME_HEAD_SIZE, reportFrame, writeRecordsHead } from './read-frames.js';
import { RecordStore } from './record-store.js';
import { storeFailure } from './store-failure.js';
import { storePath } from './store-files.js';
import { isIntact } from './stored-record.js';
import { ITEM_HEAD_SIZE, Op, writeItemHead } from './write-batch.js';

// The other side of `readStores`: reads both stores to the end and writes what it finds to its output. LMDB trusts its
// file; where the file is damaged, this process dies of it, and not the tracker.

const OUTPUT = 1;
const VISIT_LIMIT = 10_000;

/** Records on their way out, packed as in a batch. */
class Outgoing {
  #frame = Buffer.allocUnsafeSlow(2 * READ_FRAME_BYTES);
  #size = FRAME_HEAD_SIZE;

  /** @returns False, and nothing is sent, where the checksum says that the record is not what was written. */
  add(recordClass: RecordClass, key: Buffer, value: Buffer): boolean {
    const needed = ITEM_HEAD_SIZE + key.length + value.length;
    if (this.#size + needed > READ_FRAME_BYTES) this.flush();
    if (FRAME_HEAD_SIZE + needed > this.#frame.length) this.#frame = Buffer.allocUnsafeSlow(FRAME_HEAD_SIZE + needed);
    const keyAt = this.#size + ITEM_HEAD_SIZE;
    key.copy(this.#frame, keyAt);
    value.copy(this.#frame, keyAt + key.length);
    if (!isIntact(this.#frame.subarray(keyAt, this.#size + needed), key.length)) return false;
    const op = recordClass === 'durable' ? Op.putDurable : Op.putSoft;
    writeItemHead(this.#frame, this.#size, { op, keySize: key.length, valueSize: value.length });
    this.#size += needed;
    return true;
  }

  flush(): void {
    if (this.#size === FRAME_HEAD_SIZE) return;
    writeRecordsHead(this.#frame, this.#size - FRAME_HEAD_SIZE);
    writeAll(this.#frame.subarray(0, this.#size));
    this.#size = FRAME_HEAD_SIZE;
  }
}

async function readStore(folder: string, recordClass: RecordClass, isSynced: boolean): Promise<void> {
  const path = storePath(folder, recordClass);
  if (!existsSync(path)) return;
  writeAll(reportFrame({ kind: 'begin', recordClass }));
  let store: RecordStore | undefined;
  try {
    store = new RecordStore(path, { isSynced });
    const { recordCount, damaged } = readRecords(store, recordClass);
    if (recordCount !== store.entryCount || damaged.length > DAMAGED_RECORDS_MAX)
      throw corrupt(recordCount, store.entryCount);
    clearDamage(store, damaged);
    writeAll(reportFrame({ kind: 'end', recordClass, recordCount, damagedCount: damaged.length }));
  } catch (error) {
    writeAll(reportFrame({ kind: 'failure', recordClass, failure: storeFailure(error, path) }));
  } finally {
    await store?.close();
  }
}

function readRecords(store: RecordStore, recordClass: RecordClass): { recordCount: number; damaged: Buffer[] } {
  const outgoing = new Outgoing();
  const damaged: Buffer[] = [];
  let recordCount = 0;
  let from: Buffer | undefined;
  do {
    // In parts: a reader that stays keeps the writer from using freed pages again.
    from = store.visit(from, VISIT_LIMIT, (key, value) => {
      recordCount += 1;
      if (!outgoing.add(recordClass, key, value) && damaged.length <= DAMAGED_RECORDS_MAX) damaged.push(key);
    });
  } while (from !== undefined);
  outgoing.flush();
  return { recordCount, damaged };
}

/** Also sees whether the store can be written to: what only writing goes through is read here for the first time. */
function clearDamage(store: RecordStore, damaged: readonly Buffer[]): void {
  try {
    store.probe(damaged);
  } catch (error) {
    if (storeFailure(error, store.path).kind !== 'full') throw error;
  }
}

function corrupt(recordCount: number, entryCount: number): Error {
  return Object.assign(new Error(`It has ${entryCount} records, and ${recordCount} were found.`), { code: -30796 });
}

function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(OUTPUT, bytes, at);
}

const { folder, isSoftSynced } = JSON.parse(process.argv[2] ?? '{}') as { folder: string; isSoftSynced: boolean };
await readStore(folder, 'durable', true);
await readStore(folder, 'soft', isSoftSynced);
