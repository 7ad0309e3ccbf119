import { WHEEL_BUCKET_MS, WHEEL_BUCKETS } from './limits.js';
import { NONE, type Slab } from './slab.js';

const MASK = WHEEL_BUCKETS - 1;
/** In the word of the previous row, marks a bucket's first row; the rest is the bucket. Rows are below this. */
const IS_FIRST = 0x8000_0000;

export interface TimeWheelOptions {
  readonly slab: Slab;
  /** Two words of a row that the wheel links it with. */
  readonly nextWord: number;
  readonly previousWord: number;
  /** When a filed row is due: wall clock, ms since 1970. It may become later while it is filed, but not earlier. */
  readonly dueAtMs: (row: number) => number;
}

/**
 * Rows of a slab by the time they are due, without a heap to keep in order: a bucket per span of time, each a linked list.
 * A row due behind the last bucket waits in that one and is filed again from there. The time may jump, and go back.
 * @see Varghese, Lauck, "Hashed and Hierarchical Timing Wheels", 1987
 */
export class TimeWheel {
  readonly #first = new Uint32Array(WHEEL_BUCKETS);
  /** The span that is looked at next: all rows filed in spans before it were given out. */
  #span = 0;
  #count = 0;

  constructor(private readonly options: TimeWheelOptions) {}

  /** Files the row under its time; one without an end is not filed. @param row Must not be filed. */
  file(row: number, nowMs: number): void {
    const dueMs = this.options.dueAtMs(row);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    // The clock may have gone back since the last look.
    if (this.#count === 0 || spanOf(nowMs) < this.#span) this.#span = spanOf(nowMs);
    this.#count += 1;
    const bucket = this.#spanFor(dueMs) & MASK;
    this.#link(row, bucket);
  }

  /** Takes the row out, if it is filed. */
  remove(row: number): void {
    const { slab, nextWord, previousWord } = this.options;
    const previous = slab.get(row, previousWord);
    if (previous === NONE) return;
    const next = slab.get(row, nextWord);
    if (previous >= IS_FIRST) this.#first[previous - IS_FIRST] = next;
    else slab.set(previous, nextWord, next);
    if (next !== NONE) slab.set(next, previousWord, previous);
    slab.set(row, nextWord, NONE);
    slab.set(row, previousWord, NONE);
    this.#count -= 1;
  }

  /**
   * Takes out the rows that are due, and gives them to `take` one by one; it may file them again, and touches no others.
   * @param looksMax Rows looked at in this call; what is left waits for the next.
   */
  advance(nowMs: number, looksMax: number, take: (row: number) => boolean): void {
    const until = spanOf(nowMs);
    // After a pause of a whole turn each bucket is looked at once; after a step back of the clock it goes on from there.
    if (until - this.#span >= WHEEL_BUCKETS || until < this.#span)
      this.#span = Math.max(until - MASK, Math.min(this.#span, until));
    let looks = 0;
    while (this.#count > 0) {
      let row = this.#first[this.#span & MASK] as number;
      while (row !== NONE) {
        if (looks >= looksMax) return;
        looks += 1;
        const next = this.options.slab.get(row, this.options.nextWord);
        const dueMs = this.options.dueAtMs(row);
        if (dueMs <= nowMs) {
          this.remove(row);
          if (!take(row)) return;
        } else if (this.#spanFor(dueMs) !== this.#span) {
          this.remove(row);
          this.file(row, nowMs);
        }
        row = next;
      }
      if (this.#span >= until) return;
      this.#span += 1;
    }
  }

  #spanFor(dueMs: number): number {
    return Math.min(Math.max(spanOf(dueMs), this.#span), this.#span + MASK);
  }

  #link(row: number, bucket: number): void {
    const { slab, nextWord, previousWord } = this.options;
    const next = this.#first[bucket] as number;
    slab.set(row, nextWord, next);
    slab.set(row, previousWord, IS_FIRST + bucket);
    if (next !== NONE) slab.set(next, previousWord, row);
    this.#first[bucket] = row;
  }
}

function spanOf(timeMs: number): number {
  return Math.floor(timeMs / WHEEL_BUCKET_MS);
}
