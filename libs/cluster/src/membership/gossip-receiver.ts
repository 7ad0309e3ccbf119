import { type Clock, formatAddress, type HostPort } from '@panal/runtime';
import type { CoordinatorElection } from './coordinator-election.js';
import { TrackerDuplicateError } from './errors.js';
import type { GossipMessage } from './gossip-message.js';
import type { Outbox } from './membership-effect.js';
import type { Messenger } from './messenger.js';
import { profileOf } from './news.js';
import type { Outreach } from './outreach.js';
import type { Prober } from './prober.js';
import type { Relays } from './relays.js';
import type { Roster } from './roster.js';

export interface GossipReceiverParts {
  readonly roster: Roster;
  readonly messenger: Messenger;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly prober: Prober;
  readonly outreach: Outreach;
  readonly relays: Relays;
  readonly election: CoordinatorElection;
}

/** What came by UDP: news first, then what was asked, so that the answer has the objections in it. */
export class GossipReceiver {
  constructor(private readonly parts: GossipReceiverParts) {}

  receive(
    address: HostPort,
    message: GossipMessage,
    times: { readonly nowMs: number; readonly steadyMs: number },
  ): void {
    const { roster, messenger, outreach, election } = this.parts;
    if (roster.hasLeft) return this.#refer(address, message);
    if (message.from === roster.self.id) return this.#meetNamesake(address, message);
    const known = roster.get(message.from);
    if (known !== undefined && message.startedAt < known.startedAt) {
      // A process that was replaced, and does not know it.
      return messenger.correct(address, [{ kind: 'alive', member: profileOf(known) }]);
    }
    for (const news of message.news) {
      if (news.kind === 'coordinator') election.learn(news, times.nowMs, times.steadyMs);
      else roster.learn(news, times);
    }
    if (this.#isAccusedIn(message)) messenger.correct(address, [roster.ownNews()]);
    if (roster.get(message.from) === undefined) outreach.exchangeSoon(address, times.steadyMs);
    this.#answer(address, message, times.steadyMs);
  }

  #answer(address: HostPort, message: GossipMessage, steadyMs: number): void {
    const { roster, messenger, prober, relays, clock } = this.parts;
    const sender = { address, id: message.from };
    switch (message.kind) {
      case 'ping':
        if (message.to !== roster.self.id) return this.#refer(address, message);
        return messenger.send(sender, { kind: 'ack', seq: message.seq, timeMs: clock.nowMs() });
      case 'ping-request':
        return relays.begin(message, sender, steadyMs);
      case 'ack':
        if (!prober.acked(message)) relays.acked(message);
        return;
      case 'nack':
        return prober.nacked(message.seq);
      case 'gossip':
        return;
    }
  }

  /** Asked for somebody else, or after the goodbye: says who is here. */
  #refer(address: HostPort, message: GossipMessage): void {
    if (message.kind === 'ping') this.parts.messenger.correct(address, [this.parts.roster.ownNews()]);
  }

  /** Even of something it objected to long ago: gossip did not reach everyone, and whoever was missed goes on accusing. */
  #isAccusedIn({ news }: GossipMessage): boolean {
    const { id } = this.parts.roster.self;
    return news.some((one) => (one.kind === 'suspect' || one.kind === 'dead') && one.id === id);
  }

  #meetNamesake(address: HostPort, { startedAt }: GossipMessage): void {
    const { roster, messenger, outbox } = this.parts;
    if (startedAt < roster.self.startedAt) return messenger.correct(address, [roster.ownNews()]);
    if (startedAt === roster.self.startedAt) return;
    outbox.add({ kind: 'fatal', error: new TrackerDuplicateError(roster.self.id, formatAddress(address)) });
  }
}
