import { PanalError } from '@panal/runtime';

/** A record is above what one may be, or its stamp is from the future or long past. */
export class RecordRefusedError extends PanalError {
  constructor(reason: string) {
    super({
      code: 'record_refused',
      message: `The write was refused: ${reason}.`,
      action: 'Check that the clocks of the machines agree (NTP).',
      retryable: false,
    });
  }
}

/** Fewer copies could be made in time than the policy asks for. The write may have reached some trackers. */
export class TooFewCopiesError extends PanalError {
  constructor(
    readonly copyCount: number,
    readonly copyCountWanted: number,
  ) {
    super({
      code: 'too_few_copies',
      message: `The write reached ${copyCount} trackers, and ${copyCountWanted} are asked for.`,
      action: 'Try again when more trackers are up; writing the same again does no harm.',
      retryable: true,
    });
  }
}

/** More writes wait for other trackers than one tracker can hold. */
export class ClusterBusyError extends PanalError {
  constructor(readonly limit: number) {
    super({
      code: 'cluster_busy',
      message: `More than ${limit} records wait for other trackers to take them.`,
      action: 'Try again later, or with another tracker.',
      retryable: true,
    });
  }
}
