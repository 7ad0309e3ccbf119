import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Clock } from '@panal/runtime';
import { Bitfield, ChunkGeometry, type Metainfo } from '@panal/torrent';
import type { ChunkStore } from '@panal/transfer';
import { replaceFile } from './atomic-file.js';
import { CommitQueue } from './commit-queue.js';
import { checkLayout } from './content-layout.js';
import { isPlaced, placeContent, settlePlacement } from './content-placement.js';
import { StoreClosedError, TargetExistsError } from './errors.js';
import { encodeJournal } from './journal.js';
import { OPEN_HANDLES_MAX } from './limits.js';
import { findResumption, type ResumeNote, resumePlaced } from './resume.js';
import { StagedFiles } from './staged-files.js';
import { exists, Staging } from './staging.js';
import { type StagingPaths, stagingPaths } from './staging-names.js';

export interface FileChunkStoreOptions {
  readonly metainfo: Metainfo;
  /** Where the target goes; made when missing. */
  readonly directory: string;
  /** Name of the target; the torrent's own name when absent. */
  readonly targetName?: string;
  /** Replace what is at the target, once the content is whole. Default: refuse. */
  readonly isForced?: boolean;
  /** Files kept open at once. Default 256. */
  readonly handleCountMax?: number;
  /** With it large blocks go past the page cache while the disk keeps up, which takes time to tell; else none do. */
  readonly clock?: Clock;
}

export interface OpenedChunkStore {
  readonly store: FileChunkStore;
  /** Chunks an earlier try left on the disk for certain. The caller's own. */
  readonly done: Bitfield;
  readonly note: ResumeNote;
}

interface StoreParts {
  readonly metainfo: Metainfo;
  readonly isForced: boolean;
  readonly staging: Staging;
  readonly files: StagedFiles;
  readonly chunkCount: number;
}

/**
 * A download on disk: it grows in `<directory>/.panal/<id>-<hash>/` and is renamed to its target by `finish`. Writes,
 * reads and a commit run side by side and none waits for another.
 *
 * Errors of the system come out as they are (`code`, `path`), and the call may be repeated when the cause is gone. Only
 * `SyncFailedError` is final: close the store and open it again. After `finish` the store still reads, at the target.
 */
export class FileChunkStore implements ChunkStore {
  readonly #parts: StoreParts;
  readonly #commits = new CommitQueue((done) => this.#commit(done));
  #committed: Bitfield;
  #state: 'open' | 'placed' | 'finished' | 'closed' = 'open';

  private constructor(parts: StoreParts, committed: Bitfield) {
    this.#parts = parts;
    this.#committed = committed;
  }

  /**
   * Makes or finds the staging folder and locks it.
   * @throws TargetExistsError, TargetNameError, TargetUnwritableError, StagingLockedError, StagingUnsafeError
   */
  static async open(options: FileChunkStoreOptions): Promise<OpenedChunkStore> {
    const { metainfo, isForced = false, handleCountMax = OPEN_HANDLES_MAX, clock } = options;
    const paths = pathsOf(options);
    checkLayout(metainfo, options.targetName ?? metainfo.name, paths);
    const staging = await Staging.open(paths);
    try {
      const wasPlaced = await isPlaced(paths);
      if (!wasPlaced && !isForced && (await exists(paths.target))) throw new TargetExistsError(paths.target);
      const geometry = new ChunkGeometry(metainfo);
      const { done, note } = wasPlaced
        ? await resumePlaced(metainfo, paths)
        : await findResumption(metainfo, geometry, paths);
      const files = new StagedFiles({ metainfo, geometry, staging, handleCountMax, clock });
      const parts = { metainfo, isForced, staging, files, chunkCount: geometry.chunkCount };
      const store = new FileChunkStore(
        parts,
        note.kind === 'data_missing' && wasPlaced ? new Bitfield(done.size) : done.clone(),
      );
      if (note.kind === 'placed') store.#wasPlaced();
      return { store, done, note };
    } catch (error) {
      // Why it cannot begin is what the caller must hear, not that clearing up failed as well.
      await staging.abandon().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Where the content is now: in staging, and after `finish` at the target. For `verifyContent`, of which before
   * `finish` only `good` counts: empty files, links and modes come last.
   */
  get contentPath(): string {
    return this.#parts.files.contentPath;
  }

  /** Where the content will be. */
  get targetPath(): string {
    return this.#parts.staging.paths.target;
  }

  /** Bytes that were never written are zeros. */
  async read(contentOffset: number, into: Uint8Array): Promise<void> {
    if (this.#state === 'closed') throw new StoreClosedError(this.targetPath);
    await this.#parts.files.read(contentOffset, into);
  }

  async write(contentOffset: number, bytes: Uint8Array): Promise<void> {
    this.#checkWritable();
    await this.#parts.files.write(contentOffset, bytes);
  }

  /** While one commit runs, all others asked for become one, of the chunks named last. */
  async commit(done: Bitfield): Promise<void> {
    this.#checkWritable();
    await this.#commits.submit(done.clone());
  }

  /**
   * Safe to repeat after an error, as `finish` is: what is done is not done again. A commit under way is not waited for.
   * @throws TargetExistsError when something took the name of the target meanwhile.
   */
  async place(): Promise<void> {
    if (this.#state === 'placed' || this.#state === 'finished') return;
    this.#checkWritable();
    const { metainfo, isForced, staging, files } = this.#parts;
    await files.complete();
    await placeContent({ paths: staging.paths, isDirectory: metainfo.isDirectory, isForced });
    this.#wasPlaced();
  }

  /** @throws SyncFailedError: the content is at its target, and may be damaged there after a crash. */
  async finish(): Promise<void> {
    if (this.#state === 'finished') return;
    await this.place();
    const { staging, files } = this.#parts;
    await this.#commits.idle();
    await files.sync();
    await staging.syncFolders();
    await settlePlacement(staging.paths);
    await staging.remove();
    this.#state = 'finished';
  }

  async close(): Promise<void> {
    const before = await this.#close();
    if (before === 'open' || before === 'placed') await this.#parts.staging.release();
  }

  /** Closes the store and removes everything it wrote; what is at the target stays. */
  async discard(): Promise<void> {
    const before = await this.#close();
    if (before === 'open' || before === 'placed') await this.#parts.staging.remove();
  }

  async #close(): Promise<string> {
    const before = this.#state;
    this.#state = 'closed';
    await this.#commits.idle();
    await this.#parts.files.close();
    return before;
  }

  async #commit(done: Bitfield): Promise<void> {
    const { metainfo, staging, files } = this.#parts;
    if (!files.hasUnsyncedBytes && done.bytes.equals(this.#committed.bytes)) return;
    await files.sync();
    try {
      await staging.syncFolders();
      await replaceFile(staging.paths.journal, encodeJournal(metainfo.contentId, done), 0o600);
      this.#committed = done;
    } catch (error) {
      // The content moved to its target meanwhile: a journal is of no use any more.
      if (this.#state === 'open') throw error;
    }
  }

  #wasPlaced(): void {
    const { staging, files } = this.#parts;
    files.moveTo(staging.paths.target);
    staging.followMove();
    this.#state = 'placed';
  }

  #checkWritable(): void {
    if (this.#state !== 'open') throw new StoreClosedError(this.targetPath);
    if (this.#parts.files.failure !== undefined) throw this.#parts.files.failure;
  }
}

/**
 * Removes what an unfinished download left, when no store of it is open. Nothing there is no error.
 * @throws StagingLockedError while another process works in it.
 */
export async function discardStaging(
  options: Pick<FileChunkStoreOptions, 'metainfo' | 'directory' | 'targetName'>,
): Promise<void> {
  const paths = pathsOf(options);
  if (!(await exists(paths.staging))) return;
  await (await Staging.open(paths)).remove();
}

/** Whether the target holds this download, moved there by a process that did not live to sync it: `open` sees to it. */
export function isTargetPlaced(
  options: Pick<FileChunkStoreOptions, 'metainfo' | 'directory' | 'targetName'>,
): Promise<boolean> {
  return isPlaced(pathsOf(options));
}

/**
 * Has the next `open` read what lies at the target, as after a crash: what is good stays, the rest is fetched again. For a
 * download that was whole once; what is there is taken to be its content, whatever became of it. Nothing there is no error.
 * @throws StagingLockedError while another process works in it.
 */
export async function distrustTarget(
  options: Pick<FileChunkStoreOptions, 'metainfo' | 'directory' | 'targetName'>,
): Promise<void> {
  const paths = pathsOf(options);
  const stats = await lstat(paths.target).catch(() => undefined);
  // Something of another kind is not this content any more: it is left, and `open` says that it is in the way.
  if (stats?.isDirectory() !== options.metainfo.isDirectory) return;
  const staging = await Staging.open(paths);
  try {
    await replaceFile(paths.placed, Buffer.alloc(0), 0o600);
  } finally {
    await staging.release();
  }
}

function pathsOf({ metainfo, directory, targetName = metainfo.name }: FileChunkStoreOptions): StagingPaths {
  return stagingPaths({ directory: resolve(directory), targetName, contentId: metainfo.contentId });
}
