import { formatAddress, type HostPort } from '@panal/runtime';
import type { VersionRange } from '@panal/wire';
import { SLOT_COUNT } from '../placement/slot.js';
import { TRACKERS_MAX } from './limits.js';
import type { Join, RejectReason } from './membership-message.js';
import { isLiving, type Roster } from './roster.js';

export interface Refusal {
  readonly reason: RejectReason;
  readonly explanation: string;
}

/** Why a tracker cannot be a member of this cluster; undefined when it can. */
export function refusalOf(
  join: Join,
  roster: Roster,
  own: { clusterName: string; protocols: VersionRange },
): Refusal | undefined {
  if (join.clusterName !== own.clusterName) {
    return {
      reason: 'cluster-name',
      explanation: `this is the cluster "${own.clusterName}", not "${join.clusterName}".`,
    };
  }
  if (join.slotCount !== SLOT_COUNT) {
    return { reason: 'slot-count', explanation: `this cluster has ${SLOT_COUNT} slots, not ${join.slotCount}.` };
  }
  if (join.protocolMin > own.protocols.max || join.protocolMax < own.protocols.min) {
    return { reason: 'protocol', explanation: protocolText(join, own.protocols) };
  }
  const known = roster.get(join.member.id);
  if (known !== undefined && join.member.startedAt < known.startedAt) {
    const where = formatAddress(known.cluster);
    return { reason: 'duplicate', explanation: `a process with the same tracker id was started later, at ${where}.` };
  }
  const isMember = known !== undefined && isLiving(known.health);
  if (!isMember && roster.living.length >= TRACKERS_MAX) {
    return { reason: 'full', explanation: `this cluster has ${TRACKERS_MAX} trackers, and takes no more.` };
  }
  return undefined;
}

function protocolText({ protocolMin, protocolMax }: Join, own: VersionRange): string {
  const ours = `versions ${own.min} to ${own.max}`;
  return `this cluster speaks ${ours} of the protocol, not ${protocolMin} to ${protocolMax}.`;
}

/** A join as this tracker sends it. */
export function joinOf(to: HostPort, roster: Roster, own: { clusterName: string; protocols: VersionRange }): Join {
  return {
    kind: 'join',
    to,
    clusterName: own.clusterName,
    slotCount: SLOT_COUNT,
    protocolMin: own.protocols.min,
    protocolMax: own.protocols.max,
    member: roster.self,
    members: roster.listed().filter(({ id }) => id !== roster.self.id),
  };
}
