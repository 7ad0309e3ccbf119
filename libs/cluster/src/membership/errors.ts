import { PanalError } from '@panal/runtime';

/** What another tracker sent is no message of this protocol. */
export class ClusterMessageInvalidError extends PanalError {
  constructor(fault: string) {
    super({
      code: 'cluster_message_invalid',
      message: `A message of another tracker cannot be understood: ${fault}.`,
      action: 'Run versions of the tracker that are at most one apart. If they are, report it.',
      retryable: false,
    });
  }
}

/** Another process runs with the id of this tracker, and was started later. */
export class TrackerDuplicateError extends PanalError {
  constructor(
    readonly trackerId: string,
    readonly otherAddress: string,
  ) {
    super({
      code: 'tracker_duplicate',
      message: `The tracker id ${trackerId} is in use by a process started later, at ${otherAddress}.`,
      action:
        'Stop one of the two. If the data folder was copied from another machine, give each tracker its own: start it with an empty --data folder.',
      retryable: false,
    });
  }
}

/** No tracker at the given addresses takes this one into its cluster. */
export class JoinRefusedError extends PanalError {
  constructor(
    readonly seedAddress: string,
    readonly explanation: string,
  ) {
    super({
      code: 'cluster_join_refused',
      message: `The tracker at ${seedAddress} refused this one: ${explanation}`,
      action:
        'Check that the addresses to join are those of the same cluster, and that all trackers run versions at most one apart.',
      retryable: false,
    });
  }
}
