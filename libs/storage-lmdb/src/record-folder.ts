import assert from 'node:assert';
import { closeSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordLogForeignError, RecordLogNewerError } from './errors.js';
import { type FolderState, firstState, type LogIdentity, parseFormat, parseState, stateText } from './folder-state.js';
import { STATE_SIZE_BYTES_MAX } from './limits.js';
import { MIGRATIONS, type Migrations } from './migrations.js';
import { replaceFile } from './replace-file.js';
import { failureError, storeFailure } from './store-failure.js';
import { moveAside, removeStore, STATE_NAME, STORE_NAMES, storePath } from './store-files.js';

/** The format this code writes: what is in the state, how records are stored, which files there are. */
export const RECORD_LOG_FORMAT = 1;

export interface FolderOptions {
  readonly identity: LogIdentity;
  readonly isSoftSynced: boolean;
  /** Others only in tests. */
  readonly migrations?: Migrations;
  readonly format?: number;
}

/** What opening the folder found that its owner should hear of. */
export interface FolderNotes {
  /** Where what could not be understood was moved to. */
  readonly movedTo?: string;
  /** Soft records went, since the power did while they were not synced. */
  readonly isSoftLost: boolean;
}

/** The folder of the records: whose it is, in which format, and what is known beside the records. */
export class RecordFolder {
  #state: FolderState;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly path: string,
    /** As the start before left it. */
    readonly previous: FolderState,
    readonly notes: FolderNotes,
    unsyncedBoot: string,
  ) {
    this.#state = { ...previous, startCount: previous.startCount + 1, unsyncedBoot };
  }

  /**
   * Makes the folder where there is none, migrates an older one, and counts this start. Not for two processes at once: the
   * caller holds the lock of the data folder around it.
   * @throws RecordLogNewerError, RecordLogForeignError, RecordDiskFullError, RecordDiskReadOnlyError, RecordDiskError
   */
  static async open(path: string, options: FolderOptions): Promise<RecordFolder> {
    const format = options.format ?? RECORD_LOG_FORMAT;
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
      const text = await readText(join(path, STATE_NAME));
      const known = await migrated(path, text, format, options.migrations ?? MIGRATIONS);
      if (known !== undefined) refuseForeign(path, known, options.identity);
      const isUnknown = known === undefined && (text !== undefined || (await hasStores(path)));
      const movedTo = isUnknown ? moveAside(path, [STATE_NAME, ...Object.values(STORE_NAMES)]) : undefined;
      const isSoftLost = settleUnsynced(path, known?.unsyncedBoot ?? '');
      const notes = { isSoftLost, ...(movedTo === undefined ? {} : { movedTo }) };
      const boot = options.isSoftSynced ? '' : bootId();
      const folder = new RecordFolder(path, known ?? firstState(options.identity, format), notes, boot);
      await folder.write({});
      return folder;
    } catch (error) {
      throw isSystemError(error) ? failureError(storeFailure(error, join(path, STATE_NAME))) : error;
    }
  }

  get state(): FolderState {
    return this.#state;
  }

  /** Changes what is known and makes it durable. Writes follow each other in the order of the calls. */
  write(changes: Partial<FolderState>): Promise<void> {
    this.#state = { ...this.#state, ...changes };
    const text = stateText(this.#state);
    // A write that failed has its own caller to tell; this one only waits for it.
    this.#writing = this.#writing.catch(() => undefined).then(() => replaceFile(join(this.path, STATE_NAME), text));
    return this.#writing;
  }
}

async function migrated(
  path: string,
  text: string | undefined,
  format: number,
  migrations: Migrations,
): Promise<FolderState | undefined> {
  const found = text === undefined ? undefined : parseFormat(text);
  if (text === undefined || found === undefined) return undefined;
  if (found > format) throw new RecordLogNewerError(path, found, format);
  let current = text;
  for (let from = found; from < format; from += 1) {
    const migrate = migrations[from];
    assert(migrate !== undefined, 'every format but the newest has a way to the next');
    current = await migrate(path, current);
    await replaceFile(join(path, STATE_NAME), current);
  }
  return parseState(current);
}

function refuseForeign(path: string, found: LogIdentity, expected: LogIdentity): void {
  const refuse = (what: RecordLogForeignError['what'], one: string, other: string): void => {
    if (one !== other) throw new RecordLogForeignError(path, what, one, other);
  };
  refuse('cluster name', found.clusterName, expected.clusterName);
  refuse('cluster key', found.clusterFingerprint, expected.clusterFingerprint);
  refuse('tracker', found.trackerId, expected.trackerId);
}

/** Unsynced records outlive their process, and not the system it ran on. @returns Whether some were lost. */
function settleUnsynced(path: string, unsyncedBoot: string): boolean {
  if (unsyncedBoot === '') return false;
  const isSameBoot = unsyncedBoot === bootId() && unsyncedBoot !== UNKNOWN_BOOT;
  if (!isSameBoot) return removeStore(path, 'soft');
  syncStore(path);
  return false;
}

function syncStore(path: string): void {
  try {
    const descriptor = openSync(storePath(path, 'soft'), 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

const UNKNOWN_BOOT = 'unknown';

/** Tells one run of the system from the next. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Elsewhere than on Linux nobody says it: then nothing unsynced is trusted after an unclean end.
    return UNKNOWN_BOOT;
  }
}

async function hasStores(path: string): Promise<boolean> {
  const names = await readdir(path);
  return Object.values(STORE_NAMES).some((name) => names.includes(name));
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    return size > STATE_SIZE_BYTES_MAX ? '' : await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return isSystemError(error) && 'code' in error && error.code === 'ENOENT';
}

function isSystemError(error: unknown): error is object {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
