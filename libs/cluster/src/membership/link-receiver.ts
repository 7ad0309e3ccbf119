import { type Clock, formatAddress } from '@panal/runtime';
import type { VersionRange } from '@panal/wire';
import type { TrackerId } from '../record.js';
import { refusalOf } from './admission.js';
import { TrackerDuplicateError } from './errors.js';
import type { Outbox } from './membership-effect.js';
import type { Join, MembershipMessage, Reject } from './membership-message.js';
import type { Prober } from './prober.js';
import type { Roster } from './roster.js';
import type { Seeds } from './seeds.js';

export interface LinkReceiverParts {
  readonly roster: Roster;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly prober: Prober;
  readonly seeds: Seeds;
  readonly own: { readonly clusterName: string; readonly protocols: VersionRange };
}

interface Times {
  readonly nowMs: number;
  readonly steadyMs: number;
}

/** What came by TCP. */
export class LinkReceiver {
  constructor(private readonly parts: LinkReceiverParts) {}

  receive(from: TrackerId, message: MembershipMessage, times: Times): void {
    const { roster, seeds, prober, outbox, clock } = this.parts;
    if (roster.hasLeft) return;
    switch (message.kind) {
      case 'join':
        return this.#admit(from, message, times);
      case 'welcome':
        seeds.answered(message.to, from);
        return roster.learnList(message.members, from, times);
      case 'reject':
        return this.#refused(message);
      case 'members':
        roster.learnList(message.members, from, times);
        if (!message.wantsReply) return;
        outbox.add({
          kind: 'send',
          to: from,
          message: { kind: 'members', wantsReply: false, members: roster.listed() },
        });
        return;
      case 'probe':
        if (message.to !== roster.self.id) return;
        outbox.add({
          kind: 'send',
          to: from,
          message: { kind: 'probe-ack', seq: message.seq, timeMs: clock.nowMs() },
        });
        return;
      case 'probe-ack':
        return prober.ackedByTcp(from, message.seq, message.timeMs);
    }
  }

  #admit(from: TrackerId, join: Join, times: Times): void {
    const { roster, outbox, own } = this.parts;
    const { member, to } = join;
    if (member.id !== from) return;
    if (member.id === roster.self.id && this.#isSelf(join)) return;
    const refusal = refusalOf(join, roster, own);
    if (refusal !== undefined) {
      outbox.info('a tracker was refused', {
        ...refusal,
        tracker: member.name,
        address: formatAddress(member.cluster),
      });
      // To the address: the id of a duplicate is that of another one.
      outbox.add({ kind: 'send', to: member.cluster, message: { kind: 'reject', to, ...refusal } });
      return;
    }
    roster.learn({ kind: 'alive', member }, times);
    roster.learnList(join.members, from, times);
    outbox.add({ kind: 'send', to: from, message: { kind: 'welcome', to, members: roster.listed() } });
  }

  /** A seed that is this tracker itself, or a younger process with its id. */
  #isSelf({ member, to }: Join): boolean {
    const { roster, seeds, outbox } = this.parts;
    if (member.startedAt === roster.self.startedAt) {
      seeds.answered(to, roster.self.id);
      return true;
    }
    if (member.startedAt < roster.self.startedAt) return false;
    const error = new TrackerDuplicateError(roster.self.id, formatAddress(member.cluster));
    outbox.add({ kind: 'fatal', error });
    return true;
  }

  #refused({ reason, explanation, to }: Reject): void {
    const { seeds, outbox, roster } = this.parts;
    const address = formatAddress(to);
    if (reason === 'duplicate') {
      outbox.add({ kind: 'fatal', error: new TrackerDuplicateError(roster.self.id, address) });
      return;
    }
    outbox.warn('a tracker refused this one', { address, reason, explanation });
    seeds.refused(to, explanation);
  }
}
