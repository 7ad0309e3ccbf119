import { type ClusterRecord, compareRecords, purgeAtMs, type RecordLifetimes } from '@panal/cluster';
import { EPOCH_MS } from '../kernel/node-clock.js';
import type { KeyHistory, Version } from './history.js';
import type { TrackerNode } from './tracker-node.js';

/** What one living tracker has of a key: the version itself, not a belief about it. */
export function copyAt(tracker: TrackerNode, { key, slot }: KeyHistory): ClusterRecord | undefined {
  return tracker.table.get(key, slot);
}

/** Whether it has this version or a newer one. */
export function covers(tracker: TrackerNode, history: KeyHistory, version: Version): boolean {
  const copy = copyAt(tracker, history);
  return copy !== undefined && compareRecords(copy, version.record) >= 0;
}

/** The trackers that have it, or a newer version. */
export function holders(trackers: readonly TrackerNode[], history: KeyHistory, version: Version): TrackerNode[] {
  return trackers.filter((tracker) => covers(tracker, history, version));
}

/**
 * Those of the holders that own the key, or soon will, as they see it. Others drop theirs once the owners confirmed that they
 * have it; owners that die right then had two copies less than it looked.
 */
export function keepers(trackers: readonly TrackerNode[], history: KeyHistory, version: Version): TrackerNode[] {
  return holders(trackers, history, version).filter(({ id, view }) => {
    return view.owners(history.slot).includes(id) || view.pendingOwners(history.slot).includes(id);
  });
}

/** What those have whose word counts: owners that are in sync. Copies elsewhere are not served, and go in time. */
export function authoritativeCopies(
  trackers: readonly TrackerNode[],
  history: KeyHistory,
): { readonly name: string; readonly copy: ClusterRecord }[] {
  return trackers.flatMap((tracker) => {
    const copy = tracker.isAuthoritative(history.slot) ? copyAt(tracker, history) : undefined;
    return copy === undefined ? [] : [{ name: tracker.name, copy }];
  });
}

/** Whether some tracker may have forgotten the version by now, or soon: its clock may be off by `marginMs`. */
export function mayBeForgotten(
  record: ClusterRecord,
  lives: RecordLifetimes,
  now: { readonly nowMs: number; readonly marginMs: number },
): boolean {
  return purgeAtMs(record, lives) - now.marginMs <= EPOCH_MS + now.nowMs;
}
