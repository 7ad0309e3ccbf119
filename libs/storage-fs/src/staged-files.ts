import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '@panal/runtime';
import { Bitfield, type ChunkGeometry, type ContentFile, type Metainfo } from '@panal/torrent';
import { forEachBounded } from './bounded-tasks.js';
import { contentFilePath } from './content-layout.js';
import { readFully } from './content-reader.js';
import { DIRECT_FLAG, DirectFiles, type FilePart } from './direct-files.js';
import { StagingUnsafeError, SyncFailedError, systemCodeOf } from './errors.js';
import { HandleCache } from './handle-cache.js';
import { SCAN_STATS_IN_FLIGHT, SYNCS_IN_FLIGHT } from './limits.js';
import type { Staging } from './staging.js';
import { WritePace } from './write-pace.js';
import { WriteTurns } from './write-turns.js';

export interface StagedFilesOptions {
  readonly metainfo: Metainfo;
  readonly geometry: ChunkGeometry;
  readonly staging: Staging;
  readonly handleCountMax: number;
  /** Without one everything goes through the page cache. */
  readonly clock: Clock | undefined;
}

/** The files of a content as they grow, sparse until they are whole. Knows which of them have bytes not synced yet. */
export class StagedFiles {
  readonly #metainfo: Metainfo;
  readonly #geometry: ChunkGeometry;
  readonly #staging: Staging;
  readonly #handles: HandleCache;
  readonly #direct: DirectFiles;
  readonly #pace: WritePace;
  readonly #turns = new WriteTurns();
  /** Chunks that went through the page cache, in part at least. They are read from there, the others past it. */
  readonly #cached: Bitfield;
  #contentPath: string;
  #isPlaced = false;
  #touched = new Set<number>();
  readonly #modeChanged = new Set<number>();
  #failure: SyncFailedError | undefined;

  constructor({ metainfo, geometry, staging, handleCountMax, clock }: StagedFilesOptions) {
    this.#metainfo = metainfo;
    this.#geometry = geometry;
    this.#staging = staging;
    this.#contentPath = staging.paths.data;
    this.#cached = new Bitfield(geometry.chunkCount);
    this.#handles = new HandleCache({ open: (index) => this.#open(index), handleCountMax });
    this.#pace = new WritePace(clock);
    this.#direct = new DirectFiles((index) => this.#open(index, DIRECT_FLAG), this.#pace);
  }

  get contentPath(): string {
    return this.#contentPath;
  }

  get hasUnsyncedBytes(): boolean {
    return this.#touched.size > 0;
  }

  /** Set once a sync failed: what was written since the last good one is in doubt, for good. */
  get failure(): SyncFailedError | undefined {
    return this.#failure;
  }

  async read(contentOffset: number, into: Uint8Array): Promise<void> {
    const isCached = this.#cached.has(this.#geometry.chunkAt(contentOffset));
    for (const part of this.#portions(contentOffset, into)) {
      const { fileIndex, fileOffset, bytes } = part;
      if (this.#file(fileIndex).isPadding) {
        bytes.fill(0);
        continue;
      }
      if (!isCached && this.#isDirect(part) && (await this.#named(fileIndex, this.#direct.read(part)))) continue;
      const count = await this.#use(fileIndex, (handle) => readFully(handle, bytes, fileOffset));
      bytes.fill(0, count);
    }
  }

  async write(contentOffset: number, from: Uint8Array): Promise<void> {
    const chunk = this.#geometry.chunkAt(contentOffset);
    for (const part of this.#portions(contentOffset, from)) {
      const { fileIndex } = part;
      if (this.#file(fileIndex).isPadding) continue;
      await this.#turns.run(fileIndex, (waitingCount) => this.#write(part, chunk, waitingCount));
      // Noted when the bytes are there and not before: a sync in between would take the note and miss the bytes.
      this.#touched.add(fileIndex);
    }
  }

  async #write(part: FilePart, chunk: number, waitingCount: number): Promise<void> {
    const { fileIndex, fileOffset, bytes } = part;
    const isDirect = this.#isDirect(part) && !this.#pace.prefersCache(waitingCount);
    if (isDirect && (await this.#named(fileIndex, this.#direct.write(part)))) return;
    this.#cached.add(chunk);
    await this.#use(fileIndex, (handle) =>
      this.#pace.cached(bytes.length, () => writeFully(handle, bytes, fileOffset)),
    );
  }

  #isDirect(part: FilePart): boolean {
    return this.#pace.isKnown && this.#direct.isFor(part);
  }

  /** @throws SyncFailedError, and then keeps throwing it. */
  async sync(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const touched = this.#touched;
    this.#touched = new Set();
    try {
      await forEachBounded(touched, SYNCS_IN_FLIGHT, (index) =>
        this.#use(index, (handle) => this.#syncFile(index, handle).catch((error: unknown) => this.#fail(index, error))),
      );
    } catch (error) {
      for (const index of touched) this.#touched.add(index);
      throw error;
    }
  }

  /**
   * Makes what no chunk brings: exact sizes, executable bits, empty files, empty folders, links. Safe to repeat. The next
   * sync makes it durable.
   */
  async complete(): Promise<void> {
    const { files, isDirectory, emptyDirectories } = this.#metainfo;
    await forEachBounded(files, SCAN_STATS_IN_FLIGHT, async (file, index) => {
      if (!file.isPadding && file.symlinkTarget === undefined) await this.#completeFile(file, index);
    });
    if (isDirectory) await this.#staging.makeFolder(this.#contentPath);
    for (const names of emptyDirectories) await this.#staging.makeFolder(join(this.#contentPath, ...names));
    // Links last: until then every path in staging is free of them, and no write can be led elsewhere.
    for (const file of files) {
      if (file.symlinkTarget === undefined) continue;
      const path = contentFilePath(this.#metainfo, this.#contentPath, file);
      await this.#staging.makeLink(path, file.symlinkTarget.join('/'));
    }
  }

  /** The content was renamed. Open files are still the same ones; others are opened at the new place, to read. */
  moveTo(contentPath: string): void {
    this.#contentPath = contentPath;
    this.#isPlaced = true;
  }

  async close(): Promise<void> {
    await this.#direct.close();
    await this.#handles.close();
  }

  async #completeFile(file: ContentFile, index: number): Promise<void> {
    const stats = await lstat(this.#pathOf(index)).catch(() => undefined);
    if (stats?.isFile() === true && stats.size === file.sizeBytes && !file.isExecutable) return;
    await this.#use(index, async (handle) => {
      const { size, mode } = await handle.stat();
      if (size !== file.sizeBytes) await handle.truncate(file.sizeBytes);
      // Whoever may read may execute: what the umask took from the one is not given by the other.
      if (file.isExecutable) this.#modeChanged.add(index);
      if (file.isExecutable) await handle.chmod((mode & 0o777) | ((mode & 0o444) >> 2));
    });
    this.#touched.add(index);
  }

  /** A mode is no data: it takes a full sync. */
  #syncFile(index: number, handle: FileHandle): Promise<void> {
    return this.#modeChanged.delete(index) ? handle.sync() : handle.datasync();
  }

  *#portions(contentOffset: number, bytes: Uint8Array): Iterable<FilePart> {
    let at = 0;
    for (const { fileIndex, fileOffset, lengthBytes } of this.#geometry.segments(contentOffset, bytes.length)) {
      yield { fileIndex, fileOffset, bytes: bytes.subarray(at, at + lengthBytes) };
      at += lengthBytes;
    }
  }

  #use<T>(index: number, task: (handle: FileHandle) => Promise<T>): Promise<T> {
    return this.#named(index, this.#handles.use(index, task));
  }

  async #named<T>(index: number, moving: T): Promise<Awaited<T>> {
    try {
      return await moving;
    } catch (error) {
      // Node leaves the path out of the errors of an open file, and people need it.
      if (isSystemError(error)) error.path ??= this.#pathOf(index);
      throw error;
    }
  }

  async #open(index: number, extraFlags = 0): Promise<FileHandle> {
    const path = this.#pathOf(index);
    if (this.#isPlaced) return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | extraFlags);
    const folderPath = dirname(path);
    // Folder by folder, each checked to be one: only the last name of a path is guarded by O_NOFOLLOW.
    await this.#staging.makeFolder(folderPath);
    const handle = await open(path, STAGED_FILE_FLAGS | extraFlags, 0o666).catch((error: unknown) => {
      throw systemCodeOf(error) === 'ELOOP' ? new StagingUnsafeError(path, 'a link took the place of a file') : error;
    });
    if (!(await handle.stat()).isFile()) {
      await handle.close();
      throw new StagingUnsafeError(path, 'a file should be here');
    }
    this.#staging.noteEntry(folderPath);
    return handle;
  }

  #fail(index: number, error: unknown): never {
    this.#failure ??= new SyncFailedError(this.#pathOf(index), error);
    throw this.#failure;
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

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let at = 0;
  while (at < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
