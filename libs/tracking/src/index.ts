export type { Dialback, DialbackOutcome } from './dialback.js';
export type { HandoutPolicy, HandoutRequest } from './handout-policy.js';
export { PEER_TTL_MS, PEER_TTL_MS_MIN } from './limits.js';
export type { RecordChange, RecordKey, RecordStore, StoredRecord, WriteReceipt } from './record-store.js';
export {
  Tracking,
  type TrackingCounts,
  type TrackingExpired,
  type TrackingLimits,
  type TrackingOptions,
  type TrackingStores,
  type TrackingTotals,
} from './tracking.js';
