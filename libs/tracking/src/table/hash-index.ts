import { HASH_PART_SIZE } from './limits.js';
import { NONE, type Slab } from './slab.js';

const SHIFT = Math.log2(HASH_PART_SIZE);
const MASK = HASH_PART_SIZE - 1;

export interface HashIndexOptions {
  readonly slab: Slab;
  /** The word of a row that the index links it with. */
  readonly linkWord: number;
  /** The hash a row was added with, 32 bits. */
  readonly hashOf: (row: number) => number;
}

/**
 * Finds rows of a slab by hash. Linear hashing: each row that is added splits one chain in two, so the index grows without
 * ever stopping to rehash. It does not shrink: the largest it was is what it will need again.
 * @see Litwin, "Linear Hashing: A New Tool for File and Table Addressing", VLDB 1980
 */
export class HashIndex {
  readonly #parts: Uint32Array[] = [new Uint32Array(HASH_PART_SIZE)];
  /** Chains at the start of this round of splitting, a power of two, and how many of them are split so far. */
  #roundSize = HASH_PART_SIZE;
  #splitCount = 0;
  #count = 0;

  constructor(private readonly options: HashIndexOptions) {}

  /** The first row that may have the hash. The caller compares keys: `for (row = first(h); row !== NONE; row = next(row))`. */
  first(hash: number): number {
    return this.#head(this.#chainOf(hash));
  }

  next(row: number): number {
    return this.options.slab.get(row, this.options.linkWord);
  }

  add(row: number, hash: number): void {
    this.#push(this.#chainOf(hash), row);
    this.#count += 1;
    if (this.#count > this.#roundSize + this.#splitCount) this.#split();
  }

  /** @param row Must have been added with `hash`. */
  remove(row: number, hash: number): void {
    const { slab, linkWord } = this.options;
    const chain = this.#chainOf(hash);
    const next = slab.get(row, linkWord);
    slab.set(row, linkWord, NONE);
    this.#count -= 1;
    let at = this.#head(chain);
    if (at === row) return this.#setHead(chain, next);
    while (slab.get(at, linkWord) !== row) at = slab.get(at, linkWord);
    slab.set(at, linkWord, next);
  }

  #chainOf(hash: number): number {
    const chain = hash & (this.#roundSize - 1);
    return chain < this.#splitCount ? hash & (this.#roundSize * 2 - 1) : chain;
  }

  #split(): void {
    const chain = this.#splitCount;
    if ((this.#roundSize + chain) >>> SHIFT >= this.#parts.length) this.#parts.push(new Uint32Array(HASH_PART_SIZE));
    let row = this.#head(chain);
    this.#setHead(chain, NONE);
    this.#splitCount += 1;
    while (row !== NONE) {
      const next = this.next(row);
      this.#push(this.#chainOf(this.options.hashOf(row)), row);
      row = next;
    }
    if (this.#splitCount < this.#roundSize) return;
    this.#roundSize *= 2;
    this.#splitCount = 0;
  }

  #push(chain: number, row: number): void {
    this.options.slab.set(row, this.options.linkWord, this.#head(chain));
    this.#setHead(chain, row);
  }

  #head(chain: number): number {
    return (this.#parts[chain >>> SHIFT] as Uint32Array)[chain & MASK] as number;
  }

  #setHead(chain: number, row: number): void {
    (this.#parts[chain >>> SHIFT] as Uint32Array)[chain & MASK] = row;
  }
}
