import type { ChunkScheduler, ChunkSchedulerContext, ChunkSchedulerFactory } from 'panal/plugin-api';

/** From the last chunk to the first. */
class LastFirstScheduler implements ChunkScheduler {
  readonly #isWanted: Uint8Array;
  #size = 0;

  constructor({ chunkCount }: ChunkSchedulerContext) {
    this.#isWanted = new Uint8Array(chunkCount);
  }

  get size(): number {
    return this.#size;
  }

  add(chunk: number): void {
    this.#isWanted[chunk] = 1;
    this.#size += 1;
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
    for (let chunk = this.#isWanted.length - 1; chunk >= 0; chunk -= 1) {
      if (this.#isWanted[chunk] === 1 && isOffered(chunk)) return chunk;
    }
    return undefined;
  }
}

/** `panal get NAME --scheduler last-first` */
export const lastFirst: ChunkSchedulerFactory = {
  name: 'last-first',
  create: (context) => new LastFirstScheduler(context),
};
