import { SeededRandom } from '@panal/runtime';
import { SAMPLE_LOOKS_MAX } from './limits.js';
import { Shuffle } from './shuffle.js';

describe('Shuffle', () => {
  it.each([1, 2, 10, SAMPLE_LOOKS_MAX, SAMPLE_LOOKS_MAX + 1, 1_000])('draws each of %d numbers once', (bound) => {
    const shuffle = new Shuffle();
    const random = new SeededRandom(bound);
    for (let round = 0; round < 3; round += 1) {
      shuffle.start(bound);
      const drawn = Array.from({ length: bound }, () => shuffle.next(random));
      expect(drawn.sort((a, b) => a - b)).toEqual(Array.from({ length: bound }, (_, at) => at));
    }
  });

  it.each([8, 2_000])('gives each of %d numbers the same chance in each place', (bound) => {
    const shuffle = new Shuffle();
    const random = new SeededRandom(bound);
    const third = new Map<number, number>();
    const rounds = bound * 200;
    for (let round = 0; round < rounds; round += 1) {
      shuffle.start(bound);
      const drawn = [shuffle.next(random), shuffle.next(random), shuffle.next(random)];
      const group = Math.floor(((drawn[2] ?? 0) / bound) * 8);
      third.set(group, (third.get(group) ?? 0) + 1);
    }
    expect(third.size).toBe(8);
    for (const count of third.values()) expect(Math.abs(count / (rounds / 8) - 1)).toBeLessThan(0.25);
  });
});
