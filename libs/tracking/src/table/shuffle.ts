import type { Random } from '@panal/runtime';
import { SAMPLE_LOOKS_MAX } from './limits.js';

/** Draws numbers below a bound, each at most once and in random order: as many steps of a Fisher-Yates shuffle as are asked for. */
export class Shuffle {
  /** Up to this many numbers they are laid out, one swap for each draw; the next start puts back what was moved. */
  readonly #order = Uint32Array.from({ length: SAMPLE_LOOKS_MAX }, (_, at) => at);
  /** Where each draw took its number from. */
  readonly #from = new Uint32Array(SAMPLE_LOOKS_MAX);
  /** Of more numbers, only those that have moved are kept. */
  readonly #moved = new Map<number, number>();
  #bound = 0;
  #drawn = 0;

  /** Begins anew with the numbers 0 to `bound` - 1. */
  start(bound: number): void {
    if (this.#bound > SAMPLE_LOOKS_MAX) this.#moved.clear();
    else for (let at = 0; at < this.#drawn; at += 1) this.#putBack(at);
    this.#bound = bound;
    this.#drawn = 0;
  }

  /** The next number; there must be one left. */
  next(random: Random): number {
    const at = this.#drawn;
    const from = at + random.below(this.#bound - at);
    this.#drawn += 1;
    if (this.#bound > SAMPLE_LOOKS_MAX) return this.#takeMoved(at, from);
    const number = this.#order[from] as number;
    this.#order[from] = this.#order[at] as number;
    this.#from[at] = from;
    return number;
  }

  #putBack(at: number): void {
    const from = this.#from[at] as number;
    this.#order[at] = at;
    this.#order[from] = from;
  }

  #takeMoved(at: number, from: number): number {
    const number = this.#moved.get(from) ?? from;
    if (from !== at) this.#moved.set(from, this.#moved.get(at) ?? at);
    return number;
  }
}
