import { randomBytes, randomFillSync } from 'node:crypto';
import type { Random } from '@panal/runtime';

/** Numbers drawn at once: asking the generator for four bytes costs as much as asking for all of these. */
const DRAWN_AT_ONCE = 1_024;
const RANGE = 0x1_0000_0000;

/** The machine's generator, fit for secrets. */
export class SystemRandom implements Random {
  readonly #drawn = new Uint32Array(DRAWN_AT_ONCE);
  #used = DRAWN_AT_ONCE;

  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > RANGE) throw new RangeError(`no number is below ${bound}`);
    // What is left over at the end of the range would make small numbers likelier.
    const end = RANGE - (RANGE % bound);
    let drawn = this.#next();
    while (drawn >= end) drawn = this.#next();
    return drawn % bound;
  }

  bytes(size: number): Buffer {
    return randomBytes(size);
  }

  #next(): number {
    if (this.#used === DRAWN_AT_ONCE) {
      randomFillSync(this.#drawn);
      this.#used = 0;
    }
    const drawn = this.#drawn[this.#used] as number;
    // Not kept: what was given out shall not be found in memory later.
    this.#drawn[this.#used] = 0;
    this.#used += 1;
    return drawn;
  }
}
