import type { ChunkVerifier } from '@panal/torrent';
import type { ChunkLayout } from './chunk-layout.js';
import type { ChunkStore } from './chunk-store.js';
import { WRITES_MAX } from './limits.js';
import type { ReceivedBlock } from './source-link.js';

export interface BlockIntakeOptions {
  readonly store: ChunkStore;
  readonly layout: ChunkLayout;
  readonly createVerifier: (chunk: number) => ChunkVerifier;
  /** The block was released: written, or given up. */
  readonly onSettled: (kind: 'written' | 'unwritten', chunk: number, begin: number) => void;
  /** A write failed. Nothing more is written until `retry` succeeds. Told once for all writes that fail together. */
  readonly onTrouble: (error: unknown) => void;
}

interface Arrival {
  readonly block: ReceivedBlock;
  readonly chunk: number;
  readonly begin: number;
}

/**
 * The way of a block from a link to the disk: hashed at once, here or in a worker; written, a bounded number at a time;
 * released. While the disk refuses, blocks are held and not released, and so the links feel it.
 */
export class BlockIntake {
  readonly #verifiers = new Map<number, ChunkVerifier>();
  /** Blocks not handed to the store yet, or refused by it, in order. */
  readonly #waiting: Arrival[] = [];
  #writingCount = 0;
  #hashingCount = 0;
  #isHeld = false;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(private readonly options: BlockIntakeOptions) {}

  take(block: ReceivedBlock, chunk: number, begin: number): void {
    if (this.#isClosed) return block.release();
    let verifier = this.#verifiers.get(chunk);
    if (verifier === undefined) {
      verifier = this.options.createVerifier(chunk);
      this.#verifiers.set(chunk, verifier);
    }
    const hashed = verifier.addBlock(begin, block.bytes);
    if (hashed === undefined) return this.#enqueue({ block, chunk, begin });
    this.#hashingCount += 1;
    void hashed.then(() => {
      this.#hashingCount -= 1;
      this.#enqueue({ block, chunk, begin });
    });
  }

  /** Whether the chunk, all blocks of which were taken, is what the torrent says. Asked once. */
  judge(chunk: number): boolean {
    const isValid = this.#verifiers.get(chunk)?.isValid() ?? false;
    this.#verifiers.delete(chunk);
    return isValid;
  }

  forget(chunk: number): void {
    this.#verifiers.delete(chunk);
  }

  /** Tries one of the held blocks again. Rejects as the write does; on success the others follow by themselves. */
  async retry(): Promise<void> {
    const arrival = this.#waiting.shift();
    if (arrival !== undefined) {
      this.#writingCount += 1;
      await this.#write(arrival, () => this.#waiting.unshift(arrival));
    }
    this.#isHeld = false;
    this.#writeMore();
  }

  /** Gives up all held blocks but one, which is enough to try the disk with: others may need their memory. */
  giveUpHeld(): void {
    for (const { block, chunk, begin } of this.#waiting.splice(1)) {
      block.release();
      this.options.onSettled('unwritten', chunk, begin);
    }
  }

  /** Releases everything and settles when the store has nothing of it in hand any more. Nothing is told after it. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    for (const { block } of this.#waiting.splice(0)) block.release();
    if (this.#writingCount + this.#hashingCount === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #enqueue(arrival: Arrival): void {
    if (this.#isClosed) {
      arrival.block.release();
      return this.#tellIdle();
    }
    this.#waiting.push(arrival);
    this.#writeMore();
  }

  #tellIdle(): void {
    if (this.#isClosed && this.#writingCount + this.#hashingCount === 0) this.#onIdle?.();
  }

  #writeMore(): void {
    while (!this.#isHeld && this.#writingCount < WRITES_MAX) {
      const arrival = this.#waiting.shift();
      if (arrival === undefined) return;
      this.#writingCount += 1;
      this.#write(arrival, () => this.#waiting.unshift(arrival)).catch((error: unknown) => {
        if (this.#isClosed || this.#isHeld) return;
        this.#isHeld = true;
        this.options.onTrouble(error);
      });
    }
  }

  async #write(arrival: Arrival, keep: () => void): Promise<void> {
    const { block, chunk, begin } = arrival;
    let isKept = false;
    try {
      await this.options.store.write(this.options.layout.chunkStart(chunk) + begin, block.bytes);
    } catch (error) {
      isKept = !this.#isClosed;
      if (isKept) keep();
      throw error;
    } finally {
      this.#writingCount -= 1;
      if (!isKept) block.release();
      this.#tellIdle();
    }
    if (this.#isClosed) return;
    this.options.onSettled('written', chunk, begin);
    this.#writeMore();
  }
}
