import { murmur3 } from './murmur.js';
import { EVERYWHERE, SLOT_COUNT, slotOf } from './slot.js';

// Published vectors of MurmurHash3 x86, 32 bits.
const VECTORS: readonly (readonly [string, number, number])[] = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['test', 0, 0xba6bd213],
  ['Hello, world!', 0, 0xc0363e43],
  ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
];

describe('slotOf', () => {
  it.each(VECTORS)('rests on the published hash: %j with seed %d', (text, seed, hash) => {
    expect(murmur3(Buffer.from(text), seed)).toBe(hash);
  });

  it('spreads keys evenly, also those that differ in few bits only', () => {
    const counts = new Uint32Array(64);
    for (let key = 0; key < 64_000; key += 1) {
      const bytes = Buffer.alloc(20);
      bytes.writeUInt32BE(key, 9);
      const bucket = slotOf(bytes) % 64;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    // 1000 expected, standard deviation 31: five of them.
    expect(Math.min(...counts)).toBeGreaterThan(840);
    expect(Math.max(...counts)).toBeLessThan(1160);
  });

  it('leaves one number for what is kept everywhere', () => {
    expect(EVERYWHERE).toBe(SLOT_COUNT);
    expect(slotOf(Buffer.from('any key'))).toBeLessThan(EVERYWHERE);
  });
});
