/** Key of `hashWords`, from the process's own randomness: who chooses ids must not be able to choose their hashes. */
export interface HashKey {
  readonly low: number;
  readonly high: number;
}

/**
 * HalfSipHash-1-3 of `count` words: ids are chosen by clients, and simpler keyed hashes have collisions that work under
 * every key. @returns 32 bits, not negative.
 * @see Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012
 */
export function hashWords(words: Uint32Array, count: number, key: HashKey): number {
  let a = key.low | 0;
  let b = key.high | 0;
  let c = key.low ^ 0x6c796765;
  let d = key.high ^ 0x74656462;
  const rounds = count + 4;
  for (let at = 0; at < rounds; at += 1) {
    // The words, then the length, then three rounds without input.
    const word = at < count ? (words[at] as number) : at === count ? count << 26 : 0;
    if (at === count + 1) c ^= 0xff;
    d ^= word;
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
    a ^= word;
  }
  return (b ^ d) >>> 0;
}

/** Spreads two row numbers, which nobody outside can choose. @returns 32 bits, not negative. */
export function hashPair(left: number, right: number): number {
  let mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
