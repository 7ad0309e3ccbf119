import type { FileHandle } from 'node:fs/promises';

interface CachedHandle {
  readonly opening: Promise<FileHandle>;
  userCount: number;
}

/**
 * Open files by index, least recently used closed first. A handle in use is never closed, so the bound may be passed
 * for as long as more files than that are in use at once.
 */
export class HandleCache {
  readonly #handles = new Map<number, CachedHandle>();
  #handleCountMax: number;
  readonly #open: (index: number) => Promise<FileHandle>;

  constructor({ open, handleCountMax }: { open: (index: number) => Promise<FileHandle>; handleCountMax: number }) {
    this.#open = open;
    this.#handleCountMax = handleCountMax;
  }

  get size(): number {
    return this.#handles.size;
  }

  /** Runs `task` with the handle of file `index`, opened when it is not open yet. The handle is the cache's. */
  async use<T>(index: number, task: (handle: FileHandle) => Promise<T>): Promise<T> {
    const cached = this.#take(index);
    cached.userCount += 1;
    try {
      return await task(await cached.opening);
    } finally {
      cached.userCount -= 1;
      await this.#trim();
    }
  }

  /** Closes every idle handle now, and each of the others as soon as it is idle. */
  async close(): Promise<void> {
    this.#handleCountMax = 0;
    await this.#trim();
  }

  #take(index: number): CachedHandle {
    const known = this.#handles.get(index);
    if (known !== undefined) {
      // Maps keep the order of insertion: taken out and put back, an entry is the most recent one.
      this.#handles.delete(index);
      this.#handles.set(index, known);
      return known;
    }
    const cached: CachedHandle = { opening: this.#open(index), userCount: 0 };
    this.#handles.set(index, cached);
    // A failed open is not kept: the next use tries again. The failure itself goes to whoever waits in `use`.
    cached.opening.catch(() => {
      if (this.#handles.get(index) === cached) this.#handles.delete(index);
    });
    return cached;
  }

  async #trim(): Promise<void> {
    for (const [index, cached] of this.#handles) {
      if (this.#handles.size <= this.#handleCountMax) return;
      if (cached.userCount > 0) continue;
      this.#handles.delete(index);
      await closeQuietly(cached);
    }
  }
}

/** A close after a finished write or read tells nothing that the sync before it did not: its error has no reader. */
async function closeQuietly(cached: CachedHandle): Promise<void> {
  const handle = await cached.opening.catch(() => undefined);
  await handle?.close().catch(() => undefined);
}
