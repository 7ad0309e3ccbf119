import type { LogFields, PanalError } from '@panal/runtime';
import type { ClusterRecord, TrackerId } from '../record.js';
import type { ReplicationMessage } from './replication-message.js';

interface SendReplication {
  readonly kind: 'send';
  readonly to: TrackerId;
  readonly message: ReplicationMessage;
}

/** Write these to the log, then say `persisted`. One for all that a step changed; `sequence` grows by 1. */
export interface Persist {
  readonly kind: 'persist';
  readonly sequence: number;
  readonly records: readonly ClusterRecord[];
  /** Somebody waits for it to be on disk. */
  readonly isDurable: boolean;
}

/** Remove all records of these slots from the log: other trackers have them. Records past their purge time go by themselves. */
interface Erase {
  readonly kind: 'erase';
  readonly slots: readonly number[];
}

/** A write is acknowledged: each of its records has at least so many copies. */
export interface Written {
  readonly kind: 'written';
  readonly token: number;
  readonly copies: number;
}

/** A write is not acknowledged. If the error is retryable, parts of it may have been taken. */
export interface Refused {
  readonly kind: 'refused';
  readonly token: number;
  readonly error: PanalError;
}

interface LogLine {
  readonly kind: 'log';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields?: LogFields;
}

export type ReplicationEffect = SendReplication | Persist | Erase | Written | Refused | LogLine;
