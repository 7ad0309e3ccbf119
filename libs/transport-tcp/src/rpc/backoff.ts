import type { Random } from '@panal/runtime';

export interface BackoffOptions {
  /** Longest wait before the first new attempt, in ms. */
  readonly firstMs: number;
  /** No wait is longer, in ms. */
  readonly maxMs: number;
}

/**
 * How long to wait before attempt number `failures` + 1: doubled at each failure, then a random part of the upper half, so
 * that clients cut off together do not come back together, and none comes back at once.
 * @param failures Failed attempts in a row, from 1.
 */
export function backoffMs(failures: number, { firstMs, maxMs }: BackoffOptions, random: Random): number {
  // 2 ** 30 first waits is longer than any maximum; a larger exponent would only overflow.
  const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(30, failures - 1));
  const halfMs = Math.floor(fullMs / 2);
  return halfMs + random.below(fullMs - halfMs + 1);
}
