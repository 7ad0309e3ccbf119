import { type FileHandle } from 'node:fs/promises';
import type { ChunkGeometry, Metainfo } from '@panal/torrent';
import { contentFilePath } from './content-layout.js';
import { BufferPair, openForReading, readFully } from './content-reader.js';
import { ContentChangedError, ContentMissingError, ContentUnreadableError } from './errors.js';
import type { FileState } from './file-states.js';
import { HandleCache } from './handle-cache.js';
import { READ_BUFFER_SIZE_BYTES } from './limits.js';

/** A block of a chunk as it lies on the disk; `bytes` is undefined when not all of it is there. */
export interface ContentBlock {
  readonly chunk: number;
  readonly begin: number;
  readonly lengthBytes: number;
  readonly bytes: Uint8Array | undefined;
}

export interface BlocksToRead {
  readonly metainfo: Metainfo;
  readonly geometry: ChunkGeometry;
  readonly path: string;
  /** One for each file; a file that turns out to be gone or closed to us gets its new state here. */
  readonly states: FileState[];
}

/** Blocks are read once and in order: more than the file at hand and the one before it are of no use. */
const HANDLES_MAX = 2;

/** Every block of every chunk in order, at most 1 MiB each. Two buffers take turns, for use with `readAhead`. */
export async function* readBlocks(source: BlocksToRead): AsyncGenerator<ContentBlock, undefined> {
  const { metainfo, geometry, path } = source;
  const buffers = new BufferPair();
  const open = (index: number): Promise<FileHandle> => {
    const file = metainfo.files[index];
    if (file === undefined) throw new RangeError(`there is no file ${index}`);
    return openForReading(contentFilePath(metainfo, path, file));
  };
  const handles = new HandleCache({ open, handleCountMax: HANDLES_MAX });
  try {
    for (let chunk = 0; chunk < geometry.chunkCount; chunk += 1) {
      const chunkSize = geometry.chunkSize(chunk);
      for (let begin = 0; begin < chunkSize; begin += READ_BUFFER_SIZE_BYTES) {
        const lengthBytes = Math.min(READ_BUFFER_SIZE_BYTES, chunkSize - begin);
        const bytes = buffers.next(lengthBytes);
        const isWhole = await readBlock(source, { handles, contentOffset: geometry.chunkStart(chunk) + begin, bytes });
        yield { chunk, begin, lengthBytes, bytes: isWhole ? bytes : undefined };
      }
    }
    return undefined;
  } finally {
    await handles.close();
  }
}

async function readBlock(
  { metainfo, geometry, states }: BlocksToRead,
  { handles, contentOffset, bytes }: { handles: HandleCache; contentOffset: number; bytes: Uint8Array },
): Promise<boolean> {
  let filled = 0;
  for (const { fileIndex, fileOffset, lengthBytes } of geometry.segments(contentOffset, bytes.length)) {
    const part = bytes.subarray(filled, filled + lengthBytes);
    filled += lengthBytes;
    if (metainfo.files[fileIndex]?.isPadding === true) {
      part.fill(0);
      continue;
    }
    if (isUnreadable(states[fileIndex])) return false;
    try {
      const count = await handles.use(fileIndex, (handle) => readFully(handle, part, fileOffset));
      if (count < part.length) return false;
    } catch (error) {
      states[fileIndex] = stateAfter(error);
      return false;
    }
  }
  return true;
}

function isUnreadable(state: FileState | undefined): boolean {
  return state === 'missing' || state === 'wrong_kind' || state === 'unreadable';
}

/** A bad sector is a finding about this file, like a missing one; what is not the disk's doing is thrown on. */
function stateAfter(error: unknown): FileState {
  if (error instanceof ContentMissingError) return 'missing';
  if (error instanceof ContentChangedError) return 'wrong_kind';
  const isSystemError = typeof error === 'object' && error !== null && 'syscall' in error;
  if (error instanceof ContentUnreadableError || isSystemError) return 'unreadable';
  throw error;
}
