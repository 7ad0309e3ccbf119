import { murmur3 } from './murmur.js';

/** Everything that can be placed falls into one of these. Fixed for the life of a cluster: a join with another count is refused. */
export const SLOT_COUNT = 16_384;

/** The slot of what every tracker keeps. */
export const EVERYWHERE = 16_384;

/**
 * The slot of a key, 0 to SLOT_COUNT - 1. A pure function, the same on every tracker and in every version: changing it moves
 * all data.
 */
export function slotOf(placementKey: Buffer): number {
  return murmur3(placementKey, 0) % SLOT_COUNT;
}
