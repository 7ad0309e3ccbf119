import { lstat } from 'node:fs/promises';
import type { Clock } from '@panal/runtime';
import { ChunkGeometry, type Metainfo } from '@panal/torrent';
import type { ChunkStore } from '@panal/transfer';
import { forEachBounded } from './bounded-tasks.js';
import { contentFilePath } from './content-layout.js';
import { openForReading, readFully } from './content-reader.js';
import { ContentChangedError, ContentMissingError, ContentUnreadableError, systemCodeOf } from './errors.js';
import { type FileStamp, stampDifference, stampOf } from './file-stamp.js';
import { HandleCache } from './handle-cache.js';
import { OPEN_HANDLES_MAX, SCAN_STATS_IN_FLIGHT, STAMP_CHECK_INTERVAL_MS } from './limits.js';

export interface SharedContentOptions {
  readonly metainfo: Metainfo;
  /** Absolute path of the file or directory. */
  readonly path: string;
  /** As `shareContent` gave them, one for each file. Without them the files are trusted as they are now. */
  readonly stamps?: readonly (FileStamp | undefined)[];
  readonly clock: Clock;
  readonly handleCountMax?: number;
}

/**
 * The read side of a `ChunkStore` over content at its final place, which its owner may still change. A change is seen
 * when a file is opened, after a second at most while it is read, and when it ends too early. From then on every read
 * of that file rejects with `ContentChangedError`.
 */
export class SharedContent implements Pick<ChunkStore, 'read' | 'close'> {
  readonly #files: Metainfo['files'];
  readonly #geometry: ChunkGeometry;
  readonly #handles: HandleCache;
  readonly #checkedAtMs: Float64Array;
  readonly #changed = new Map<number, ContentChangedError>();
  readonly #clock: Clock;

  private constructor(
    readonly metainfo: Metainfo,
    readonly path: string,
    /** One for each file; undefined for a link or padding. JSON keeps them as they are. */
    readonly stamps: readonly (FileStamp | undefined)[],
    { clock, handleCountMax = OPEN_HANDLES_MAX }: SharedContentOptions,
  ) {
    this.#files = metainfo.files;
    this.#geometry = new ChunkGeometry(metainfo);
    this.#clock = clock;
    this.#checkedAtMs = new Float64Array(metainfo.files.length).fill(clock.monotonicMs());
    this.#handles = new HandleCache({ open: (index) => this.#open(index), handleCountMax });
  }

  /**
   * Compares every file with its stamp (or, without stamps, its size with the torrent's) before anything is served.
   * @throws ContentChangedError, ContentMissingError, ContentUnreadableError
   */
  static async open(options: SharedContentOptions): Promise<SharedContent> {
    const { metainfo, path } = options;
    const stamps: (FileStamp | undefined)[] = metainfo.files.map(() => undefined);
    await forEachBounded(metainfo.files, SCAN_STATS_IN_FLIGHT, async (file, index) => {
      if (file.isPadding || file.symlinkTarget !== undefined) return;
      const filePath = contentFilePath(metainfo, path, file);
      const stamp = await stampAt(filePath);
      const expected = options.stamps?.[index] ?? { ...stamp, sizeBytes: file.sizeBytes };
      const difference = stampDifference(expected, stamp);
      if (difference !== undefined) throw new ContentChangedError(filePath, difference);
      stamps[index] = stamp;
    });
    return new SharedContent(metainfo, path, stamps, options);
  }

  /** @see ChunkStore.read @throws ContentChangedError: stop announcing the content. */
  async read(contentOffset: number, into: Uint8Array): Promise<void> {
    let filled = 0;
    for (const { fileIndex, fileOffset, lengthBytes } of this.#geometry.segments(contentOffset, into.length)) {
      const bytes = into.subarray(filled, filled + lengthBytes);
      if (this.#files[fileIndex]?.isPadding === true) bytes.fill(0);
      else await this.#readFile(fileIndex, fileOffset, bytes);
      filled += lengthBytes;
    }
  }

  async close(): Promise<void> {
    await this.#handles.close();
  }

  async #readFile(fileIndex: number, fileOffset: number, bytes: Uint8Array): Promise<void> {
    await this.#check(fileIndex);
    await this.#handles.use(fileIndex, async (handle) => {
      const count = await readFully(handle, bytes, fileOffset).catch((error: unknown) => {
        throw new ContentUnreadableError(this.#pathOf(fileIndex), error);
      });
      if (count < bytes.length) throw this.#markChanged(fileIndex, 'it became shorter');
    });
  }

  /** Looks at the path, not at the open file: a file that was replaced or removed is seen too. */
  async #check(fileIndex: number): Promise<void> {
    const known = this.#changed.get(fileIndex);
    if (known !== undefined) throw known;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - (this.#checkedAtMs[fileIndex] as number) < STAMP_CHECK_INTERVAL_MS) return;
    // Set before the answer: the other reads of this moment need not ask as well.
    this.#checkedAtMs[fileIndex] = nowMs;
    this.#compare(fileIndex, await this.#stampNow(fileIndex));
  }

  async #stampNow(fileIndex: number): Promise<FileStamp> {
    try {
      return await stampAt(this.#pathOf(fileIndex));
    } catch (error) {
      if (error instanceof ContentMissingError) throw this.#markChanged(fileIndex, 'it is gone');
      if (error instanceof ContentChangedError) throw this.#markChanged(fileIndex, error.change);
      throw error;
    }
  }

  async #open(fileIndex: number): ReturnType<typeof openForReading> {
    const path = this.#pathOf(fileIndex);
    const handle = await openForReading(path).catch((error: unknown) => {
      throw error instanceof ContentMissingError ? this.#markChanged(fileIndex, 'it is gone') : error;
    });
    try {
      this.#compare(fileIndex, stampOf(await handle.stat({ bigint: true })));
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  #compare(fileIndex: number, stamp: FileStamp): void {
    const expected = this.stamps[fileIndex];
    const difference = expected === undefined ? 'it is no file' : stampDifference(expected, stamp);
    if (difference !== undefined) throw this.#markChanged(fileIndex, difference);
  }

  #markChanged(fileIndex: number, change: string): ContentChangedError {
    const error = this.#changed.get(fileIndex) ?? new ContentChangedError(this.#pathOf(fileIndex), change);
    this.#changed.set(fileIndex, error);
    return error;
  }

  #pathOf(fileIndex: number): string {
    const file = this.#files[fileIndex];
    if (file === undefined) throw new RangeError(`there is no file ${fileIndex}`);
    return contentFilePath(this.metainfo, this.path, file);
  }
}

async function stampAt(path: string): Promise<FileStamp> {
  try {
    const stats = await lstat(path, { bigint: true });
    if (!stats.isFile()) throw new ContentChangedError(path, 'something else took its place');
    return stampOf(stats);
  } catch (error) {
    if (error instanceof ContentChangedError) throw error;
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new ContentMissingError(path, error);
    throw new ContentUnreadableError(path, error);
  }
}
