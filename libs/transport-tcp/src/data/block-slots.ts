/** A borrowed buffer for one block. `bytes` is the block; after `release` it belongs to somebody else. */
export interface BlockSlot {
  readonly bytes: Buffer;
  release(): void;
}

/**
 * Buffers for blocks on their way from a socket to the disk or back. They are reused, because a fresh megabyte per block
 * costs page faults and garbage, and counted, because their number is what bounds a peer's memory.
 */
export class BlockSlots {
  readonly #free: Buffer[] = [];
  readonly #waiting = new Set<(buffer: Buffer) => void>();
  /** Of all slots. The system gives it out page by page, with the first use of each. */
  #memory: SharedArrayBuffer | undefined;
  #allocated = 0;

  constructor(
    private readonly slotBytes: number,
    private readonly slotCountMax: number,
  ) {}

  /** A slot at once, or `undefined` when all are in use. `sizeBytes` is at most the pool's slot size. */
  take(sizeBytes: number): BlockSlot | undefined {
    const buffer = this.#free.pop() ?? this.#allocate();
    return buffer === undefined ? undefined : this.#lend(buffer, sizeBytes);
  }

  /**
   * Calls back with a slot when one is free, in order of asking.
   * @returns Withdraws the wish; after the callback it does nothing.
   */
  wait(sizeBytes: number, callback: (slot: BlockSlot) => void): () => void {
    const slot = this.#waiting.size === 0 ? this.take(sizeBytes) : undefined;
    if (slot !== undefined) {
      callback(slot);
      return () => undefined;
    }
    const waiter = (buffer: Buffer): void => callback(this.#lend(buffer, sizeBytes));
    this.#waiting.add(waiter);
    return () => void this.#waiting.delete(waiter);
  }

  #allocate(): Buffer | undefined {
    if (this.#allocated >= this.slotCountMax) return undefined;
    this.#memory ??= pagedMemory(this.slotBytes * this.slotCountMax);
    const buffer = Buffer.from(this.#memory, this.#allocated * this.slotBytes, this.slotBytes);
    this.#allocated += 1;
    return buffer;
  }

  #lend(buffer: Buffer, sizeBytes: number): BlockSlot {
    let isLent = true;
    return {
      bytes: buffer.subarray(0, sizeBytes),
      release: () => {
        if (!isLent) return;
        isLent = false;
        this.#giveBack(buffer);
      },
    };
  }

  #giveBack(buffer: Buffer): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free.push(buffer);
      return;
    }
    this.#waiting.delete(next);
    next(buffer);
  }
}

const WASM_PAGE_BYTES = 64 * 1024;

/** Types of Node leave it out. */
declare const WebAssembly: {
  readonly Memory: new (size: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

/**
 * Shared memory, so that a worker can hash a block where it lies, that begins on a page border, so that the disk itself
 * can move it: of all memory JavaScript can have, only that of WebAssembly does. Without it, memory that begins anywhere.
 */
function pagedMemory(sizeBytes: number): SharedArrayBuffer {
  const pageCount = Math.ceil(sizeBytes / WASM_PAGE_BYTES);
  try {
    const memory = new WebAssembly.Memory({ initial: pageCount, maximum: pageCount, shared: true });
    return memory.buffer;
  } catch {
    // No WebAssembly here (--jitless), or no room for the borders it keeps around its memory (ulimit -v).
    return new SharedArrayBuffer(sizeBytes);
  }
}
