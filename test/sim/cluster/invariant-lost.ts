import type { RecordLifetimes } from '@panal/cluster';
import { covers, keepers, mayBeForgotten } from './copies.js';
import { type History, type KeyHistory, SAFE_COPY_COUNT, type Version } from './history.js';
import type { TrackerNode } from './tracker-node.js';

export interface CopiesCheck {
  readonly history: History;
  readonly trackers: readonly TrackerNode[];
  readonly lives: RecordLifetimes;
  readonly nowMs: number;
  /** How far clocks may be apart. */
  readonly marginMs: number;
}

/** I1: keys whose newest safely acknowledged version, or a newer one, no living tracker has. */
export function lostKeys(check: CopiesCheck): KeyHistory[] {
  return floors(check, (history) => history.floor)
    .filter(({ history, version }) => !check.trackers.some((tracker) => covers(tracker, history, version)))
    .map(({ history }) => history);
}

/** The same for what was acknowledged with a warning: it may be lost, and is counted. */
export function lostDegradedKeys(check: CopiesCheck): KeyHistory[] {
  return floors(check, (history) => history.degradedFloor)
    .filter(({ history, version }) => !check.trackers.some((tracker) => covers(tracker, history, version)))
    .map(({ history }) => history);
}

/** Keys whose safely acknowledged version fewer than three living trackers keep: two more deaths might be too many for them. */
export function woundedKeys(check: CopiesCheck): KeyHistory[] {
  return floors(check, (history) => history.floor)
    .filter(({ history, version }) => !hasEnough(check, history, version))
    .map(({ history }) => history);
}

/** Whether a wounded key is so no more, or need not be kept any longer. */
export function isMended(check: CopiesCheck, history: KeyHistory): boolean {
  const { floor } = history;
  return floor === undefined || mayBeForgotten(floor.record, check.lives, check) || hasEnough(check, history, floor);
}

function hasEnough({ trackers }: CopiesCheck, history: KeyHistory, version: Version): boolean {
  return keepers(trackers, history, version).length >= SAFE_COPY_COUNT;
}

function floors(
  { history, lives, nowMs, marginMs }: CopiesCheck,
  floorOf: (history: KeyHistory) => Version | undefined,
): { readonly history: KeyHistory; readonly version: Version }[] {
  const found: { history: KeyHistory; version: Version }[] = [];
  for (const one of history.keys.values()) {
    const version = floorOf(one);
    if (version === undefined || mayBeForgotten(version.record, lives, { nowMs, marginMs })) continue;
    found.push({ history: one, version });
  }
  return found;
}
