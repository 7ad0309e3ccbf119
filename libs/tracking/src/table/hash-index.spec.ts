import fc from 'fast-check';
import { HashIndex } from './hash-index.js';
import { NONE, Slab } from './slab.js';
import { hashPair, hashWords } from './word-hash.js';

const KEY = 0;
const LINK = 1;

/** An index over rows that hold one number, with the chains as long as `spread` makes them. */
function indexOf(spread: number): { slab: Slab; index: HashIndex; hashOf: (key: number) => number } {
  const slab = new Slab(2);
  const hashOf = (key: number): number => hashPair(key % spread, 0);
  return { slab, hashOf, index: new HashIndex({ slab, linkWord: LINK, hashOf: (row) => hashOf(slab.get(row, KEY)) }) };
}

function find({ slab, index, hashOf }: ReturnType<typeof indexOf>, key: number): number {
  let row = index.first(hashOf(key));
  while (row !== NONE && slab.get(row, KEY) !== key) row = index.next(row);
  return row;
}

describe('HashIndex', () => {
  it('finds what was added and not removed, through every split', () => {
    const made = indexOf(1_000_000);
    const rows = new Map<number, number>();
    for (let key = 1; key <= 40_000; key += 1) {
      const row = made.slab.allocate();
      made.slab.set(row, KEY, key);
      made.index.add(row, made.hashOf(key));
      rows.set(key, row);
      if (key % 3 !== 0) continue;
      made.index.remove(rows.get(key - 1) as number, made.hashOf(key - 1));
      made.slab.free(rows.get(key - 1) as number);
      rows.delete(key - 1);
    }
    for (let key = 1; key <= 40_001; key += 1) expect(find(made, key)).toBe(rows.get(key) ?? NONE);
  });

  it('tells equal hashes apart by the rows', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 200 }), (keys) => {
        const made = indexOf(5);
        const rows = new Map<number, number>();
        for (const key of keys) {
          const known = rows.get(key);
          if (known === undefined) {
            const row = made.slab.allocate();
            made.slab.set(row, KEY, key);
            made.index.add(row, made.hashOf(key));
            rows.set(key, row);
          } else {
            made.index.remove(known, made.hashOf(key));
            made.slab.free(known);
            rows.delete(key);
          }
        }
        for (let key = 0; key <= 60; key += 1) expect(find(made, key)).toBe(rows.get(key) ?? NONE);
        expect(made.slab.count).toBe(rows.size);
      }),
    );
  });
});

describe('hashWords', () => {
  it('depends on the key, the count and each word', () => {
    const words = new Uint32Array([1, 2, 3, 4, 5]);
    const seen = new Set<number>();
    for (let count = 0; count <= 5; count += 1) {
      for (const key of [
        { low: 0, high: 0 },
        { low: 1, high: 0 },
        { low: 0, high: 1 },
      ]) {
        seen.add(hashWords(words, count, key));
      }
    }
    for (let at = 0; at < 5; at += 1) {
      const changed = words.slice();
      changed[at] = 9;
      seen.add(hashWords(changed, 5, { low: 0, high: 0 }));
    }
    expect(seen.size).toBe(23);
  });

  it('spreads evenly', () => {
    const buckets = new Uint32Array(256);
    const words = new Uint32Array(2);
    for (words[0] = 0; words[0] < 25_600; words[0] += 1) {
      const bucket = hashWords(words, 2, { low: 5, high: 6 }) & 255;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    expect(Math.min(...buckets)).toBeGreaterThan(50);
    expect(Math.max(...buckets)).toBeLessThan(150);
  });
});
