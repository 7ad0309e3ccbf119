/** MurmurHash3 x86, 32 bits: public domain, and short enough to read. @see https://github.com/aappleby/smhasher */
export function murmur3(bytes: Buffer, seed: number): number {
  const end = bytes.length - (bytes.length % 4);
  let hash = seed;
  for (let at = 0; at < end; at += 4) {
    hash ^= scramble(bytes.readUInt32LE(at));
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  if (end < bytes.length) hash ^= scramble(bytes.readUIntLE(end, bytes.length - end));
  return finish(hash ^ bytes.length);
}

/** The end of MurmurHash3: lets every bit of the input change every bit of the output. @returns 32 bits, unsigned */
export function finish(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
