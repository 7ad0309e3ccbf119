import type { ClusterRecord, TrackerId } from '@panal/cluster';

/** How a write ended. */
export interface WriteReceipt {
  /** Trackers that hold it. */
  readonly copies: number;
}

/** What an acknowledged write is worth while the members stay as they are. */
export interface WritePromise {
  /** Copies in the receipt of a write that lacks none. */
  readonly copies: number;
  /** Hybrid clock: writes stamped before it may have been acknowledged among other members. */
  readonly since: number;
}

/** Where a client asks next time, for the shortest way. */
export interface Guide {
  /** RPC addresses of those that keep the subject, best first. */
  readonly owners: readonly string[];
  /** Grows when members come or go. */
  readonly membersEpoch: number;
}

/**
 * The other trackers, as tracking needs them. What this tracker keeps itself is in its table; a write reaches the table of
 * every tracker that keeps the record, this one's included when it is one of them.
 */
export interface Replicas {
  readonly selfId: TrackerId;
  /**
   * Done once as many trackers hold the records as the cluster promises: at once where this one is enough, for a promise costs
   * more than the write. Never throws itself; rejects with a PanalError when it cannot promise.
   */
  write(records: readonly ClusterRecord[]): WriteReceipt | Promise<WriteReceipt>;
  /** What a write acknowledged among the present members stands for. */
  readonly promise: WritePromise;
  /** Whether what this tracker holds of the slot is all there is to know. */
  isAuthoritative(slot: number): boolean;
  /** Of those that keep the slot, this tracker is the one that tidies it up. */
  isFirst(slot: number): boolean;
  /** Others that keep the slot, best first. */
  keepers(slot: number): readonly TrackerId[];
  /** All other living trackers. */
  others(): readonly TrackerId[];
  guide(slot: number): Guide;
  /** Puts a question to another tracker's `Tracking.answer`. @throws PanalError: it did not answer, or refused */
  ask(tracker: TrackerId, question: Question): Promise<unknown>;
}

/** Between trackers. The answer has the shape of the client's reply of the same kind. */
export interface Question {
  readonly kind: QuestionKind;
  /** What the client asked for, checked by the tracker it came to. */
  readonly data: unknown;
}

export const QUESTION_KINDS = ['find', 'holds', 'metadata', 'name', 'list'] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];

/** For a write that is made good some other way if it fails. */
export async function tried(write: WriteReceipt | Promise<WriteReceipt>): Promise<void> {
  try {
    await write;
  } catch {
    // The next beat, or the next sweep, writes it again.
  }
}
