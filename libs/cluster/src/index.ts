export { type ClusterMessage, parseClusterMessage } from './cluster-message.js';
export {
  ClusterNode,
  type ClusterNodeConfig,
  type ClusterNodeOptions,
  type NodeEffect,
  type NodeEvent,
} from './cluster-node.js';
export type { ClusterStatus, MemberStatus } from './cluster-status.js';
export type { ClockOffset } from './membership/clock-offsets.js';
export { ClusterMessageInvalidError, JoinRefusedError, TrackerDuplicateError } from './membership/errors.js';
export { type GossipMessage, parseGossip } from './membership/gossip-message.js';
export { WEIGHT_MAX, WEIGHT_MIN } from './membership/limits.js';
export {
  type Member,
  type MemberHealth,
  type MemberPhase,
  type MemberProfile,
  namesWithoutCordons,
} from './membership/member.js';
export { Membership, type MembershipEvent, type MembershipOptions } from './membership/membership.js';
export type { MembershipEffect } from './membership/membership-effect.js';
export { type MembershipMessage, parseMembershipMessage } from './membership/membership-message.js';
export type { ClusterView } from './membership/view.js';
export { MemoryReplicaTable } from './memory-replica-table.js';
export { OWNER_COUNT, type Placement, type PlacementNode } from './placement/placement.js';
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
export { type DigestSeed, DigestTree, type KeyHash, leafCountOf, leafOf } from './replication/digest-tree.js';
export { ClusterBusyError, RecordRefusedError, TooFewCopiesError } from './replication/errors.js';
export { COPY_COUNT, RECORD_KEY_SIZE_MAX, RECORD_VALUE_SIZE_MAX } from './replication/limits.js';
export { REPLICATION_DEFAULTS, type ReplicationOptions, type WritePolicy } from './replication/options.js';
