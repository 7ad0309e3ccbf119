import type { ClusterRecord, TrackerId } from '@panal/cluster';

/** How a write ended. */
export interface WriteReceipt {
  /** Trackers that hold it. */
  readonly copies: number;
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
  /** Resolves once as many trackers hold the records as the cluster promises. @throws PanalError when it cannot promise */
  write(records: readonly ClusterRecord[]): Promise<WriteReceipt>;
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
