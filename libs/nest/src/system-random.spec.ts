import { SystemRandom } from './system-random.js';

const WHOLE_RANGE = 0x1_0000_0000;

describe('SystemRandom', () => {
  const random = new SystemRandom();
  const draw = (count: number, bound: number): number[] => Array.from({ length: count }, () => random.below(bound));

  it.each([1, 2, 7, 1_000])('draws every whole number from 0 up to, and without, %d', (bound) => {
    const drawn = new Set(draw(bound * 30, bound));
    // That one of a thousand is missing after 30,000 draws happens once in ten billion runs.
    expect([...drawn].sort((a, b) => a - b)).toEqual(Array.from({ length: bound }, (_, at) => at));
  });

  it('makes small numbers no likelier where the range is no multiple of the bound', () => {
    // Without a second draw one half of the numbers would be in the first third; one third is 10,000, give or take 82.
    const bound = 3 * 2 ** 30;
    const low = draw(30_000, bound).filter((one) => one < bound / 3).length;
    expect(low).toBeGreaterThan(9_000);
    expect(low).toBeLessThan(11_000);
  });

  it('gives no number out twice, however many are asked for', () => {
    // By chance two of 5,000 are equal once in 340 runs, three pairs of them once in 240 million.
    expect(new Set(draw(5_000, WHOLE_RANGE)).size).toBeGreaterThan(4_997);
  });

  it.each([0, -1, 1.5, WHOLE_RANGE + 1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the bound %d', (bound) => {
    expect(() => random.below(bound)).toThrow(RangeError);
  });
});
