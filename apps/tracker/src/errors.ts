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
