import type { TrackerNode } from './tracker-node.js';

/** I7: in a cluster that was whole and stable for a while all follow one coordinator, and one leads. */
export function coordinatorFault(trackers: readonly TrackerNode[]): string | undefined {
  const leaders = trackers.filter((tracker) => tracker.coordinator === tracker.id);
  const followed = new Set(trackers.map((tracker) => tracker.coordinator));
  if (leaders.length === 1 && followed.size === 1) return undefined;
  const list = trackers.map(({ name, coordinator }) => `${name} follows ${coordinator ?? 'nobody'}`).join(', ');
  return `${leaders.length} lead: ${list}`;
}
