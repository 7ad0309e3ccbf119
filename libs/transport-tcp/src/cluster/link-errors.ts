import { formatAddress, type HostPort, PanalError } from '@panal/runtime';

/** A tracker dialled itself, by one of its own addresses. Nothing is wrong with it. */
export class SelfLinkError extends PanalError {
  constructor() {
    super({
      code: 'self_link',
      message: 'The address is one of this tracker itself.',
      action: 'Nothing to do: a tracker needs no link to itself.',
      retryable: false,
    });
  }
}

/** Two live trackers have the same id: a data folder was copied. */
export class DuplicateTrackerError extends PanalError {
  constructor(id: string) {
    super({
      code: 'tracker_duplicate',
      message: `Two running trackers have the id ${id}.`,
      action: 'Stop one of them and empty its data folder, which is a copy of the other one; then start it again.',
      retryable: false,
    });
  }
}

/** An earlier process of a tracker that was started anew since. */
export class StaleTrackerError extends PanalError {
  constructor(id: string) {
    super({
      code: 'tracker_stale',
      message: `The tracker ${id} was started anew; this is its earlier process.`,
      action: 'Stop the earlier process if it still runs.',
      retryable: false,
    });
  }
}

/** Another tracker than the one that was looked for lives at an address. */
export class OtherTrackerError extends PanalError {
  constructor(address: HostPort, id: string) {
    super({
      code: 'tracker_moved',
      message: `${formatAddress(address)} is the address of another tracker now, ${id}.`,
      action: 'Nothing to do if the old one was replaced; else give each tracker an address of its own.',
      retryable: true,
    });
  }
}

/** No link to a tracker, and none can be made now. Nothing was sent. */
export class LinkUnavailableError extends PanalError {
  constructor(target: string, reason: string, cause?: unknown) {
    super({
      code: 'link_unavailable',
      message: `There is no link to ${target}: ${reason}.`,
      action: 'Check that the tracker runs and that its cluster port can be reached; the link is made anew by itself.',
      retryable: true,
      cause,
    });
  }
}
