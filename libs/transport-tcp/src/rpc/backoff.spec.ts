import { SeededRandom } from '@panal/runtime';
import fc from 'fast-check';
import { backoffMs } from './backoff.js';

describe('backoffMs', () => {
  it('doubles from the first wait to the longest, and spreads over the upper half of each', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.nat(), (failures, seed) => {
        const fullMs = Math.min(15_000, 250 * 2 ** Math.min(30, failures - 1));
        const waitMs = backoffMs(failures, { firstMs: 250, maxMs: 15_000 }, new SeededRandom(seed));
        expect(waitMs).toBeGreaterThanOrEqual(Math.floor(fullMs / 2));
        expect(waitMs).toBeLessThanOrEqual(fullMs);
      }),
    );
  });

  it('gives different clients different waits', () => {
    const waits = Array.from({ length: 20 }, (_, seed) =>
      backoffMs(6, { firstMs: 250, maxMs: 15_000 }, new SeededRandom(seed)),
    );
    expect(new Set(waits).size).toBeGreaterThan(15);
  });
});
