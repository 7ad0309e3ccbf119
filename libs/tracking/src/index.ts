export type { Dialback, DialbackOutcome } from './dialback.js';
export { handoutPolicyCases, makeSource } from './handout-policy.compliance.js';
export type { HandoutPolicy, HandoutRequest } from './handout-policy.js';
export type { KeyRegistry } from './key-registry.js';
export { ENTRY_LIVES_OF_PEER, PEER_TTL_MS, PEER_TTL_MS_MIN } from './limits.js';
export { NearFirstHandoutPolicy } from './near-first-handout-policy.js';
export type { PeerSource } from './peer-entry.js';
export type { PeerLease } from './peer-lease.js';
export { readQuestion } from './questions.js';
export type { Guide, Question, Replicas, WritePromise, WriteReceipt } from './replicas.js';
export { entryValue } from './table/entry-rows.js';
export { encodeRecordKey, slotOfKey } from './table/record-key.js';
export { TrackerTable } from './table/tracker-table.js';
export {
  Tracking,
  type TrackingCounts,
  type TrackingExpired,
  type TrackingLimits,
  type TrackingOptions,
  type TrackingTotals,
} from './tracking.js';
