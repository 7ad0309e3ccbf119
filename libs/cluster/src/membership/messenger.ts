import type { HostPort } from '@panal/runtime';
import { DATAGRAM_BODY_SIZE_MAX } from '@panal/wire';
import type { TrackerId } from '../record.js';
import { bodySizeMax, type GossipBody, type GossipMessage } from './gossip-message.js';
import type { GossipQueue } from './gossip-queue.js';
import type { Outbox } from './membership-effect.js';
import type { Roster } from './roster.js';

/** Where a datagram goes, and to whom as far as that is known. */
export interface Receiver {
  readonly address: HostPort;
  readonly id?: TrackerId;
}

/** Sends datagrams, each filled up with news, the receiver's own first. */
export class Messenger {
  constructor(
    private readonly parts: { readonly roster: Roster; readonly gossip: GossipQueue; readonly outbox: Outbox },
  ) {}

  send({ address, id }: Receiver, body: GossipBody): void {
    const { roster, gossip } = this.parts;
    const first = id === undefined ? [] : roster.newsFor(id);
    const news = gossip.take(DATAGRAM_BODY_SIZE_MAX - bodySizeMax(body), roster.living.length, first);
    this.#post(address, { ...body, ...this.#sender(), news });
  }

  /** Tells one thing, to somebody who is wrong about it. */
  correct(address: HostPort, news: GossipMessage['news']): void {
    this.#post(address, { kind: 'gossip', ...this.#sender(), news });
  }

  #sender(): { readonly from: TrackerId; readonly startedAt: number } {
    const { id, startedAt } = this.parts.roster.self;
    return { from: id, startedAt };
  }

  #post(to: HostPort, message: GossipMessage): void {
    this.parts.outbox.add({ kind: 'datagram', to, message });
  }
}
