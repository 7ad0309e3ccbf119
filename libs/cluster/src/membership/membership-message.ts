import type { HostPort } from '@panal/runtime';
import { IDENTIFIER_SIZE_MAX } from '@panal/wire';
import { MessageFields } from '../message-fields.js';
import type { TrackerId } from '../record.js';
import { EXPLANATION_SIZE_MAX, MEMBERS_LISTED_MAX } from './limits.js';
import type { Member, MemberProfile } from './member.js';
import { readMember, readProfile } from './news.js';

/** Let me in. */
export interface Join {
  readonly kind: 'join';
  /** The address it was sent to, as the sender was told it; the answer repeats it. */
  readonly to: HostPort;
  readonly clusterName: string;
  readonly slotCount: number;
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly member: MemberProfile;
  /** All others it knows. */
  readonly members: readonly Member[];
}

interface Welcome {
  readonly kind: 'welcome';
  readonly to: HostPort;
  readonly members: readonly Member[];
}

const REJECT_REASONS = ['cluster-name', 'slot-count', 'protocol', 'duplicate', 'full'] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

export interface Reject {
  readonly kind: 'reject';
  readonly to: HostPort;
  readonly reason: RejectReason;
  /** For people: a sentence. */
  readonly explanation: string;
}

/** All I know. With `wantsReply` it is answered in kind, without. */
interface Members {
  readonly kind: 'members';
  readonly wantsReply: boolean;
  readonly members: readonly Member[];
}

/** A ping by TCP, beside the indirect ones: for networks that lose or block datagrams. */
interface Probe {
  readonly kind: 'probe';
  readonly seq: number;
  readonly to: TrackerId;
}

interface ProbeAck {
  readonly kind: 'probe-ack';
  readonly seq: number;
  /** Wall clock, ms since 1970. */
  readonly timeMs: number;
}

/** What goes by TCP. */
export type MembershipMessage = Join | Welcome | Reject | Members | Probe | ProbeAck;

/** Of these, to tell membership from other messages between trackers. */
export const MEMBERSHIP_KINDS = ['join', 'welcome', 'reject', 'members', 'probe', 'probe-ack'] as const;

const SEQ_MAX = 0xffff_ffff;
const PROTOCOL_MAX = 65_535;

/** @throws ClusterMessageInvalidError */
export function parseMembershipMessage(value: unknown): MembershipMessage {
  const fields = new MessageFields(value);
  const kind = fields.word('kind', MEMBERSHIP_KINDS);
  switch (kind) {
    case 'join':
      return readJoin(fields);
    case 'welcome':
      return { kind, to: fields.address('to'), members: readMembers(fields) };
    case 'reject':
      return {
        kind,
        to: fields.address('to'),
        reason: fields.word('reason', REJECT_REASONS),
        explanation: fields.text('explanation', EXPLANATION_SIZE_MAX),
      };
    case 'members':
      return { kind, wantsReply: fields.flag('wantsReply'), members: readMembers(fields) };
    case 'probe':
      return { kind, seq: fields.whole('seq', 0, SEQ_MAX), to: fields.trackerId('to') };
    case 'probe-ack':
      return { kind, seq: fields.whole('seq', 0, SEQ_MAX), timeMs: fields.timeMs('timeMs') };
  }
}

function readJoin(fields: MessageFields): Join {
  return {
    kind: 'join',
    to: fields.address('to'),
    clusterName: fields.text('clusterName', IDENTIFIER_SIZE_MAX),
    slotCount: fields.whole('slotCount', 1, Number.MAX_SAFE_INTEGER),
    protocolMin: fields.whole('protocolMin', 1, PROTOCOL_MAX),
    protocolMax: fields.whole('protocolMax', 1, PROTOCOL_MAX),
    member: readProfile(fields.fields('member')),
    members: readMembers(fields),
  };
}

function readMembers(fields: MessageFields): readonly Member[] {
  return fields.list('members', MEMBERS_LISTED_MAX, readMember);
}
