import { closeSync, existsSync, fsyncSync, openSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { FREE_SPACE_BYTES_MIN } from './limits.js';

/** Beyond every slot: what the reader writes to see that the store can be written to. */
const PROBE_KEY = Buffer.from([0xff, 0xff]);
const ONE_PAST_SLOTS = PROBE_KEY;
const FIRST_KEY = Buffer.from([0]);

interface StoreStats {
  readonly entryCount: number;
}

/**
 * One LMDB file of stored keys and values (`stored-record.ts`). Synchronous, so it lives in a thread or a process of its
 * own. Whatever LMDB throws comes out as it is: `storeFailure` understands it.
 *
 * LMDB's overlapping sync is off: a commit returns when data and then root are on the disk, and a machine that loses power
 * finds the last commit or the one before, whole.
 */
export class RecordStore {
  readonly #db: RootDatabase<Buffer, Buffer>;

  /** @param isSynced False: the system decides when what was committed reaches the disk; a power cut may ruin the file. */
  constructor(
    readonly path: string,
    { isSynced }: { isSynced: boolean },
  ) {
    refuseFullDisk(path);
    const isNew = !existsSync(path);
    const syncing = isSynced ? { overlappingSync: false } : { noSync: true, overlappingSync: false };
    this.#db = open({ path, noSubdir: true, maxDbs: 1, encoding: 'binary', keyEncoding: 'binary', ...syncing });
    // LMDB syncs what is in its file, and leaves it to others that the file is in its folder.
    if (isNew && isSynced) syncFolder(dirname(path));
  }

  /** Everything `change` puts and erases, or nothing of it. */
  commit(change: () => void): void {
    // 2: returns once it is committed; not abortable, which would copy every page once more.
    this.#db.transactionSync(change, 2);
  }

  put(key: Buffer, value: Buffer): void {
    this.#db.putSync(key, value);
  }

  erase(key: Buffer): void {
    this.#db.removeSync(key);
  }

  eraseSlot(slot: number): void {
    const [start, end] = [Buffer.alloc(2), Buffer.alloc(2)];
    start.writeUInt16BE(slot);
    end.writeUInt16BE(slot + 1);
    // Collected first: a cursor does not survive what it stands on.
    const keys = Array.from(this.#db.getKeys({ start, end }));
    for (const key of keys) this.#db.removeSync(key);
  }

  eraseAll(): void {
    this.#db.clearSync();
  }

  /** Calls `visit` for up to `limit` entries from `from` on, in the order of keys. @returns Where to go on, if there is more. */
  visit(from: Buffer | undefined, limit: number, visit: (key: Buffer, value: Buffer) => void): Buffer | undefined {
    let count = 0;
    for (const { key, value } of this.#db.getRange({ start: from ?? FIRST_KEY, end: ONE_PAST_SLOTS })) {
      if (count === limit) return key;
      count += 1;
      visit(key, value);
    }
    return undefined;
  }

  /** Entries LMDB says there are, the probe aside. A tree that breaks off early has fewer to visit. */
  get entryCount(): number {
    const { entryCount } = this.#db.getStats() as StoreStats;
    return entryCount - (this.#db.doesExist(PROBE_KEY) ? 1 : 0);
  }

  /** A copy of what is committed now, as small as it can be, while commits go on. The file must not be there. */
  async backUp(path: string): Promise<void> {
    await this.#db.backup(path, true);
  }

  /** Erases `keys` and writes what means nothing, which goes through the root and the list of free pages. */
  probe(keys: readonly Buffer[]): void {
    this.commit(() => {
      for (const key of keys) this.erase(key);
      this.put(PROBE_KEY, Buffer.from([0]));
    });
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function refuseFullDisk(path: string): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  if (bavail * bsize < FREE_SPACE_BYTES_MIN) {
    throw Object.assign(new Error('There is no room to open the store.'), { code: 'ENOSPC' });
  }
}
