import { BLOCK_SIZE_MAX } from './limits.js';
import type { Metainfo } from './metainfo.js';

/** A run of bytes inside one file. */
export interface FileSegment {
  readonly fileIndex: number;
  readonly fileOffset: number;
  /** At least 1. */
  readonly lengthBytes: number;
}

/** What geometry needs of a torrent. */
export type ChunkedContent = Pick<Metainfo, 'format' | 'chunkSizeBytes' | 'files'>;

/**
 * Where chunks and files lie. "Content" is all files end to end, in order; a content offset counts bytes in it.
 * In v2 and hybrid a chunk never crosses a file: a file of n chunk sizes and a bit has n + 1 chunks, an empty one none.
 * In v1 chunks cut the content, padding included, regardless of files.
 * Offsets and chunks outside the content are a bug of the caller and throw RangeError.
 */
export class ChunkGeometry {
  readonly chunkSizeBytes: number;
  readonly chunkCount: number;
  readonly contentSizeBytes: number;
  /** What one request asks for: a chunk, or 1 MiB of it. */
  readonly blockSizeBytes: number;
  readonly fileCount: number;
  readonly #chunksFollowFiles: boolean;
  /** Content offset of each file, and of the end. */
  readonly #fileStarts: Float64Array;
  /** First chunk of each file, and the number of chunks. Unused in v1. */
  readonly #fileChunks: Uint32Array;

  constructor({ format, chunkSizeBytes, files }: ChunkedContent) {
    this.chunkSizeBytes = chunkSizeBytes;
    this.blockSizeBytes = Math.min(BLOCK_SIZE_MAX, chunkSizeBytes);
    this.fileCount = files.length;
    this.#chunksFollowFiles = format !== 'v1';
    this.#fileStarts = new Float64Array(files.length + 1);
    this.#fileChunks = new Uint32Array(files.length + 1);
    let start = 0;
    let chunk = 0;
    for (const [index, { sizeBytes }] of files.entries()) {
      start += sizeBytes;
      chunk += Math.ceil(sizeBytes / chunkSizeBytes);
      this.#fileStarts[index + 1] = start;
      this.#fileChunks[index + 1] = chunk;
    }
    this.contentSizeBytes = start;
    this.chunkCount = this.#chunksFollowFiles ? chunk : Math.ceil(start / chunkSizeBytes);
  }

  /** Content offset of the chunk's first byte. */
  chunkStart(chunk: number): number {
    this.#checkChunk(chunk);
    if (!this.#chunksFollowFiles) return chunk * this.chunkSizeBytes;
    const file = lastAtMost(this.#fileChunks, chunk);
    return this.fileStart(file) + (chunk - (this.#fileChunks[file] as number)) * this.chunkSizeBytes;
  }

  /** 1 to `chunkSizeBytes`. */
  chunkSize(chunk: number): number {
    this.#checkChunk(chunk);
    if (!this.#chunksFollowFiles) {
      return Math.min(this.chunkSizeBytes, this.contentSizeBytes - chunk * this.chunkSizeBytes);
    }
    const file = lastAtMost(this.#fileChunks, chunk);
    const before = (chunk - (this.#fileChunks[file] as number)) * this.chunkSizeBytes;
    return Math.min(this.chunkSizeBytes, this.fileStart(file + 1) - this.fileStart(file) - before);
  }

  /** The chunk that holds the byte at `contentOffset`. */
  chunkAt(contentOffset: number): number {
    const file = this.fileAt(contentOffset);
    if (!this.#chunksFollowFiles) return Math.floor(contentOffset / this.chunkSizeBytes);
    return (
      (this.#fileChunks[file] as number) + Math.floor((contentOffset - this.fileStart(file)) / this.chunkSizeBytes)
    );
  }

  /** Index of the file that holds the byte at `contentOffset`. */
  fileAt(contentOffset: number): number {
    if (!(contentOffset >= 0 && contentOffset < this.contentSizeBytes)) {
      throw new RangeError(`content offset ${contentOffset} is outside 0 to ${this.contentSizeBytes - 1}`);
    }
    return lastAtMost(this.#fileStarts, contentOffset);
  }

  /** Index of the file in which the chunk begins; in v2 and hybrid the only one. */
  fileOf(chunk: number): number {
    return this.fileAt(this.chunkStart(chunk));
  }

  /** Content offset of a file; `fileCount` gives the end of the content. */
  fileStart(fileIndex: number): number {
    const start = this.#fileStarts[fileIndex];
    if (start === undefined) throw new RangeError(`there is no file ${fileIndex} among ${this.fileCount}`);
    return start;
  }

  /** The chunks that hold bytes of a file: `first` to `first + count - 1`; `count` is 0 for an empty file. */
  chunksOf(fileIndex: number): { readonly first: number; readonly count: number } {
    const start = this.fileStart(fileIndex);
    const end = this.fileStart(fileIndex + 1);
    if (this.#chunksFollowFiles) {
      const first = this.#fileChunks[fileIndex] as number;
      return { first, count: (this.#fileChunks[fileIndex + 1] as number) - first };
    }
    const first = Math.floor(start / this.chunkSizeBytes);
    return { first, count: start === end ? 0 : Math.floor((end - 1) / this.chunkSizeBytes) - first + 1 };
  }

  /** The range cut at file borders, in order; empty files are not in it. An empty range gives an empty list. */
  segments(contentOffset: number, lengthBytes: number): FileSegment[] {
    if (lengthBytes === 0) return [];
    const end = contentOffset + lengthBytes;
    if (!(lengthBytes > 0 && end <= this.contentSizeBytes)) {
      throw new RangeError(`${lengthBytes} bytes from ${contentOffset} leave the content of ${this.contentSizeBytes}`);
    }
    const segments: FileSegment[] = [];
    let at = contentOffset;
    for (let fileIndex = this.fileAt(contentOffset); at < end; fileIndex += 1) {
      const segmentEnd = Math.min(end, this.fileStart(fileIndex + 1));
      if (segmentEnd === at) continue;
      segments.push({ fileIndex, fileOffset: at - this.fileStart(fileIndex), lengthBytes: segmentEnd - at });
      at = segmentEnd;
    }
    return segments;
  }

  #checkChunk(chunk: number): void {
    if (!Number.isInteger(chunk) || chunk < 0 || chunk >= this.chunkCount) {
      throw new RangeError(`there is no chunk ${chunk} among ${this.chunkCount}`);
    }
  }
}

/**
 * Index of the last entry that is at most `value`; entries ascend, the first is 0. Of equal entries the last is the one
 * with something in it: the others begin files that are empty.
 */
function lastAtMost(entries: Float64Array | Uint32Array, value: number): number {
  let low = 0;
  let high = entries.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((entries[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
