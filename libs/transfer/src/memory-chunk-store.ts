import assert from 'node:assert/strict';
import { Bitfield } from '@panal/torrent';
import type { ChunkStore } from './chunk-store.js';

/** What a `MemoryChunkStore` can be told to fail, as a disk does. */
export type StoreOperation = 'write' | 'commit' | 'place' | 'finish';

/**
 * A chunk store in memory, for tests and simulations: it fails on demand, and `crash` forgets what a power cut would.
 * Every write is kept apart until `commit` or `finish` syncs it.
 */
export class MemoryChunkStore implements ChunkStore {
  readonly #synced: Buffer;
  readonly #content: Buffer;
  readonly #failures = new Map<StoreOperation, string>();
  #journal: Bitfield;
  #isPlaced = false;
  #isFinished = false;
  #isOpen = true;
  #writeCount = 0;

  constructor(
    readonly contentSizeBytes: number,
    chunkCount: number,
  ) {
    this.#synced = Buffer.alloc(contentSizeBytes);
    this.#content = Buffer.alloc(contentSizeBytes);
    this.#journal = new Bitfield(chunkCount);
  }

  /** What the journal names: what a download resumes with. A copy. */
  get journal(): Bitfield {
    return this.#journal.clone();
  }

  get isPlaced(): boolean {
    return this.#isPlaced;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get writeCount(): number {
    return this.#writeCount;
  }

  /** All bytes as they are now. A view. */
  get content(): Buffer {
    return this.#content;
  }

  /** From now on the operation rejects with this code, `ENOSPC` for example; undefined heals it. */
  fail(operation: StoreOperation, code: string | undefined): void {
    if (code === undefined) this.#failures.delete(operation);
    else this.#failures.set(operation, code);
  }

  /** The power was cut: what was not synced is gone. The store is open again, as after a start. */
  crash(): void {
    this.#content.set(this.#synced);
    this.#isOpen = true;
  }

  /** Opens what was closed, as a start does. */
  reopen(): void {
    this.#isOpen = true;
  }

  async read(contentOffset: number, into: Uint8Array): Promise<void> {
    this.#check(contentOffset, into.length);
    into.set(this.#content.subarray(contentOffset, contentOffset + into.length));
  }

  async write(contentOffset: number, bytes: Uint8Array): Promise<void> {
    this.#check(contentOffset, bytes.length);
    this.#failIfTold('write');
    this.#writeCount += 1;
    this.#content.set(bytes, contentOffset);
  }

  async commit(done: Bitfield): Promise<void> {
    assert(this.#isOpen, 'the store is open');
    this.#failIfTold('commit');
    this.#synced.set(this.#content);
    this.#journal = done.clone();
  }

  async place(): Promise<void> {
    assert(this.#isOpen, 'the store is open');
    this.#failIfTold('place');
    this.#isPlaced = true;
  }

  async finish(): Promise<void> {
    await this.place();
    this.#failIfTold('finish');
    this.#synced.set(this.#content);
    this.#isFinished = true;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  #failIfTold(operation: StoreOperation): void {
    const code = this.#failures.get(operation);
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${operation}`), { code });
  }

  #check(contentOffset: number, lengthBytes: number): void {
    assert(this.#isOpen, 'the store is open');
    if (contentOffset < 0 || contentOffset + lengthBytes > this.contentSizeBytes) {
      throw new RangeError(`${lengthBytes} bytes from ${contentOffset} leave the content of ${this.contentSizeBytes}`);
    }
  }
}
