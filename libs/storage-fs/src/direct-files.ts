import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { systemCodeOf } from './errors.js';
import { HandleCache } from './handle-cache.js';
import { DIRECT_HANDLES_MAX, DIRECT_REFUSALS_MAX, DIRECT_SIZE_BYTES_MIN, PAGE_SIZE_BYTES } from './limits.js';
import type { WritePace } from './write-pace.js';

/** Added to the flags of `open`: past the page cache. Not every system has it. */
export const DIRECT_FLAG: number | undefined = constants.O_DIRECT;

/** Bytes of a file, where they lie in it. */
export interface FilePart {
  readonly fileIndex: number;
  readonly fileOffset: number;
  readonly bytes: Uint8Array;
}

/**
 * The same files as through the page cache, and past it: whole pages between the disk and the block slots, which the disk
 * itself moves. Whatever cannot go this way (small or odd parts, memory off a page border, file systems without it) is
 * left to the caller. Both ways see each other's bytes.
 * @see docs/designs/0005-past-the-page-cache.md
 */
export class DirectFiles {
  readonly #handles: HandleCache;
  #isUsable = DIRECT_FLAG !== undefined;
  /** In a row. Memory off a page border is refused as well, so a single one says nothing. */
  #refusalCount = 0;

  /** @param open Opens file `index` with `DIRECT_FLAG`. */
  constructor(
    open: (index: number) => Promise<FileHandle>,
    private readonly pace: WritePace,
  ) {
    this.#handles = new HandleCache({ open, handleCountMax: DIRECT_HANDLES_MAX });
  }

  /** Whether `part` can go this way: whole pages. Only block slots are shared memory, and only they lie on page borders. */
  isFor({ bytes, fileOffset }: FilePart): boolean {
    if (!this.#isUsable || bytes.length < DIRECT_SIZE_BYTES_MIN) return false;
    if (!(bytes.buffer instanceof SharedArrayBuffer)) return false;
    return [bytes.length, bytes.byteOffset, fileOffset].every((at) => at % PAGE_SIZE_BYTES === 0);
  }

  /** @returns Whether all of it is written; if not, write it all through the cache. Throws as a write does. */
  write({ fileIndex, fileOffset, bytes }: FilePart): Promise<boolean> {
    return this.#move(fileIndex, async (handle) => {
      const write = (): Promise<{ bytesWritten: number }> => handle.write(bytes, 0, bytes.length, fileOffset);
      const { bytesWritten } = await this.pace.direct(bytes.length, write);
      return bytesWritten === bytes.length;
    });
  }

  /** @returns Whether all of it is there; if not, read it all through the cache. Throws as a read does. */
  read({ fileIndex, fileOffset, bytes }: FilePart): Promise<boolean> {
    return this.#move(fileIndex, async (handle) => {
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, fileOffset);
      return bytesRead === bytes.length;
    });
  }

  async close(): Promise<void> {
    await this.#handles.close();
  }

  async #move(fileIndex: number, move: (handle: FileHandle) => Promise<boolean>): Promise<boolean> {
    try {
      const isMoved = await this.#handles.use(fileIndex, move);
      this.#refusalCount = 0;
      return isMoved;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#refusalCount += 1;
      if (this.#refusalCount >= DIRECT_REFUSALS_MAX) this.#isUsable = false;
      return false;
    }
  }
}

/** The file system, or the device under it, does not do this. */
function isRefusal(error: unknown): boolean {
  return ['EINVAL', 'EOPNOTSUPP', 'ENOTSUP'].includes(systemCodeOf(error) ?? '');
}
