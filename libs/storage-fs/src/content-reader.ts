import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ContentChangedError, ContentMissingError, ContentUnreadableError, systemCodeOf } from './errors.js';
import { type FileStamp, stampDifference, stampOf } from './file-stamp.js';
import { READ_BUFFER_SIZE_BYTES, SMALL_FILE_SIZE_BYTES_MAX, SMALL_FILES_IN_FLIGHT } from './limits.js';

/** A file to be read from its first to its last byte. */
export interface FileToRead {
  /** Absolute. */
  readonly path: string;
  /** What the file must be when it is opened, and still be after its last byte. */
  readonly stamp: FileStamp;
}

/** A portion of one file. `bytes` are the reader's again when the next portion is asked for. */
export interface FilePortion {
  readonly fileIndex: number;
  /** Empty only for an empty file. */
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/**
 * The bytes of all files in order, in portions of 1 MiB. Two buffers take turns, for use with `readAhead`: one is with
 * the caller while the other fills. Each portion costs a turn of the event loop, so the process stays responsive.
 * Of small files several are read at once, for with them opening and closing is what takes the time.
 * @throws ContentChangedError when a file is not, or does not stay, what its stamp says; ContentMissingError,
 *   ContentUnreadableError; the reason of `signal`.
 */
export async function* readFiles(
  files: readonly FileToRead[],
  signal?: AbortSignal,
): AsyncGenerator<FilePortion, undefined> {
  const buffers = new BufferPair();
  const small = new SmallFileLoads(files);
  try {
    for (const [fileIndex, file] of files.entries()) {
      signal?.throwIfAborted();
      if (isSmall(file)) yield { fileIndex, bytes: await small.take(fileIndex), isLast: true };
      else yield* readLargeFile(file, { fileIndex, buffers, signal });
    }
    return undefined;
  } finally {
    await small.settle();
  }
}

/** Two buffers by turns, across the border of two files as well: the last portion of one is still with the caller. */
export class BufferPair {
  readonly #buffers = [Buffer.allocUnsafeSlow(READ_BUFFER_SIZE_BYTES), Buffer.allocUnsafeSlow(READ_BUFFER_SIZE_BYTES)];
  #turn = 0;

  next(sizeBytes: number): Buffer {
    this.#turn += 1;
    return (this.#buffers[this.#turn % 2] as Buffer).subarray(0, sizeBytes);
  }
}

async function* readLargeFile(
  file: FileToRead,
  { fileIndex, buffers, signal }: { fileIndex: number; buffers: BufferPair; signal: AbortSignal | undefined },
): AsyncGenerator<FilePortion, undefined> {
  const { sizeBytes } = file.stamp;
  const handle = await openForReading(file.path);
  try {
    // Before the first byte too: an hour of reading a file that is not the one meant would be in vain.
    await checkStamp(handle, file);
    for (let at = 0; at < sizeBytes; ) {
      signal?.throwIfAborted();
      const bytes = buffers.next(Math.min(READ_BUFFER_SIZE_BYTES, sizeBytes - at));
      await fill(handle, { path: file.path, bytes, position: at });
      at += bytes.length;
      if (at === sizeBytes) await checkStamp(handle, file);
      yield { fileIndex, bytes, isLast: at === sizeBytes };
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

/**
 * Whole small files, the next ones read while one is at work. Their buffers go round: a fresh one for each of 50,000
 * files would stay in memory until the collector feels like it.
 */
class SmallFileLoads {
  readonly #loads = new Map<number, Promise<Buffer>>();
  readonly #buffers: Buffer[] = [];

  constructor(private readonly files: readonly FileToRead[]) {}

  take(fileIndex: number): Promise<Buffer> {
    const end = Math.min(this.files.length, fileIndex + SMALL_FILES_IN_FLIGHT);
    for (let index = fileIndex; index < end; index += 1) this.#start(index);
    const load = this.#loads.get(fileIndex) as Promise<Buffer>;
    this.#loads.delete(fileIndex);
    return load;
  }

  /** Settles when no file is open any more; what failed has nobody to go to. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#loads.values());
  }

  #start(fileIndex: number): void {
    const file = this.files[fileIndex] as FileToRead;
    if (!isSmall(file) || this.#loads.has(fileIndex)) return;
    const load = readSmallFile(file, this.#bufferOf(fileIndex, file.stamp.sizeBytes));
    // Its failure is thrown when its turn comes, if it comes.
    load.catch(() => undefined);
    this.#loads.set(fileIndex, load);
  }

  /** Of the file that is with the caller and the one read ahead the buffers are not touched. */
  #bufferOf(fileIndex: number, sizeBytes: number): Buffer {
    const place = fileIndex % (SMALL_FILES_IN_FLIGHT + 2);
    const known = this.#buffers[place];
    const buffer = known !== undefined && known.length >= sizeBytes ? known : Buffer.allocUnsafeSlow(sizeBytes);
    this.#buffers[place] = buffer;
    return buffer.subarray(0, sizeBytes);
  }
}

async function readSmallFile(file: FileToRead, bytes: Buffer): Promise<Buffer> {
  const handle = await openForReading(file.path);
  try {
    await fill(handle, { path: file.path, bytes, position: 0 });
    await checkStamp(handle, file);
    return bytes;
  } finally {
    await handle.close();
  }
}

function isSmall(file: FileToRead): boolean {
  return file.stamp.sizeBytes <= SMALL_FILE_SIZE_BYTES_MAX;
}

/** Opens a regular file and nothing else: a link is not followed, and a pipe does not block. */
export async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new ContentMissingError(path, error);
    if (code === 'ELOOP') throw new ContentChangedError(path, 'a link took its place');
    throw new ContentUnreadableError(path, error);
  }
}

/** Reads exactly `bytes.length` bytes. @throws ContentChangedError when the file ends before. */
async function fill(
  handle: FileHandle,
  { path, bytes, position }: { path: string; bytes: Uint8Array; position: number },
): Promise<void> {
  const count = await readFully(handle, bytes, position).catch((error: unknown) => {
    throw new ContentUnreadableError(path, error);
  });
  if (count < bytes.length) throw new ContentChangedError(path, 'it became shorter while it was read');
}

/** Reads until `bytes` is full or the file ends; gives the number of bytes read. */
export async function readFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let count = 0;
  while (count < bytes.length) {
    const { bytesRead } = await handle.read(bytes, count, bytes.length - count, position + count);
    if (bytesRead === 0) break;
    count += bytesRead;
  }
  return count;
}

async function checkStamp(handle: FileHandle, { path, stamp }: FileToRead): Promise<void> {
  const difference = stampDifference(stamp, stampOf(await handle.stat({ bigint: true })));
  if (difference !== undefined) throw new ContentChangedError(path, difference);
}
