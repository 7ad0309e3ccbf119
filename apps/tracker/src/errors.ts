import { PanalError } from '@panal/runtime';

const DAY_MS = 24 * 60 * 60_000;

/** A message came before the tracker had read its records and found the others. */
export class TrackerNotReadyError extends PanalError {
  constructor() {
    super({
      code: 'tracker_not_ready',
      message: 'This tracker has just started and does not know its cluster yet.',
      action: 'Ask another tracker, or this one a moment later.',
      retryable: true,
    });
  }
}

/** The data folder missed so much that it may hold what was deleted everywhere else. */
export class FolderStaleError extends PanalError {
  constructor(folder: string, awayMs: number) {
    super({
      code: 'data_folder_stale',
      message: `The tracker of ${folder} was last up ${Math.floor(awayMs / DAY_MS)} days ago. Names and torrents that were deleted meanwhile would come back with it.`,
      action:
        'If the other trackers ran meanwhile, start this one with an empty data folder: they have everything. If the whole cluster was off, start all of them with --accept-stale yes.',
      retryable: false,
    });
  }
}

/** Somebody else gives the orders by now. */
export class OrderOutdatedError extends PanalError {
  constructor(fence: number, highest: number) {
    super({
      code: 'order_outdated',
      message: `The order came with the fencing token ${fence}; one with ${highest} was here before.`,
      action: 'Stop giving orders: another operator has taken over. Ask it, or begin again with a new token.',
      retryable: false,
    });
  }
}

/** Some trackers of the cluster would not know what a cordon is, and place records by other rules than the rest. */
export class ClusterMixedError extends PanalError {
  constructor(older: readonly string[]) {
    super({
      code: 'cluster_mixed',
      message: `Not all trackers know cordons: ${older.join(', ')} speak an earlier version of the protocol.`,
      action: 'Upgrade them, start them without --protocol-max, or wait until those that are gone count as dead.',
      retryable: true,
    });
  }
}

/** The tracker has no data folder: there is nothing on a disk to copy, and no place to copy it to. */
export class SnapshotImpossibleError extends PanalError {
  constructor() {
    super({
      code: 'snapshot_impossible',
      message: 'This tracker keeps nothing on disk, so it makes no snapshots.',
      action: 'Start it with --data, or take the snapshot of another tracker.',
      retryable: false,
    });
  }
}

/** The tracker makes one snapshot at a time. */
export class SnapshotBusyError extends PanalError {
  constructor() {
    super({
      code: 'snapshot_busy',
      message: 'Another snapshot of this tracker is being made.',
      action: 'Try again when it is done.',
      retryable: true,
    });
  }
}

/** A snapshot is never written over. */
export class SnapshotExistsError extends PanalError {
  constructor(folder: string) {
    super({
      code: 'snapshot_exists',
      message: `There is ${folder} already.`,
      action: 'Choose another name, or remove that folder on the machine of the tracker.',
      retryable: false,
    });
  }
}

/** So many snapshots are there that one more could be the one that fills the disk. */
export class SnapshotLimitError extends PanalError {
  constructor(folder: string) {
    super({
      code: 'snapshot_limit',
      message: `There are as many snapshots in ${folder} as a tracker keeps.`,
      action: 'Move some of them elsewhere on the machine of the tracker, or remove them.',
      retryable: false,
    });
  }
}

/** The disk does not take the mark that keeps the clock of this tracker from going back over a restart. */
export class ClockNotKeptError extends PanalError {
  constructor() {
    super({
      code: 'clock_not_kept',
      message: 'This tracker cannot write down how far its clock has come, so it takes nothing that must last.',
      action: 'Look at its log for what is wrong with its disk. Ask another tracker meanwhile.',
      retryable: true,
    });
  }
}
