import type { Random } from '@panal/runtime';

/** Fineness of a drawn fraction. */
const UNIT = 0x1_0000_0000;

/** From 0 to, but not, 1. */
function unit(random: Random): number {
  return random.below(UNIT) / UNIT;
}

export function isHit(random: Random, rate: number): boolean {
  return rate > 0 && unit(random) < rate;
}

/** Evenly from `min` to `max`. */
export function between(random: Random, min: number, max: number): number {
  return min + unit(random) * (max - min);
}

/** Time until the next event of a Poisson process. */
export function waitMs(random: Random, meanMs: number): number {
  return -Math.log(1 - unit(random)) * meanMs;
}

export function pick<T>(random: Random, from: readonly T[]): T | undefined {
  return from.length === 0 ? undefined : from[random.below(from.length)];
}

/** `count` different ones, or all there are, in random order. */
export function sample<T>(random: Random, from: readonly T[], count: number): T[] {
  const left = [...from];
  const taken: T[] = [];
  while (taken.length < count && left.length > 0) taken.push(...left.splice(random.below(left.length), 1));
  return taken;
}
