import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ContentChangedError, ContentMissingError, ContentUnreadableError, systemCodeOf } from './errors.js';
import { type FileStamp, stampDifference, stampOf } from './file-stamp.js';
import { READ_BUFFER_SIZE_BYTES } from './limits.js';

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
 * @throws ContentChangedError when a file is not, or does not stay, what its stamp says; ContentMissingError,
 *   ContentUnreadableError; the reason of `signal`.
 */
export async function* readFiles(
  files: readonly FileToRead[],
  signal?: AbortSignal,
): AsyncGenerator<FilePortion, undefined> {
  const buffers = [Buffer.allocUnsafeSlow(READ_BUFFER_SIZE_BYTES), Buffer.allocUnsafeSlow(READ_BUFFER_SIZE_BYTES)];
  let turn = 0;
  for (const [fileIndex, file] of files.entries()) {
    const handle = await openForReading(file.path);
    try {
      await checkStamp(handle, file);
      const { sizeBytes } = file.stamp;
      let at = 0;
      do {
        signal?.throwIfAborted();
        const buffer = buffers[turn++ % 2] as Buffer;
        const bytes = buffer.subarray(0, Math.min(buffer.length, sizeBytes - at));
        await fill(handle, { path: file.path, bytes, position: at });
        at += bytes.length;
        if (at === sizeBytes) await checkStamp(handle, file);
        yield { fileIndex, bytes, isLast: at === sizeBytes };
      } while (at < sizeBytes);
    } finally {
      await handle.close();
    }
  }
  return undefined;
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
