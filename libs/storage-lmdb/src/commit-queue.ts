import type { ClusterRecord } from '@panal/cluster';
import { COMMIT_SIZE_BYTES_MAX } from './limits.js';
import { packedSize, WriteBatch } from './write-batch.js';

/** How far the queue reaches: changes of any kind, and calls of `append` alone. */
export interface QueueMark {
  readonly change: number;
  readonly sequence: number;
}

/** What is written at once. */
export interface Commit {
  readonly bytes: Buffer;
  readonly itemCount: number;
  /** Once it is written, everything asked for up to this mark is. */
  readonly upTo: QueueMark;
}

/** Changes that wait for the disk, in the order they were asked for, packed into commits of COMMIT_SIZE_BYTES_MAX at most. */
export class CommitQueue {
  #gathering = new WriteBatch();
  #ready: Commit[] = [];
  #readySizeBytes = 0;
  #upTo: QueueMark = { change: 0, sequence: 0 };

  get sizeBytes(): number {
    return this.#readySizeBytes + this.#gathering.sizeBytes;
  }

  /** There is more than fits into one commit. */
  get hasFullCommit(): boolean {
    return this.#ready.length > 0;
  }

  put(record: ClusterRecord): void {
    const isOver = this.#gathering.sizeBytes + packedSize(record) > COMMIT_SIZE_BYTES_MAX;
    if (isOver && this.#gathering.itemCount > 0) this.#seal();
    this.#gathering.put(record);
  }

  /** Adds what is no record: a few bytes. */
  add(fill: (batch: WriteBatch) => void): void {
    fill(this.#gathering);
  }

  /** Everything up to this mark is in the queue now. */
  reach(mark: QueueMark): void {
    this.#upTo = mark;
  }

  /** The commit that is due next, which stays here until `shift`. `undefined` where nothing waits. */
  next(): Commit | undefined {
    if (this.#ready.length === 0 && this.#gathering.itemCount > 0) this.#seal();
    return this.#ready[0];
  }

  /** Drops the commit that `next` gave: it is written. */
  shift(): void {
    const commit = this.#ready.shift();
    this.#readySizeBytes -= commit?.bytes.length ?? 0;
  }

  #seal(): void {
    const { itemCount } = this.#gathering;
    const bytes = this.#gathering.bytes();
    this.#ready.push({ bytes, itemCount, upTo: this.#upTo });
    this.#readySizeBytes += bytes.length;
    this.#gathering = new WriteBatch();
  }
}
