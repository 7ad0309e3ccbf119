import { DigestTree, EVERYWHERE } from '@panal/cluster';
import type { TrackerNode } from './tracker-node.js';

/** I6: the digests that were kept up to date with every change are those of the records that are there. @returns The first slot that differs. */
export function wrongDigestSlot({ table }: TrackerNode): number | undefined {
  const recomputed = new DigestTree(table.digests.seed);
  for (let slot = 0; slot <= EVERYWHERE; slot += 1) {
    if (table.recordCountIn(slot) === 0 && table.digests.countOf(slot) === 0) continue;
    for (const record of table.records(slot)) recomputed.add(slot, recomputed.keyHash(record.key), record);
    if (!table.digests.isEqual(slot, recomputed.slot(slot))) return slot;
  }
  return undefined;
}
