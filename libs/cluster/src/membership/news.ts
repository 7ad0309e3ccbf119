import { MessageFields } from '../message-fields.js';
import type { TrackerId } from '../record.js';
import { WEIGHT_MAX, WEIGHT_MIN } from './limits.js';
import type { Member, MemberHealth, MemberPhase, MemberProfile } from './member.js';

/** What a tracker says about itself. */
export interface AliveNews {
  readonly kind: 'alive';
  readonly member: MemberProfile;
}

/** What others say about a tracker: `by` could not reach it, or waited in vain for its objection. */
export interface Accusation {
  readonly kind: 'suspect' | 'dead';
  readonly id: TrackerId;
  readonly startedAt: number;
  readonly incarnation: number;
  readonly by: TrackerId;
}

/** A tracker said goodbye. */
export interface LeftNews {
  readonly kind: 'left';
  readonly id: TrackerId;
  readonly startedAt: number;
  readonly incarnation: number;
}

/** Who coordinates, until `leaseMs` after it was heard. */
export interface CoordinatorNews {
  readonly kind: 'coordinator';
  readonly id: TrackerId;
  /** Hybrid stamp, above all terms its holder knew. */
  readonly term: number;
  /** Counts within the term; a higher one is later. */
  readonly renewal: number;
  readonly leaseMs: number;
}

/** What is told along with other datagrams. */
export type News = AliveNews | Accusation | LeftNews | CoordinatorNews;

const NEWS_KINDS = ['alive', 'suspect', 'dead', 'left', 'coordinator'] as const;
const PHASES: readonly MemberPhase[] = ['joining', 'active', 'leaving'];
const HEALTHS: readonly MemberHealth[] = ['alive', 'suspect', 'dead', 'left'];
const PROTOCOL_MAX = 65_535;
const LEASE_MAX_MS = 60_000;

/** @throws ClusterMessageInvalidError */
export function readNews(fields: MessageFields): News {
  const kind = fields.word('kind', NEWS_KINDS);
  if (kind === 'alive') return { kind, member: readProfile(fields.fields('member')) };
  const id = fields.trackerId('id');
  if (kind === 'coordinator') {
    return {
      kind,
      id,
      term: fields.stamp('term'),
      renewal: fields.whole('renewal', 0, Number.MAX_SAFE_INTEGER),
      leaseMs: fields.whole('leaseMs', 1, LEASE_MAX_MS),
    };
  }
  const about = { id, startedAt: fields.stamp('startedAt'), incarnation: fields.stamp('incarnation') };
  return kind === 'left' ? { kind, ...about } : { kind, ...about, by: fields.trackerId('by') };
}

/** @throws ClusterMessageInvalidError */
export function readMember(fields: MessageFields): Member {
  return { ...readProfile(fields), health: fields.word('health', HEALTHS) };
}

/** @throws ClusterMessageInvalidError */
export function readProfile(fields: MessageFields): MemberProfile {
  const isCordoned = fields.newerFlag('isCordoned');
  return {
    id: fields.trackerId('id'),
    name: fields.nodeName('name'),
    startedAt: fields.stamp('startedAt'),
    incarnation: fields.stamp('incarnation'),
    phase: fields.word('phase', PHASES),
    rpc: fields.address('rpc'),
    cluster: fields.address('cluster'),
    zone: fields.raw('zone') === '' ? '' : fields.nodeName('zone'),
    weight: fields.number('weight', WEIGHT_MIN, WEIGHT_MAX),
    protocol: fields.whole('protocol', 1, PROTOCOL_MAX),
    isFit: fields.flag('isFit'),
    ...(isCordoned === undefined ? {} : { isCordoned }),
  };
}

/** Bytes that news takes at most in MessagePack: the longest numbers, and texts in ASCII. */
export function newsSizeMax(news: News): number {
  if (news.kind !== 'alive') return 150;
  const { name, rpc, cluster, zone } = news.member;
  return 265 + name.length + zone.length + rpc.host.length + cluster.host.length;
}

/** What a tracker says of itself, without how others see it. */
export function profileOf(member: MemberProfile): MemberProfile {
  const { id, name, startedAt, incarnation, phase, rpc, cluster, zone, weight, protocol, isFit, isCordoned } = member;
  const profile = { id, name, startedAt, incarnation, phase, rpc, cluster, zone, weight, protocol, isFit };
  return isCordoned === undefined ? profile : { ...profile, isCordoned };
}
