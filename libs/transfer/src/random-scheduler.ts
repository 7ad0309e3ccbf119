import type { Random } from '@panal/runtime';
import type { ChunkScheduler, ChunkSchedulerContext } from './chunk-scheduler.js';

/** Any wanted chunk, each as likely as the others. Needs no knowledge of who has what. */
export class RandomScheduler implements ChunkScheduler {
  readonly #chunks: number[] = [];
  readonly #position: Int32Array;
  readonly #random: Random;

  constructor({ chunkCount, random }: ChunkSchedulerContext) {
    this.#position = new Int32Array(chunkCount).fill(-1);
    this.#random = random;
  }

  get size(): number {
    return this.#chunks.length;
  }

  add(chunk: number): void {
    this.#position[chunk] = this.#chunks.length;
    this.#chunks.push(chunk);
  }

  remove(chunk: number): void {
    const position = this.#position[chunk] as number;
    if (position < 0) return;
    this.#position[chunk] = -1;
    const last = this.#chunks.pop() as number;
    if (last === chunk) return;
    this.#chunks[position] = last;
    this.#position[last] = position;
  }

  availabilityChanged(): void {
    // How rare a chunk is does not matter here.
  }

  pick(isOffered: (chunk: number) => boolean): number | undefined {
    const count = this.#chunks.length;
    if (count === 0) return undefined;
    const offset = this.#random.below(count);
    for (let step = 0; step < count; step += 1) {
      const chunk = this.#chunks[(offset + step) % count] as number;
      if (isOffered(chunk)) return chunk;
    }
    return undefined;
  }
}
