export type { Member, MemberHealth, MemberPhase, MemberProfile } from './membership/member.js';
export type { ClusterView } from './membership/view.js';
export { MemoryReplicaTable } from './memory-replica-table.js';
export { EVERYWHERE, SLOT_COUNT, slotOf } from './placement/slot.js';
export {
  type ClusterRecord,
  compareRecords,
  isServed,
  originOf,
  purgeAtMs,
  type RecordClass,
  type RecordLifetimes,
  type TrackerId,
} from './record.js';
export { describeReplicaTable } from './replica-table.compliance.js';
export type { ApplyResult, ReplicaTable } from './replica-table.js';
export { type DigestSeed, DigestTree, type KeyHash, leafOf } from './replication/digest-tree.js';
export { RECORD_KEY_SIZE_MAX, RECORD_VALUE_SIZE_MAX } from './replication/limits.js';
