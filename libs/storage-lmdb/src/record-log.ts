import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterRecord, RecordClass, RecordLifetimes } from '@panal/cluster';
import { type Clock, type HostPort, type Logger, PanalError, type Timers } from '@panal/runtime';
import { Committer } from './committer.js';
import { RecordDiskError, RecordLogClosedError } from './errors.js';
import { type LogIdentity, type StandingOrders, stateText } from './folder-state.js';
import { STALE_LIFE_PART } from './limits.js';
import { type LogCounters, newCounters } from './log-counters.js';
import { readStores, type StoresRead } from './read-stores.js';
import { RecordFolder } from './record-folder.js';
import type { RecordSource } from './refill.js';
import { replaceFile } from './replace-file.js';
import { type Restored, StateKeeper } from './state-keeper.js';
import { failureError, type StoreFailure, storeFailure } from './store-failure.js';
import { moveAside, STATE_NAME, STORE_NAMES } from './store-files.js';
import { type StorePort, StoreThread } from './store-thread.js';
import { Sweeper } from './sweeper.js';
import { Trouble } from './trouble.js';
import type { RecordName } from './write-batch.js';

export interface RecordLogOptions {
  readonly identity: LogIdentity;
  readonly lives: RecordLifetimes;
  /** The table whose changes come to `append`. Read again where the log had to leave something out, or lost a store. */
  readonly source: RecordSource;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Everything appended up to this sequence number is on the disk. Each call names a greater one. */
  readonly onPersisted: (upTo: number) => void;
  /** True: the disk is slower than the writes, so write less. False: over. */
  readonly onPressure?: (isPressed: boolean) => void;
  /** What the disk refuses at present, `undefined` once it works again. The log goes on trying by itself. */
  readonly onTrouble?: (error: PanalError | undefined) => void;
  /**
   * Default true: what `onPersisted` names survives a power cut. False: soft records are left to the system to write, which
   * spares a slow disk a sync ten times a second; after a power cut they are gone and come back from other trackers.
   * Durable records are always synced.
   */
  readonly isSoftSynced?: boolean;
  /** Another store only in tests. */
  readonly store?: StorePort;
}

/** How restoring went. */
export interface LoadSummary {
  readonly recordCount: number;
  /** Dropped for a wrong checksum. */
  readonly damagedCount: number;
  /** Stores that were corrupt and are empty now. What they held before the fault may have been delivered. */
  readonly corruptClasses: readonly RecordClass[];
  readonly elapsedMs: number;
}

/**
 * What a tracker keeps on disk: its records, and what it must know of itself after a restart. `open`, then `load` once, then
 * whatever is appended, before or after, is committed. Losing all of it is safe: such a tracker is unsynced, and the other
 * trackers have its records.
 *
 * One process per folder: the caller holds the lock of the data folder around it. Of two trackers that began with copies
 * of one folder, the membership ends the one that started earlier.
 */
export class RecordLog {
  readonly counters: LogCounters = newCounters();
  readonly #options: RecordLogOptions;
  readonly #folder: RecordFolder;
  readonly #trouble: Trouble;
  readonly #store: StorePort;
  readonly #state: StateKeeper;
  readonly #committer: Committer;
  readonly #sweeper: Sweeper;
  #phase: 'new' | 'loading' | 'loaded' | 'closed' = 'new';

  private constructor(folder: RecordFolder, options: RecordLogOptions) {
    const { clock, logger, lives, isSoftSynced = true } = options;
    this.#options = options;
    this.#folder = folder;
    this.#trouble = new Trouble(logger, (error) => options.onTrouble?.(error));
    this.#store = options.store ?? new StoreThread({ folder: folder.path, lives, isSoftSynced });
    this.#state = new StateKeeper(folder, clock, this.#trouble);
    this.#sweeper = new Sweeper(this.#store, clock, this.counters, (movedTo, reason) => {
      this.#noteCorrupt(movedTo, reason);
      this.#committer.refillAll();
    });
    this.#committer = new Committer({
      store: this.#store,
      source: options.source,
      timers: options.timers,
      counters: this.counters,
      onPersisted: options.onPersisted,
      onPressure: (isPressed) => options.onPressure?.(isPressed),
      onOutcome: (error) =>
        error === undefined ? this.#trouble.clear('records') : this.#trouble.raise('records', error),
      onCorrupt: (movedTo, reason) => this.#noteCorrupt(movedTo, reason),
    });
  }

  /**
   * @param folder Made where there is none, its parent too.
   * @throws RecordLogNewerError, RecordLogForeignError; RecordDiskFullError, RecordDiskReadOnlyError or RecordDiskError
   *   where not even the start can be written down.
   */
  static async open(folder: string, options: RecordLogOptions): Promise<RecordLog> {
    const opened = await RecordFolder.open(folder, {
      identity: options.identity,
      isSoftSynced: options.isSoftSynced ?? true,
    });
    const log = new RecordLog(opened, options);
    const { movedTo, isSoftLost } = opened.notes;
    if (movedTo !== undefined) log.#noteCorrupt(movedTo, 'The state beside the records is not what Panal writes.');
    if (isSoftLost)
      options.logger.warn('The power went while soft records were not synced. The other trackers have them.', {
        folder,
      });
    return log;
  }

  /** What the tracker knew of itself when it ended. */
  get restored(): Restored {
    return this.#state.restored;
  }

  /** Bytes that wait for the disk. */
  get queueSizeBytes(): number {
    return this.#committer.queueSizeBytes;
  }

  /** What the disk refuses at present. */
  get trouble(): PanalError | undefined {
    return this.#trouble.current;
  }

  /**
   * Delivers every record on disk, in no promised order, over or not, without holding up the process. Commits begin when it
   * is done. Their buffers are views of a larger one: what stays is copied.
   * @throws PanalError where the stores could not be read for a reason that says nothing about them; it may be called again.
   */
  async load(onRecord: (record: ClusterRecord) => void): Promise<LoadSummary> {
    if (this.#phase !== 'new') throw new RecordLogClosedError(this.#folder.path);
    this.#phase = 'loading';
    const startMs = this.#options.clock.monotonicMs();
    const summary = { recordCount: 0, damagedCount: 0, corruptClasses: [] as RecordClass[] };
    let failures: ReadonlyMap<RecordClass, StoreFailure>;
    do {
      const read = await this.#read(onRecord);
      summary.recordCount += read.recordCount;
      summary.damagedCount += read.damagedCount;
      ({ failures } = read);
      // Each round moves a store away, and a reader that died of one had not come to the other yet.
      for (const [recordClass, failure] of failures) this.#setAside(recordClass, failure);
      summary.corruptClasses.push(...failures.keys());
    } while (failures.size > 0);
    this.counters.damagedRecords += summary.damagedCount;
    this.#begin(summary.corruptClasses.length > 0);
    return { ...summary, elapsedMs: this.#options.clock.monotonicMs() - startMs };
  }

  /**
   * Keeps records. The caller has applied them to the table already, and does not change their buffers.
   * @param isDurable Someone waits for `onPersisted`: committed on the next turn with all that has gathered. Else within
   *   SOFT_COMMIT_DELAY_MS.
   * @returns A sequence number: 1 for the first call, then one more each time.
   */
  append(records: readonly ClusterRecord[], { isDurable }: { isDurable: boolean }): number {
    this.#refuseClosed();
    return this.#committer.append(records, { isDurable });
  }

  /** Forgets single records, in order with what is appended before and after. */
  erase(names: readonly RecordName[]): void {
    this.#refuseClosed();
    this.#committer.add((batch) => {
      for (const name of names) batch.erase(name);
    });
  }

  /** Forgets all records of a slot, once its owners confirmed that they have it. */
  eraseSlot(slot: number): void {
    this.#refuseClosed();
    this.#committer.add((batch) => batch.eraseSlot(slot));
  }

  /**
   * Whether this disk was away from the cluster for so long that it may bring back what was deleted meanwhile.
   * @param clusterAliveMs The latest time, ms since 1970, at which any tracker of the cluster was alive.
   */
  isStale(clusterAliveMs: number): boolean {
    const { lastAliveMs } = this.restored;
    if (lastAliveMs === undefined) return false;
    return clusterAliveMs - lastAliveMs > STALE_LIFE_PART * this.#options.lives.durableTombstoneMs;
  }

  /** Forgets all durable records: what a stale disk does before it is filled from the others. */
  discardDurable(): void {
    this.#refuseClosed();
    this.#committer.add((batch) => batch.discardDurable());
  }

  /** Remembers what the tracker was told, over restarts. Settles when it is on the disk. @throws PanalError */
  async keepOrders(orders: StandingOrders): Promise<void> {
    this.#refuseClosed();
    await this.#state.keepOrders(orders);
  }

  /**
   * Copies the records into another folder, while they change: all that was appended before is in it, and each of the two
   * stores is as of one moment. A tracker that is given the copy starts with it. One copy at a time.
   * @param folder Made here. What a copy that fails leaves in it is the caller's to remove.
   * @returns Bytes on the disk.
   * @throws RecordDiskFullError, RecordDiskReadOnlyError, RecordDiskError, RecordLogClosedError
   */
  async copyTo(folder: string): Promise<number> {
    // Before it is loaded nobody knows whether its records may be used.
    if (this.#phase !== 'loaded') throw new RecordLogClosedError(this.#folder.path);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (!(await this.#committer.flush())) throw this.trouble ?? new RecordDiskError(folder, 'it is behind the table');
      const result = await this.#store.backUp(folder);
      if (result.kind === 'failed') throw failureError(result.failure);
      const text = stateText(this.#state.stateOfCopy());
      await replaceFile(join(folder, STATE_NAME), text);
      return result.sizeBytes + Buffer.byteLength(text);
    } catch (error) {
      throw error instanceof PanalError ? error : failureError(storeFailure(error, folder));
    }
  }

  /** Remembers where members are, for the next start. */
  keepMembers(members: readonly HostPort[]): void {
    this.#state.keepMembers(members);
  }

  /**
   * To be called every second or more often: keeps the clock mark ahead, and erases what is over.
   * @param lastClock The greatest hybrid stamp made or observed so far.
   */
  beat(lastClock: number): void {
    if (this.#phase === 'closed') return;
    this.#state.beat(lastClock);
    if (this.#phase === 'loaded' && this.trouble === undefined) this.#sweeper.beat();
  }

  /** Whether the next start makes greater stamps than this one, whatever happens. */
  isKept(stamp: number): boolean {
    return this.#state.isKept(stamp);
  }

  /** Makes it so that `isKept`. @returns False when the disk does not take it */
  keep(stamp: number): Promise<boolean> {
    return this.#state.keep(stamp);
  }

  /**
   * Writes what waits, as far as the disk takes it. No stamp may be made after `lastClock`. A log that was not loaded stays
   * as stale as it was: its tracker took no part in the cluster.
   */
  async close(lastClock: number): Promise<void> {
    if (this.#phase === 'closed') return;
    const hasLived = this.#phase === 'loaded';
    this.#phase = 'closed';
    await this.#committer.finish();
    await this.#sweeper.finish();
    try {
      await this.#store.close();
      await this.#state.close(lastClock, { hasLived, unsyncedBoot: '' });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.logger.warn(
        'The end of the tracker could not be written down. Its next start takes it for a crash.',
        { reason },
      );
    }
  }

  async #read(onRecord: (record: ClusterRecord) => void): Promise<StoresRead> {
    const { clock, isSoftSynced = true } = this.#options;
    const { path } = this.#folder;
    try {
      return await readStores({ folder: path, isSoftSynced, monotonicMs: () => clock.monotonicMs(), onRecord });
    } catch (error) {
      this.#phase = 'new';
      const reason = error instanceof Error ? error.message : String(error);
      throw new RecordDiskError(path, reason, error);
    }
  }

  /** @throws PanalError where the store is not to blame. */
  #setAside(recordClass: RecordClass, failure: StoreFailure): void {
    if (failure.kind !== 'corrupt' && !failure.isOfStore) {
      this.#phase = 'new';
      throw failureError(failure);
    }
    this.#noteCorrupt(moveAside(this.#folder.path, [STORE_NAMES[recordClass]]), failure.reason);
  }

  #begin(isIncomplete: boolean): void {
    if (this.#phase !== 'loading') return;
    this.#phase = 'loaded';
    this.#committer.start();
    if (isIncomplete) this.#committer.refillAll();
  }

  #noteCorrupt(movedTo: string, reason: string): void {
    this.counters.corruptStores += 1;
    this.#options.logger.error(
      'A record store was corrupt and has been moved aside. The other trackers have its records.',
      {
        folder: this.#folder.path,
        movedTo,
        reason,
      },
    );
  }

  #refuseClosed(): void {
    if (this.#phase === 'closed') throw new RecordLogClosedError(this.#folder.path);
  }
}
