import type { ClusterRecord, TrackerId } from '../record.js';
import { encodeRecords } from './record-codec.js';

/** One write of a client, until it is answered. */
export interface PendingWrite {
  readonly token: number;
  /** Groups not yet acknowledged. */
  groupsLeft: number;
  /** Fewest copies of any group so far. */
  copies: number;
  isAnswered: boolean;
}

/** Records of one write that go to the same trackers, and who has them. */
export class WriteGroup {
  /** Trackers sent to. */
  asked: TrackerId[] = [];
  /** Trackers that have it, whether they count or not. */
  held: TrackerId[] = [];
  /** Of those, the ones that count. */
  copies = 0;
  /** Monotonic: when something is done about it next. */
  nextAtMs: number;
  isDone = false;
  #batch: Buffer | undefined;

  constructor(
    readonly write: PendingWrite,
    readonly records: readonly ClusterRecord[],
    /** Of its first record: whose stand-ins step in. */
    readonly slot: number,
    readonly isDurable: boolean,
    readonly startedAtMs: number,
    hedgeMs: number,
  ) {
    this.nextAtMs = startedAtMs + hedgeMs;
  }

  /** Packed once, however many trackers it goes to. */
  get batch(): Buffer {
    this.#batch ??= encodeRecords(this.records);
    return this.#batch;
  }
}
