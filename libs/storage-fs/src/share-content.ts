import {
  CHUNK_COUNT_MAX,
  ChunkGeometry,
  checkTorrent,
  chunkSizeFor,
  createTorrent,
  FileHasher,
  type HashedFile,
  type Metainfo,
  MetainfoError,
  PieceHasher,
  padsFiles,
  type TorrentFormat,
} from '@panal/torrent';
import { type FileToRead, readFiles } from './content-reader.js';
import { type ScannedContent, type ScannedFile, scanContent } from './content-scan.js';
import type { FileStamp } from './file-stamp.js';
import { readAhead } from './read-ahead.js';

export interface ShareOptions {
  /** A file or directory. */
  readonly path: string;
  readonly format: TorrentFormat;
  /** A power of two from 16 KiB to 16 MiB; chosen by size when absent. */
  readonly chunkSizeBytes?: number;
  /** Called after each portion (1 MiB or the rest of a file); must be quick. */
  readonly onProgress?: (progress: ContentProgress) => void;
  readonly signal?: AbortSignal;
}

/** How far reading a content has come. */
export interface ContentProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface HashedContent {
  readonly metainfo: Metainfo;
  /** Absolute path of the file or directory. */
  readonly path: string;
  /** One for each entry of `metainfo.files`; undefined for a link. For `SharedContent`. */
  readonly stamps: readonly (FileStamp | undefined)[];
}

/**
 * Reads and hashes what is at `path` and makes its torrent. The same content gives the same torrent on every machine.
 * @throws ContentChangedError when something writes to it meanwhile. @throws PathError, MetainfoError before the first
 *   byte is read, when a name or the chunk size is not possible. @see scanContent for what else cannot be shared.
 */
export async function shareContent(options: ShareOptions): Promise<HashedContent> {
  const { format, onProgress, signal } = options;
  const scanned = await scanContent(options.path, { signal });
  const chunkSizeBytes = options.chunkSizeBytes ?? chunkSizeFor(scanned.sizeBytes);
  checkBeforeReading(scanned, chunkSizeBytes, format);
  const hashing = new ContentHashing(scanned, chunkSizeBytes, format);
  const totalBytes = scanned.sizeBytes;
  let doneBytes = 0;
  onProgress?.({ doneBytes, totalBytes });
  for await (const { fileIndex, bytes, isLast } of readAhead(readFiles(hashing.filesToRead, signal))) {
    hashing.push(bytes);
    if (isLast) hashing.endFile(fileIndex);
    doneBytes += bytes.length;
    onProgress?.({ doneBytes, totalBytes });
  }
  const metainfo = hashing.finish();
  const stamps = new Map(scanned.files.map(({ path, stamp }) => [path.join('/'), stamp]));
  return { metainfo, path: scanned.path, stamps: metainfo.files.map(({ path }) => stamps.get(path.join('/'))) };
}

/** Names and sizes decide most of what can be wrong: found out now, and not after an hour of hashing. */
function checkBeforeReading(scanned: ScannedContent, chunkSizeBytes: number, format: TorrentFormat): void {
  const { name, isDirectory, files, emptyDirectories } = scanned;
  checkTorrent({ name, isDirectory, chunkSizeBytes, files, emptyDirectories });
  const { chunkCount } = new ChunkGeometry({
    format,
    chunkSizeBytes,
    files: files.map((file) => ({ ...file, isPadding: false })),
  });
  if (chunkCount > CHUNK_COUNT_MAX) {
    throw new MetainfoError(
      'too_many_chunks',
      'the chunk size',
      `of ${chunkSizeBytes} bytes makes ${chunkCount} chunks; at most ${CHUNK_COUNT_MAX} are possible`,
    );
  }
}

/** Both hashes of a content, fed file by file in content order. */
class ContentHashing {
  readonly filesToRead: readonly FileToRead[];
  readonly #read: readonly ScannedFile[];
  readonly #hashed = new Map<ScannedFile, HashedFile>();
  readonly #pieces: PieceHasher | undefined;
  #hasher: FileHasher | undefined;

  constructor(
    private readonly scanned: ScannedContent,
    private readonly chunkSizeBytes: number,
    private readonly format: TorrentFormat,
  ) {
    this.#read = scanned.files.filter((file) => file.stamp !== undefined);
    this.filesToRead = this.#read.map(({ absolutePath, stamp }) => ({ path: absolutePath, stamp: stamp as FileStamp }));
    this.#pieces = format === 'v2' ? undefined : new PieceHasher({ chunkSizeBytes });
    this.#begin(0);
  }

  push(bytes: Uint8Array): void {
    this.#hasher?.push(bytes);
    this.#pieces?.push(bytes);
  }

  endFile(fileIndex: number): void {
    const file = this.#read[fileIndex] as ScannedFile;
    this.#hashed.set(file, { ...file, ...this.#hasher?.finish() });
    if (padsFiles(this.format, this.scanned.files.length)) this.#pieces?.pad();
    this.#begin(fileIndex + 1);
  }

  finish(): Metainfo {
    const { name, isDirectory, files, emptyDirectories } = this.scanned;
    return createTorrent({
      name,
      isDirectory,
      chunkSizeBytes: this.chunkSizeBytes,
      format: this.format,
      files: files.map((file) => this.#hashed.get(file) ?? file),
      emptyDirectories,
      pieces: this.#pieces?.finish(),
    });
  }

  #begin(fileIndex: number): void {
    const file = this.#read[fileIndex];
    if (this.format === 'v1' || file === undefined) return;
    this.#hasher = new FileHasher({ sizeBytes: file.sizeBytes, chunkSizeBytes: this.chunkSizeBytes });
  }
}
