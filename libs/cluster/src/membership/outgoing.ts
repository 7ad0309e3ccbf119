import { formatAddress, type HostPort } from '@panal/runtime';
import { type VersionRange, withoutNewer } from '@panal/wire';
import type { TrackerId } from '../record.js';
import { PROFILE_VERSIONS } from './member.js';
import type { MembershipEffect } from './membership-effect.js';
import type { Roster } from './roster.js';

/** Fields of messages between trackers that came after version 2, which brought those messages. */
const FIELD_VERSIONS = {
  member: PROFILE_VERSIONS,
  members: PROFILE_VERSIONS,
  news: { member: PROFILE_VERSIONS },
} as const;

/**
 * What goes out, in the version of the protocol that the receiver speaks. A datagram has no hello, and a link may not be there
 * yet: what the receiver says of itself as a member counts, and who is not known yet is spoken to as by the oldest release.
 */
export class Outgoing {
  /** Versions by address, as of one version of the roster. */
  readonly #byAddress = new Map<string, number>();
  #rosterVersion = -1;

  constructor(
    private readonly roster: Roster,
    private readonly protocols: VersionRange,
  ) {}

  /** The effect with its message as the receiver understands it. */
  inVersionOf(effect: MembershipEffect): MembershipEffect {
    if (effect.kind === 'send') return { ...effect, message: this.#reduced(effect.to, effect.message) };
    if (effect.kind === 'datagram') return { ...effect, message: this.#reduced(effect.to, effect.message) };
    return effect;
  }

  #reduced<Message>(to: TrackerId | HostPort, message: Message): Message {
    return withoutNewer(message, FIELD_VERSIONS, this.#agreedWith(to));
  }

  #agreedWith(to: TrackerId | HostPort): number {
    const theirs = typeof to === 'string' ? this.roster.get(to)?.protocol : this.#protocolAt(to);
    return theirs === undefined ? this.protocols.min : Math.min(theirs, this.protocols.max);
  }

  #protocolAt(address: HostPort): number | undefined {
    if (this.#rosterVersion !== this.roster.version) {
      this.#rosterVersion = this.roster.version;
      this.#byAddress.clear();
      for (const { cluster, protocol } of this.roster.listed()) this.#byAddress.set(formatAddress(cluster), protocol);
    }
    return this.#byAddress.get(formatAddress(address));
  }
}
