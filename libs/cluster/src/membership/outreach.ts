import type { Random } from '@panal/runtime';
import type { VersionRange } from '@panal/wire';
import { joinOf } from './admission.js';
import type { GossipQueue } from './gossip-queue.js';
import {
  EXCHANGE_INTERVAL_MS,
  EXCHANGE_PAUSE_MS,
  GOSSIP_FANOUT,
  GOSSIP_INTERVAL_MS,
  GOSSIP_TO_DEAD_MS,
  REVIVAL_INTERVAL_MS,
  REVIVALS_AT_ONCE,
} from './limits.js';
import type { Member } from './member.js';
import type { MembershipEffect, Outbox } from './membership-effect.js';
import type { Messenger } from './messenger.js';
import type { Roster } from './roster.js';
import type { Seeds } from './seeds.js';
import { sample } from './shuffle.js';

export interface OutreachParts {
  readonly roster: Roster;
  readonly messenger: Messenger;
  readonly outbox: Outbox;
  readonly gossip: GossipQueue;
  readonly seeds: Seeds;
  readonly random: Random;
  readonly own: { readonly clusterName: string; readonly protocols: VersionRange };
}

/** What this tracker does of its own accord to keep everyone's view the same: gossip, exchanges of lists, and looking for the lost. */
export class Outreach {
  #gossipAtMs = 0;
  #exchangeAtMs: number | undefined;
  #urgentAtMs = 0;
  #revivalAtMs = 0;

  constructor(
    private readonly parts: OutreachParts,
    private readonly nextSeq: () => number,
  ) {}

  tick(steadyMs: number): void {
    this.#join(steadyMs);
    this.#gossip(steadyMs);
    this.#exchange(steadyMs);
    this.#revive(steadyMs);
  }

  /** Exchanges lists with somebody unexpected; not with everyone at once. */
  exchangeSoon(to: Extract<MembershipEffect, { kind: 'send' }>['to'], steadyMs: number): void {
    if (steadyMs < this.#urgentAtMs) return;
    this.#urgentAtMs = steadyMs + EXCHANGE_PAUSE_MS;
    this.#sendList(to);
  }

  /** To everyone at once: this tracker has no time left for gossip. */
  sayGoodbye(): void {
    for (const { cluster } of this.#others()) this.parts.messenger.correct(cluster, [this.parts.roster.ownNews()]);
  }

  #join(steadyMs: number): void {
    const { seeds, outbox, roster, own } = this.parts;
    for (const to of seeds.takeDue(steadyMs, this.#others())) {
      outbox.add({ kind: 'send', to, message: joinOf(to, roster, own) });
    }
  }

  #gossip(steadyMs: number): void {
    if (steadyMs < this.#gossipAtMs) return;
    this.#gossipAtMs = steadyMs + GOSSIP_INTERVAL_MS;
    const { gossip, roster, messenger, random } = this.parts;
    const listeners = [...this.#others(), ...roster.dead(steadyMs - GOSSIP_TO_DEAD_MS)];
    for (const { id, cluster } of sample(listeners, GOSSIP_FANOUT, random)) {
      if (gossip.size > 0) messenger.send({ address: cluster, id }, { kind: 'gossip' });
    }
  }

  #exchange(steadyMs: number): void {
    const { roster, random } = this.parts;
    // One of those who came back tells what its whole side knows.
    const [returned] = sample(roster.takeReturned(), 1, random);
    if (returned !== undefined) this.exchangeSoon(returned, steadyMs);
    this.#exchangeAtMs ??= steadyMs + random.below(EXCHANGE_INTERVAL_MS);
    if (steadyMs < this.#exchangeAtMs) return;
    this.#exchangeAtMs = steadyMs + EXCHANGE_INTERVAL_MS;
    const [partner] = sample(this.#others(), 1, random);
    if (partner !== undefined) this.#sendList(partner.id);
  }

  /** The dead that live hear so, and object. By TCP as well, for networks where only that has come back. */
  #revive(steadyMs: number): void {
    if (steadyMs < this.#revivalAtMs) return;
    this.#revivalAtMs = steadyMs + REVIVAL_INTERVAL_MS;
    const { roster, messenger, random } = this.parts;
    const tried = sample(roster.dead(), REVIVALS_AT_ONCE, random);
    for (const { id, cluster } of tried) {
      messenger.send({ address: cluster, id }, { kind: 'ping', seq: this.nextSeq(), to: id });
    }
    if (tried[0] !== undefined) this.#sendList(tried[0].cluster);
  }

  #sendList(to: Extract<MembershipEffect, { kind: 'send' }>['to']): void {
    const members = this.parts.roster.listed();
    this.parts.outbox.add({ kind: 'send', to, message: { kind: 'members', wantsReply: true, members } });
  }

  #others(): readonly Member[] {
    const { living, self } = this.parts.roster;
    return living.filter(({ id }) => id !== self.id);
  }
}
