import { EVERYWHERE, finish, SLOT_COUNT, slotOf } from './slot.js';

describe('slotOf', () => {
  // Published vectors of MurmurHash3 x86 32 with seed 0.
  it.each([
    ['', 0],
    ['test', 0xba6bd213],
    ['Hello, world!', 0xc0363e43],
    ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
  ])('places %j by the published hash', (text, hash) => {
    expect(slotOf(Buffer.from(text))).toBe(hash % SLOT_COUNT);
  });

  it('spreads keys evenly, also those that differ in one byte only', () => {
    const counts = new Uint32Array(64);
    for (let key = 0; key < 64_000; key += 1) {
      const bytes = Buffer.alloc(20);
      bytes.writeUInt32BE(key, 9);
      counts[slotOf(bytes) % 64] = (counts[slotOf(bytes) % 64] ?? 0) + 1;
    }
    // 1000 expected, standard deviation 31: five of them.
    expect(Math.min(...counts)).toBeGreaterThan(840);
    expect(Math.max(...counts)).toBeLessThan(1160);
  });

  it('keeps EVERYWHERE apart from all slots', () => {
    expect(EVERYWHERE).toBe(SLOT_COUNT);
    expect(finish(1)).not.toBe(finish(2));
  });
});
