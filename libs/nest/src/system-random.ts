import { randomBytes, randomInt } from 'node:crypto';
import type { Random } from '@panal/runtime';

/** The machine's generator, fit for secrets. */
export class SystemRandom implements Random {
  below(bound: number): number {
    return randomInt(bound);
  }

  bytes(size: number): Buffer {
    return randomBytes(size);
  }
}
