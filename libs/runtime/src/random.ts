/** Where randomness comes from. A seed replays a test; secrets use the machine's own generator behind this port. */
export interface Random {
  /** A whole number from 0 to `bound` - 1; `bound` is at least 1. */
  below(bound: number): number;
  /** `size` random bytes, a buffer of the caller's own. */
  bytes(size: number): Buffer;
}

/** Repeatable randomness for tests and simulations; never for secrets. Mulberry32, a public-domain generator. */
export class SeededRandom implements Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  below(bound: number): number {
    return Math.floor(this.#unit() * bound);
  }

  bytes(size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size);
    for (let at = 0; at < size; at += 1) bytes[at] = this.below(256);
    return bytes;
  }

  #unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }
}
