import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Bitfield, ChunkGeometry, type ContentFile, type Metainfo } from '@panal/torrent';
import type { ChunkStore } from '@panal/transfer';
import { replaceFile } from './atomic-file.js';
import { forEachBounded } from './bounded-tasks.js';
import { checkLayout, contentFilePath } from './content-layout.js';
import { placeContent } from './content-placement.js';
import { readFully } from './content-reader.js';
import { StagingUnsafeError, StoreClosedError, SyncFailedError, systemCodeOf, TargetExistsError } from './errors.js';
import { HandleCache } from './handle-cache.js';
import { encodeJournal } from './journal.js';
import { OPEN_HANDLES_MAX, SCAN_STATS_IN_FLIGHT, SYNCS_IN_FLIGHT } from './limits.js';
import { findResumption, type ResumeNote } from './resume.js';
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
  readonly handleCountMax?: number;
}

export interface OpenedChunkStore {
  readonly store: FileChunkStore;
  /** Chunks an earlier try left on the disk for certain. The caller's own. */
  readonly done: Bitfield;
  readonly note: ResumeNote;
}

interface QueuedCommit {
  done: Bitfield;
  readonly settled: Promise<void>;
}

/**
 * A download on disk: it grows in `<directory>/.panal/<id>-<hash>/` and is renamed to its target by `finish`. Files are
 * sparse while they grow. Writes, reads and a commit run side by side; commits run one after another, and those asked
 * for while one runs become a single one with the latest chunks.
 *
 * Errors of the system come out as they are (`code`, `path`), and the call may be repeated when the cause is gone. Only
 * `SyncFailedError` is final: close the store and open it again.
 */
export class FileChunkStore implements ChunkStore {
  readonly #metainfo: Metainfo;
  readonly #geometry: ChunkGeometry;
  readonly #handles: HandleCache;
  #state: 'open' | 'placed' | 'finished' | 'closed' = 'open';
  #contentPath: string;
  #touched = new Set<number>();
  #committed: Bitfield;
  #running: Promise<void> | undefined;
  #queued: QueuedCommit | undefined;
  #syncFailure: SyncFailedError | undefined;

  private constructor(
    private readonly options: FileChunkStoreOptions,
    private readonly staging: Staging,
    geometry: ChunkGeometry,
    committed: Bitfield,
  ) {
    this.#metainfo = options.metainfo;
    this.#geometry = geometry;
    this.#contentPath = staging.paths.data;
    this.#committed = committed;
    const { handleCountMax = OPEN_HANDLES_MAX } = options;
    this.#handles = new HandleCache({ open: (index) => this.#openFile(index), handleCountMax });
  }

  /**
   * Makes or finds the staging folder and locks it.
   * @throws TargetExistsError, TargetNameError, TargetUnwritableError, StagingLockedError, StagingUnsafeError
   */
  static async open(options: FileChunkStoreOptions): Promise<OpenedChunkStore> {
    const { metainfo, isForced = false } = options;
    const paths = pathsOf(options);
    checkLayout(metainfo, options.targetName ?? metainfo.name, paths);
    const staging = await Staging.open(paths);
    try {
      if (!isForced && (await exists(paths.target))) throw new TargetExistsError(paths.target);
      const geometry = new ChunkGeometry(metainfo);
      const { done, note } = await findResumption(metainfo, geometry, paths);
      return { store: new FileChunkStore(options, staging, geometry, done.clone()), done, note };
    } catch (error) {
      await staging.release();
      throw error;
    }
  }

  /** Where the content is now: in staging, and after `finish` at the target. For verification. */
  get contentPath(): string {
    return this.#contentPath;
  }

  /** Where the content will be. */
  get targetPath(): string {
    return this.staging.paths.target;
  }

  async read(contentOffset: number, into: Uint8Array): Promise<void> {
    if (this.#state === 'closed') throw new StoreClosedError(this.targetPath);
    for (const { fileIndex, fileOffset, bytes } of this.#portions(contentOffset, into)) {
      if (this.#file(fileIndex).isPadding) bytes.fill(0);
      else {
        await this.#withFile(fileIndex, async (handle) => {
          const count = await readFully(handle, bytes, fileOffset);
          bytes.fill(0, count);
        });
      }
    }
  }

  async write(contentOffset: number, bytes: Uint8Array): Promise<void> {
    this.#checkWritable();
    for (const portion of this.#portions(contentOffset, bytes)) {
      const { fileIndex } = portion;
      if (this.#file(fileIndex).isPadding) continue;
      await this.#withFile(fileIndex, (handle) => writeFully(handle, portion.bytes, portion.fileOffset));
      // Noted when the bytes are there and not before: a commit in between would take the note and miss the bytes.
      this.#touched.add(fileIndex);
    }
  }

  async commit(done: Bitfield): Promise<void> {
    this.#checkWritable();
    const snapshot = done.clone();
    if (this.#queued !== undefined) {
      this.#queued.done = snapshot;
      return this.#queued.settled;
    }
    if (this.#running === undefined) return this.#run(() => this.#commitNow(snapshot));
    const settled = this.#running
      .catch(() => undefined)
      .then(() => {
        const latest = this.#queued?.done ?? snapshot;
        this.#queued = undefined;
        return this.#run(() => this.#commitNow(latest));
      });
    this.#queued = { done: snapshot, settled };
    return settled;
  }

  /** Safe to repeat after an error: steps that are done are not done again. */
  async finish(): Promise<void> {
    if (this.#state === 'finished') return;
    if (this.#state === 'open') {
      this.#checkWritable();
      await this.#idle();
      await this.#completeTree();
      await this.#commitNow(Bitfield.full(this.#geometry.chunkCount));
      const { isForced = false } = this.options;
      const { paths } = this.staging;
      await placeContent({ paths, isDirectory: this.#metainfo.isDirectory, isForced });
      this.#contentPath = paths.target;
      this.#state = 'placed';
    }
    await this.staging.remove();
    this.#state = 'finished';
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const wasFinished = this.#state === 'finished';
    this.#state = 'closed';
    await this.#idle();
    await this.#handles.close();
    if (!wasFinished) await this.staging.release();
  }

  /** Closes the store and removes everything it wrote; the target is untouched. */
  async discard(): Promise<void> {
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    await this.#idle();
    await this.#handles.close();
    if (wasOpen) await this.staging.remove();
  }

  /** One commit after another; `#running` is the last one started. */
  #run(task: () => Promise<void>): Promise<void> {
    const running = task().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
  }

  async #commitNow(done: Bitfield): Promise<void> {
    if (this.#syncFailure !== undefined) throw this.#syncFailure;
    if (this.#touched.size === 0 && done.bytes.equals(this.#committed.bytes)) return;
    await this.#syncTouched();
    await this.staging.syncFolders();
    await replaceFile(this.staging.paths.journal, encodeJournal(this.#metainfo.contentId, done), 0o600);
    this.#committed = done;
  }

  async #syncTouched(): Promise<void> {
    const touched = this.#touched;
    this.#touched = new Set();
    try {
      await forEachBounded(touched, SYNCS_IN_FLIGHT, (index) =>
        this.#withFile(index, (handle) => handle.datasync().catch((error: unknown) => this.#failSync(index, error))),
      );
    } catch (error) {
      for (const index of touched) this.#touched.add(index);
      throw error;
    }
  }

  /** Sizes, modes, empty files, folders and links: what no chunk brings. */
  async #completeTree(): Promise<void> {
    await forEachBounded(this.#metainfo.files, SCAN_STATS_IN_FLIGHT, async (file, index) => {
      if (!file.isPadding && file.symlinkTarget === undefined) await this.#completeFile(file, index);
    });
    if (this.#metainfo.isDirectory) await this.staging.makeFolder(this.#contentPath);
    for (const names of this.#metainfo.emptyDirectories) {
      await this.staging.makeFolder(join(this.#contentPath, ...names));
    }
    for (const file of this.#metainfo.files) {
      if (file.symlinkTarget === undefined) continue;
      await this.staging.makeLink(
        contentFilePath(this.#metainfo, this.#contentPath, file),
        file.symlinkTarget.join('/'),
      );
    }
  }

  async #completeFile(file: ContentFile, index: number): Promise<void> {
    const stats = await lstat(this.#pathOf(index)).catch(() => undefined);
    if (stats?.isFile() === true && stats.size === file.sizeBytes && !file.isExecutable) return;
    await this.#withFile(index, async (handle) => {
      const { size, mode } = await handle.stat();
      if (size !== file.sizeBytes) await handle.truncate(file.sizeBytes);
      // Whoever may read may execute: what the umask took from the one is not given by the other.
      if (file.isExecutable) await handle.chmod((mode & 0o777) | ((mode & 0o444) >> 2));
      await handle.sync().catch((error: unknown) => this.#failSync(index, error));
    });
  }

  #failSync(index: number, error: unknown): never {
    this.#syncFailure ??= new SyncFailedError(this.#pathOf(index), error);
    throw this.#syncFailure;
  }

  *#portions(
    contentOffset: number,
    bytes: Uint8Array,
  ): Iterable<{ fileIndex: number; fileOffset: number; bytes: Uint8Array }> {
    let at = 0;
    for (const { fileIndex, fileOffset, lengthBytes } of this.#geometry.segments(contentOffset, bytes.length)) {
      yield { fileIndex, fileOffset, bytes: bytes.subarray(at, at + lengthBytes) };
      at += lengthBytes;
    }
  }

  /** Node leaves the path out of the errors of an open file; people need it. */
  async #withFile<T>(index: number, task: (handle: FileHandle) => Promise<T>): Promise<T> {
    try {
      return await this.#handles.use(index, task);
    } catch (error) {
      if (systemCodeOf(error) !== undefined) (error as NodeJS.ErrnoException).path ??= this.#pathOf(index);
      throw error;
    }
  }

  async #openFile(index: number): Promise<FileHandle> {
    const path = this.#pathOf(index);
    if (this.#state === 'placed' || this.#state === 'finished')
      return open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    // Folders first, for each is checked to be one; the staging keeps them in mind.
    await this.staging.makeFolder(dirname(path));
    const handle = await open(path, STAGED_FILE_FLAGS, 0o666).catch((error: unknown) => {
      throw systemCodeOf(error) === 'ELOOP' ? new StagingUnsafeError(path, 'a link took the place of a file') : error;
    });
    if (!(await handle.stat()).isFile()) {
      await handle.close();
      throw new StagingUnsafeError(path, 'a file should be here');
    }
    this.staging.noteEntry(dirname(path));
    return handle;
  }

  #checkWritable(): void {
    if (this.#state !== 'open') throw new StoreClosedError(this.targetPath);
    if (this.#syncFailure !== undefined) throw this.#syncFailure;
  }

  #file(index: number): ContentFile {
    const file = this.#metainfo.files[index];
    if (file === undefined) throw new RangeError(`there is no file ${index}`);
    return file;
  }

  #pathOf(index: number): string {
    return contentFilePath(this.#metainfo, this.#contentPath, this.#file(index));
  }
}

const STAGED_FILE_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

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

function pathsOf({ metainfo, directory, targetName = metainfo.name }: FileChunkStoreOptions): StagingPaths {
  return stagingPaths({ directory: resolve(directory), targetName, contentId: metainfo.contentId });
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let at = 0;
  while (at < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}
