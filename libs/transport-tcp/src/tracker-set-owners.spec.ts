import { OwnerCache } from './tracker-set-owners.js';

const hash = (fill: number): Uint8Array => Buffer.alloc(32, fill);

describe('OwnerCache', () => {
  it('knows what it was told last, and nothing of others', () => {
    const cache = new OwnerCache(10);
    cache.learn(hash(1), ['a:1']);
    cache.learn(hash(1), ['b:1', 'c:1']);
    expect(cache.of(hash(1))).toEqual(['b:1', 'c:1']);
    expect(cache.of(hash(2))).toEqual([]);
    cache.clear();
    expect(cache.of(hash(1))).toEqual([]);
  });

  it('lets go of what was not asked about for longest', () => {
    const cache = new OwnerCache(3);
    for (const fill of [1, 2, 3]) cache.learn(hash(fill), [`t${fill}:1`]);
    cache.of(hash(1));
    cache.learn(hash(4), ['t4:1']);
    expect([1, 2, 3, 4].map((fill) => cache.of(hash(fill)).length)).toEqual([1, 0, 1, 1]);
  });
});
