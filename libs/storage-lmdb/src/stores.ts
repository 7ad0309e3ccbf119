import { closeSync, fsyncSync, openSync, statfsSync, statSync } from 'node:fs';
import { purgeAtMs, type RecordClass, type RecordLifetimes } from '@panal/cluster';
import { FREE_SPACE_BYTES_MIN, STORE_FAILURES_MAX, SWEEP_RECORDS } from './limits.js';
import { RecordStore } from './record-store.js';
import { type StoreFailure, storeFailure } from './store-failure.js';
import { moveAside, STORE_NAMES, storePath } from './store-files.js';
import { readStored } from './stored-record.js';
import { forEachItem, Op } from './write-batch.js';

export interface StoresOptions {
  readonly folder: string;
  readonly lives: RecordLifetimes;
  /** False: soft records reach the disk when the system writes them. */
  readonly isSoftSynced: boolean;
}

export type CommitResult =
  | { readonly kind: 'committed' }
  /** Nothing of the batch may be counted on. `movedTo`: the store was corrupt and is empty now. */
  | { readonly kind: 'failed'; readonly failure: StoreFailure; readonly movedTo?: string };

export type BackupResult =
  | { readonly kind: 'done'; readonly sizeBytes: number }
  | { readonly kind: 'failed'; readonly failure: StoreFailure };

export interface SweepResult {
  readonly sweptCount: number;
  /** Everything was looked at; the next sweep begins anew. */
  readonly isPassDone: boolean;
  /** The store was found corrupt. */
  readonly lost?: { readonly movedTo: string; readonly reason: string };
}

interface Item {
  readonly op: number;
  readonly key: Buffer;
  readonly value: Buffer;
}

const CLASSES: readonly RecordClass[] = ['durable', 'soft'];

/** The two stores of a tracker, for one caller at a time. Opened by the first commit, and anew after every failure. */
export class Stores {
  readonly #open = new Map<RecordClass, RecordStore>();
  /** In a row, of each store. */
  readonly #failureCounts = new Map<RecordClass, number>();
  /** Under way; never rejects. */
  #backup: Promise<BackupResult> | undefined;
  #sweepFrom: { recordClass: RecordClass; key: Buffer | undefined } = { recordClass: 'durable', key: undefined };

  constructor(private readonly options: StoresOptions) {}

  /** Writes a batch (`WriteBatch`). The two stores commit one after the other; after a failure the whole batch is repeated. */
  async commit(bytes: Buffer): Promise<CommitResult> {
    const items: Record<RecordClass, Item[]> = { durable: [], soft: [] };
    forEachItem(bytes, (op, key, value) => {
      if (op !== Op.putSoft) items.durable.push({ op, key, value });
      if (op !== Op.putDurable && op !== Op.discardDurable) items.soft.push({ op, key, value });
    });
    for (const recordClass of CLASSES) {
      if (items[recordClass].length === 0) continue;
      const result = await this.#attempt(recordClass, (store) => write(store, items[recordClass]));
      if (result.kind === 'failed') return result;
    }
    return { kind: 'committed' };
  }

  /** Erases what is over (`purgeAtMs`) among the next SWEEP_RECORDS records. A store that fails is left to the next commit. */
  async sweep(nowMs: number): Promise<SweepResult> {
    const { recordClass, key } = this.#sweepFrom;
    const over: Buffer[] = [];
    let next: Buffer | undefined;
    const result = await this.#attempt(recordClass, (store) => {
      next = store.visit(key, SWEEP_RECORDS, (storedKey, value) => {
        if (purgeAtMs(readStored(storedKey, value), this.options.lives) <= nowMs) over.push(storedKey);
      });
      if (over.length > 0) store.commit(() => over.forEach((each) => store.erase(each)));
    });
    if (next !== undefined) this.#sweepFrom = { recordClass, key: next };
    else this.#sweepFrom = { recordClass: recordClass === 'durable' ? 'soft' : 'durable', key: undefined };
    const isPassDone = next === undefined && recordClass === 'soft';
    if (result.kind === 'committed') return { sweptCount: over.length, isPassDone };
    const { movedTo, failure } = result;
    const lost = movedTo === undefined ? {} : { lost: { movedTo, reason: failure.reason } };
    return { sweptCount: 0, isPassDone, ...lost };
  }

  /**
   * Copies both stores into a folder that is there and has none, each as of one moment, beside commits and sweeps. One at a
   * time. What was copied when it fails is the caller's to remove.
   */
  async backUp(folder: string): Promise<BackupResult> {
    const backup = this.#backUp(folder);
    this.#backup = backup;
    try {
      return await backup;
    } finally {
      this.#backup = undefined;
    }
  }

  async close(): Promise<void> {
    for (const recordClass of CLASSES) await this.#close(recordClass);
    if (!this.options.isSoftSynced) syncFile(storePath(this.options.folder, 'soft'));
  }

  async #backUp(folder: string): Promise<BackupResult> {
    let sizeBytes = 0;
    for (const recordClass of CLASSES) {
      const target = storePath(folder, recordClass);
      try {
        const path = storePath(this.options.folder, recordClass);
        const store = this.#open.get(recordClass) ?? this.#openStore(recordClass, path);
        refuseTooFull(path, folder);
        await store.backUp(target);
        syncFile(target);
        sizeBytes += statSync(target).size;
      } catch (error) {
        return { kind: 'failed', failure: storeFailure(error, target) };
      }
    }
    return { kind: 'done', sizeBytes };
  }

  async #attempt(recordClass: RecordClass, task: (store: RecordStore) => void): Promise<CommitResult> {
    const path = storePath(this.options.folder, recordClass);
    try {
      const store = this.#open.get(recordClass) ?? this.#openStore(recordClass, path);
      task(store);
      this.#failureCounts.delete(recordClass);
      return { kind: 'committed' };
    } catch (error) {
      return this.#failed(recordClass, storeFailure(error, path));
    }
  }

  #openStore(recordClass: RecordClass, path: string): RecordStore {
    const isSynced = recordClass === 'durable' || this.options.isSoftSynced;
    const store = new RecordStore(path, { isSynced });
    this.#open.set(recordClass, store);
    return store;
  }

  async #failed(recordClass: RecordClass, failure: StoreFailure): Promise<CommitResult> {
    await this.#close(recordClass);
    const failureCount = (this.#failureCounts.get(recordClass) ?? 0) + (failure.isOfStore ? 1 : 0);
    this.#failureCounts.set(recordClass, failureCount);
    if (failure.kind !== 'corrupt' && failureCount < STORE_FAILURES_MAX) return { kind: 'failed', failure };
    this.#failureCounts.delete(recordClass);
    try {
      const movedTo = moveAside(this.options.folder, [STORE_NAMES[recordClass]]);
      return { kind: 'failed', failure: { ...failure, kind: 'corrupt' }, movedTo };
    } catch (error) {
      return { kind: 'failed', failure: storeFailure(error, failure.path) };
    }
  }

  async #close(recordClass: RecordClass): Promise<void> {
    const store = this.#open.get(recordClass);
    this.#open.delete(recordClass);
    // A store that closes under its own copy takes the process with it.
    await this.#backup;
    await store?.close();
  }
}

function write(store: RecordStore, items: readonly Item[]): void {
  store.commit(() => {
    for (const { op, key, value } of items) {
      if (op === Op.putSoft || op === Op.putDurable) store.put(key, value);
      else if (op === Op.erase) store.erase(key);
      else if (op === Op.eraseSlot) store.eraseSlot(key.readUInt16BE(0));
      else store.eraseAll();
    }
  });
}

/** Before the disk is full of a copy, and the store itself has no room left. */
function refuseTooFull(path: string, folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize > statSync(path).size + FREE_SPACE_BYTES_MIN) return;
  throw Object.assign(new Error('There is no room for a copy of the store.'), { code: 'ENOSPC' });
}

/** What the system has not written yet of a store that does not sync. */
function syncFile(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    // Never written to: there is nothing to sync.
    return;
  }
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
