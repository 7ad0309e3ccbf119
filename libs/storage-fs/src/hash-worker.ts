import { Worker } from 'node:worker_threads';
import { merkleRootOf, type RootOf } from '@panal/torrent';
import { HASH_WORKER_BLOCK_BYTES_MIN } from './limits.js';

/** Memory that tasks will name by `memoryId`, told once. */
export interface HashMemory {
  readonly memoryId: number;
  readonly memory: SharedArrayBuffer;
}

/** A block to hash. The thread answers with its root, in the order of the tasks. */
export interface HashTask {
  readonly memoryId: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly leafCount: number;
}

interface PendingTask {
  readonly bytes: Uint8Array;
  readonly leafCount: number;
  readonly resolve: (root: Buffer) => void;
}

/**
 * Hashes blocks of downloads on a thread of its own, without copying them, so that the main thread reads sockets
 * meanwhile. The thread starts with the first block. Small blocks, and bytes that are not shared, are hashed here: the
 * way to the thread and back costs about as much as 16 KiB of hashing. When the thread fails, everything is hashed here.
 * @see docs/designs/0003-one-hash-worker.md
 */
export class HashWorker {
  #worker: Worker | undefined;
  #isUsable = true;
  /** As many as there are block slots, which live as long as the process. */
  readonly #memoryIds = new Map<SharedArrayBuffer, number>();
  /** In the order the thread answers. As many as there are block slots. */
  #pending: PendingTask[] = [];

  /** @param file The thread's code; another one only in tests. */
  constructor(
    private readonly onFailed: (error: unknown) => void,
    private readonly file = threadFile(),
  ) {}

  /** As `merkleRootOf`. */
  readonly rootOf: RootOf = (bytes, leafCount) => {
    const { buffer, byteOffset, length } = bytes;
    const isHere = !this.#isUsable || length < HASH_WORKER_BLOCK_BYTES_MIN || !(buffer instanceof SharedArrayBuffer);
    if (isHere) return merkleRootOf(bytes, leafCount);
    this.#worker ??= this.#start();
    const task: HashTask = { memoryId: this.#idOf(buffer), offset: byteOffset, sizeBytes: length, leafCount };
    this.#worker.postMessage(task);
    return new Promise((resolve) => this.#pending.push({ bytes, leafCount, resolve }));
  };

  /**
   * Shared memory is sent once and named after that. Each time it is sent, both sides count it as new memory of their
   * own, and V8 collected garbage for a quarter of the time.
   */
  #idOf(memory: SharedArrayBuffer): number {
    const known = this.#memoryIds.get(memory);
    if (known !== undefined) return known;
    const told: HashMemory = { memoryId: this.#memoryIds.size, memory };
    this.#memoryIds.set(memory, told.memoryId);
    this.#worker?.postMessage(told);
    return told.memoryId;
  }

  /** Ends the thread; what it had in hand is hashed here. */
  async close(): Promise<void> {
    this.#isUsable = false;
    this.#hashPending();
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.file);
    worker.unref();
    worker.on('message', (root: Uint8Array) => this.#pending.shift()?.resolve(Buffer.from(root)));
    worker.on('error', (error) => {
      this.#isUsable = false;
      this.onFailed(error);
      this.#hashPending();
    });
    return worker;
  }

  #hashPending(): void {
    for (const { bytes, leafCount, resolve } of this.#pending.splice(0)) resolve(merkleRootOf(bytes, leafCount));
  }
}

/** Node 20 runs no TypeScript in a worker: from the sources, under Jest, the built file serves. */
function threadFile(): URL {
  const file = new URL('hash-worker.thread.js', import.meta.url);
  return import.meta.url.endsWith('.ts') ? new URL(file.href.replace('/libs/', '/dist/libs/')) : file;
}
