import { type ClusterRecord, compareRecords, EVERYWHERE } from '@panal/cluster';
import { copyAt, mayBeForgotten } from './copies.js';
import type { KeyHistory } from './history.js';
import type { CopiesCheck } from './invariant-lost.js';
import type { TrackerNode } from './tracker-node.js';

const OWNER_COUNT = 3;

/**
 * I2: one view, and the owners of every key have the same version of it and know that they have. Tidy: nobody else has any,
 * and who was to leave is gone; the product takes its time for that, on purpose. Asked again and again while a cluster heals,
 * so it begins with what failed last.
 */
export class ConvergenceCheck {
  #cursor = 0;

  /** @returns What is not yet so, or undefined. */
  fault(check: CopiesCheck, isTidy: boolean): string | undefined {
    const viewFault = differenceOfViews(check.trackers, isTidy);
    if (viewFault !== undefined) return viewFault;
    const histories = [...check.history.keys.values()];
    for (let count = 0; count < histories.length; count += 1) {
      const history = histories[(this.#cursor + count) % histories.length];
      const fault = history === undefined ? undefined : faultOfKey(check, history, isTidy);
      if (fault === undefined) continue;
      this.#cursor = (this.#cursor + count) % histories.length;
      return fault;
    }
    return undefined;
  }
}

/** Every living tracker knows exactly the living ones, all active. */
function differenceOfViews(trackers: readonly TrackerNode[], isTidy: boolean): string | undefined {
  const expected = trackers
    .map(({ id }) => id)
    .sort()
    .join();
  for (const tracker of trackers) {
    const { members } = tracker.view;
    const isWhole = members.every(
      ({ phase, health }) => health === 'alive' && (phase === 'active' || (phase === 'leaving' && !isTidy)),
    );
    if (isWhole && members.map(({ id }) => id).join() === expected) continue;
    const list = members.map(({ name, phase, health }) => `${name}:${phase}:${health}`).join(' ');
    return `${tracker.name} sees ${list}, there are ${trackers.map(({ name }) => name).join(' ')}`;
  }
  return undefined;
}

function faultOfKey(check: CopiesCheck, history: KeyHistory, isTidy: boolean): string | undefined {
  const [first] = check.trackers;
  if (first === undefined || history.versions.length === 0) return undefined;
  const owners = first.view.owners(history.slot);
  const activeCount = first.view.owners(EVERYWHERE).length;
  const ownerCount = history.slot === EVERYWHERE ? activeCount : Math.min(OWNER_COUNT, activeCount);
  // A cordoned one may be an owner beside the others.
  const beside = owners.filter((id) => first.view.member(id)?.isCordoned === true).length;
  if (owners.length < ownerCount || owners.length - beside > ownerCount)
    return `slot ${history.slot} has ${owners.length} owners`;
  const copies = check.trackers.map((tracker) => ({ tracker, copy: copyAt(tracker, history) }));
  const newest = newestOf(copies.map(({ copy }) => copy));
  if (newest === undefined || mayBeForgotten(newest, check.lives, check)) return undefined;
  for (const { tracker, copy } of copies) {
    const isOwner = owners.includes(tracker.id);
    const fault = isOwner ? faultOfOwner(tracker, history, copy, newest) : copy && isTidy && 'has it and is no owner';
    if (fault) return `${history.name}: ${tracker.name} ${fault}`;
  }
  return undefined;
}

function faultOfOwner(
  tracker: TrackerNode,
  { slot }: KeyHistory,
  copy: ClusterRecord | undefined,
  newest: ClusterRecord,
): string | undefined {
  if (copy === undefined) return 'owns it and has no copy';
  if (compareRecords(copy, newest) !== 0) return 'is behind';
  return tracker.isAuthoritative(slot) ? undefined : 'is not in sync';
}

function newestOf(copies: readonly (ClusterRecord | undefined)[]): ClusterRecord | undefined {
  let newest: ClusterRecord | undefined;
  for (const copy of copies) {
    if (copy !== undefined && (newest === undefined || compareRecords(copy, newest) > 0)) newest = copy;
  }
  return newest;
}
