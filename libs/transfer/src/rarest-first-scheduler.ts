import type { Random } from '@panal/runtime';
import type { ChunkScheduler, ChunkSchedulerContext } from './chunk-scheduler.js';

/**
 * The chunk the fewest sources have goes first, a random one among equals, so that peers that start together fetch
 * different chunks and have something to trade. All chunks stand in one array sorted by availability; a step of one is
 * a swap at the border of two buckets, so every change is O(1) or O(number of distinct availabilities).
 * @see Legout et al., "Rarest First and Choke Algorithms Are Enough", IMC 2006
 */
export class RarestFirstScheduler implements ChunkScheduler {
  /** Wanted chunks, rarest first. */
  readonly #order: Int32Array;
  /** Where a chunk stands in `#order`; -1 when it is not wanted. */
  readonly #position: Int32Array;
  readonly #availability: Uint16Array;
  /** Bucket `a` ends, exclusively, at `#ends[a]`, and begins where bucket `a - 1` ends. */
  readonly #ends: number[] = [0];
  readonly #random: Random;

  constructor({ chunkCount, random }: ChunkSchedulerContext) {
    this.#order = new Int32Array(chunkCount);
    this.#position = new Int32Array(chunkCount).fill(-1);
    this.#availability = new Uint16Array(chunkCount);
    this.#random = random;
  }

  get size(): number {
    return this.#ends[this.#ends.length - 1] as number;
  }

  add(chunk: number, availability: number): void {
    while (this.#ends.length <= availability) this.#ends.push(this.size);
    this.#availability[chunk] = availability;
    // A hole opens behind the last bucket and moves down: the first of each bucket goes to the bucket's new last place.
    let hole = this.size;
    for (let bucket = this.#ends.length - 1; bucket > availability; bucket -= 1) {
      const first = this.#start(bucket);
      if (first !== hole) this.#place(this.#order[first] as number, hole);
      hole = first;
      this.#ends[bucket] = (this.#ends[bucket] as number) + 1;
    }
    this.#place(chunk, hole);
    this.#ends[availability] = hole + 1;
  }

  remove(chunk: number): void {
    let hole = this.#position[chunk] as number;
    if (hole < 0) return;
    this.#position[chunk] = -1;
    for (let bucket = this.#availability[chunk] as number; bucket < this.#ends.length; bucket += 1) {
      const last = (this.#ends[bucket] as number) - 1;
      if (last !== hole) this.#place(this.#order[last] as number, hole);
      hole = last;
      this.#ends[bucket] = last;
    }
  }

  availabilityChanged(chunk: number, availability: number): void {
    const before = this.#availability[chunk] as number;
    if (availability === before) return;
    while (this.#ends.length <= availability) this.#ends.push(this.size);
    this.#availability[chunk] = availability;
    if (availability > before) {
      // To the last place of its bucket, which then becomes the first of the next.
      const last = (this.#ends[before] as number) - 1;
      this.#swap(this.#position[chunk] as number, last);
      this.#ends[before] = last;
    } else {
      const first = this.#start(before);
      this.#swap(this.#position[chunk] as number, first);
      this.#ends[availability] = first + 1;
    }
  }

  pick(isOffered: (chunk: number) => boolean): number | undefined {
    for (let bucket = 0; bucket < this.#ends.length; bucket += 1) {
      const start = this.#start(bucket);
      const count = (this.#ends[bucket] as number) - start;
      if (count === 0) continue;
      const offset = this.#random.below(count);
      for (let step = 0; step < count; step += 1) {
        const chunk = this.#order[start + ((offset + step) % count)] as number;
        if (isOffered(chunk)) return chunk;
      }
    }
    return undefined;
  }

  #start(bucket: number): number {
    return bucket === 0 ? 0 : (this.#ends[bucket - 1] as number);
  }

  #place(chunk: number, position: number): void {
    this.#order[position] = chunk;
    this.#position[chunk] = position;
  }

  #swap(a: number, b: number): void {
    const [chunkA, chunkB] = [this.#order[a] as number, this.#order[b] as number];
    this.#place(chunkA, b);
    this.#place(chunkB, a);
  }
}
