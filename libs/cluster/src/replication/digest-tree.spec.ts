import fc from 'fast-check';
import { EVERYWHERE } from '../placement/slot.js';
import { DigestTree, keyHashOf, leafCountOf, leafOf } from './digest-tree.js';

const seed = { high: 1, low: 2 };
const hashOf = (text: string) => keyHashOf(Buffer.from(text), seed);

describe('DigestTree', () => {
  it('comes back to where it was when what came went, in any order', () => {
    const entry = fc.record({
      slot: fc.constantFrom(0, 5, EVERYWHERE),
      key: fc.string(),
      clock: fc.maxSafeNat(),
      origin: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
      isDead: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), (staying, going) => {
        const tree = new DigestTree(seed);
        const only = new DigestTree(seed);
        for (const one of going) tree.add(one.slot, hashOf(one.key), one);
        for (const one of staying) tree.add(one.slot, hashOf(one.key), one);
        for (const one of going.toReversed()) tree.remove(one.slot, hashOf(one.key), one);
        for (const one of staying.toReversed()) only.add(one.slot, hashOf(one.key), one);
        for (const slot of [0, 5, EVERYWHERE]) expect(tree.slot(slot)).toEqual(only.slot(slot));
      }),
    );
  });

  it('tells versions apart by each of their parts, the highest bits included', () => {
    const version = { clock: 2 ** 52 + 3, origin: 2 ** 47 + 3, isDead: false };
    const others = [
      { ...version, clock: version.clock + 1 },
      { ...version, clock: version.clock - 2 ** 40 },
      { ...version, origin: version.origin + 1 },
      { ...version, origin: version.origin - 2 ** 40 },
      { ...version, isDead: true },
    ];
    const digests = [version, ...others].map((one) => {
      const tree = new DigestTree(seed);
      tree.add(3, hashOf('key'), one);
      return JSON.stringify(tree.slot(3));
    });
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('keeps the leaves of a slot, whose sum is the slot', () => {
    const tree = new DigestTree(seed);
    for (let index = 0; index < 500; index += 1) {
      tree.add(9, hashOf(`key ${index}`), { clock: index, origin: 1, isDead: false });
    }
    const leaves = [...Array(leafCountOf(9)).keys()].map((leaf) => tree.leaf(9, leaf));
    expect(leaves.reduce((sum, leaf) => sum + leaf.count, 0)).toBe(500);
    expect(leaves.reduce((all, leaf) => all ^ leaf.high, 0) >>> 0).toBe(tree.slot(9).high);
    expect(leaves.every((leaf) => leaf.count > 5)).toBe(true);
    expect(tree.isEqual(9, tree.slot(9))).toBe(true);
    expect(tree.isEqual(9, tree.slot(10))).toBe(false);
  });

  it('is another with another seed', () => {
    const [one, other] = [new DigestTree(seed), new DigestTree({ high: 1, low: 3 })];
    one.add(3, one.keyHash(Buffer.from('key')), { clock: 1, origin: 1, isDead: false });
    other.add(3, other.keyHash(Buffer.from('key')), { clock: 1, origin: 1, isDead: false });
    expect(one.slot(3)).not.toEqual(other.slot(3));
  });
});

describe('keyHashOf', () => {
  it('spreads keys that differ in one byte, and has no two alike among many', () => {
    const hashes = new Set<string>();
    const leaves = new Set<number>();
    for (let index = 0; index < 20_000; index += 1) {
      const hash = hashOf(`prefix that is the same ${index}`);
      hashes.add(`${hash.high}.${hash.low}`);
      leaves.add(leafOf(EVERYWHERE, hash));
    }
    expect(hashes.size).toBe(20_000);
    expect(leaves.size).toBe(leafCountOf(EVERYWHERE));
  });
});
