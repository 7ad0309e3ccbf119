import { MEMBERSHIP_KINDS, type MembershipMessage, parseMembershipMessage } from './membership/membership-message.js';
import { MessageFields } from './message-fields.js';
import {
  parseReplicationMessage,
  REPLICATION_KINDS,
  type ReplicationMessage,
} from './replication/replication-message.js';

/** What trackers tell each other by TCP, in order: plain objects of numbers, texts, lists and bytes. */
export type ClusterMessage = MembershipMessage | ReplicationMessage;

const KINDS = [...MEMBERSHIP_KINDS, ...REPLICATION_KINDS] as const;

/** @throws ClusterMessageInvalidError */
export function parseClusterMessage(value: unknown): ClusterMessage {
  const kind = new MessageFields(value).word('kind', KINDS);
  return isMembershipKind(kind) ? parseMembershipMessage(value) : parseReplicationMessage(value);
}

/** Whether a message is about who is in the cluster, and not about records. */
export function isMembershipMessage(message: ClusterMessage): message is MembershipMessage {
  return isMembershipKind(message.kind);
}

function isMembershipKind(kind: string): boolean {
  return MEMBERSHIP_KINDS.some((one) => one === kind);
}
