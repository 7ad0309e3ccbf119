import type { ChunkScheduler, ChunkSchedulerContext } from './chunk-scheduler.js';

/** From the first chunk to the last: for content that is used while it arrives. Peers that start together trade little. */
export class SequentialScheduler implements ChunkScheduler {
  readonly #isWanted: Uint8Array;
  #size = 0;
  /** No chunk before it is wanted. */
  #cursor = 0;

  constructor({ chunkCount }: Pick<ChunkSchedulerContext, 'chunkCount'>) {
    this.#isWanted = new Uint8Array(chunkCount);
  }

  get size(): number {
    return this.#size;
  }

  add(chunk: number): void {
    this.#isWanted[chunk] = 1;
    this.#size += 1;
    this.#cursor = Math.min(this.#cursor, chunk);
  }

  remove(chunk: number): void {
    if (this.#isWanted[chunk] !== 1) return;
    this.#isWanted[chunk] = 0;
    this.#size -= 1;
  }

  availabilityChanged(): void {
    // How rare a chunk is does not matter here.
  }

  pick(isOffered: (chunk: number) => boolean): number | undefined {
    if (this.#size === 0) return undefined;
    while (this.#isWanted[this.#cursor] === 0) this.#cursor += 1;
    for (let chunk = this.#cursor; chunk < this.#isWanted.length; chunk += 1) {
      if (this.#isWanted[chunk] === 1 && isOffered(chunk)) return chunk;
    }
    return undefined;
  }
}
