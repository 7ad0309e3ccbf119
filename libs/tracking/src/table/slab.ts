import { SLAB_CHUNK_ROWS } from './limits.js';

const SHIFT = Math.log2(SLAB_CHUNK_ROWS);
const MASK = SLAB_CHUNK_ROWS - 1;

/** No row: slabs give out numbers from 1, so that zeroed memory refers to nothing. */
export const NONE = 0;

/**
 * Rows of 32-bit words outside the JavaScript heap. Memory grows a chunk at a time and is never copied, and the garbage
 * collector sees chunks, not rows. Freed rows are used again; the memory of the busiest hour stays.
 */
export class Slab {
  readonly #words: Uint32Array[] = [];
  readonly #doubles: Float64Array[] = [];
  /** Freed rows, linked through their first words. */
  #free = NONE;
  #used = 1;
  #count = 0;

  /** @param width Words in a row; even when rows hold doubles. */
  constructor(private readonly width: number) {}

  /** Rows in use. */
  get count(): number {
    return this.#count;
  }

  /** All rows ever given out are below this. */
  get end(): number {
    return this.#used;
  }

  /** @returns A row full of zeros. */
  allocate(): number {
    this.#count += 1;
    const row = this.#free;
    if (row !== NONE) {
      this.#free = this.get(row, 0);
      this.set(row, 0, 0);
      return row;
    }
    if (this.#used >>> SHIFT >= this.#words.length) this.#grow();
    return this.#used++;
  }

  /** Gives the row back, and clears it. */
  free(row: number): void {
    const words = this.#words[row >>> SHIFT] as Uint32Array;
    const at = (row & MASK) * this.width;
    for (let word = 0; word < this.width; word += 1) words[at + word] = 0;
    words[at] = this.#free;
    this.#free = row;
    this.#count -= 1;
  }

  get(row: number, word: number): number {
    return (this.#words[row >>> SHIFT] as Uint32Array)[(row & MASK) * this.width + word] as number;
  }

  set(row: number, word: number, value: number): void {
    (this.#words[row >>> SHIFT] as Uint32Array)[(row & MASK) * this.width + word] = value;
  }

  /** @param at Counts doubles: the words 2 * at and 2 * at + 1. */
  getDouble(row: number, at: number): number {
    return (this.#doubles[row >>> SHIFT] as Float64Array)[(((row & MASK) * this.width) >>> 1) + at] as number;
  }

  setDouble(row: number, at: number, value: number): void {
    (this.#doubles[row >>> SHIFT] as Float64Array)[(((row & MASK) * this.width) >>> 1) + at] = value;
  }

  #grow(): void {
    const bytes = new ArrayBuffer(SLAB_CHUNK_ROWS * this.width * Uint32Array.BYTES_PER_ELEMENT);
    this.#words.push(new Uint32Array(bytes));
    if (this.width % 2 === 0) this.#doubles.push(new Float64Array(bytes));
  }
}
