import {
  type AccessKey,
  ClientKeyCredentials,
  ClusterKeyCredentials,
  formatPrincipal,
  PeerCredentials,
  Revocations,
} from '@panal/access';
import type { Clock } from '@panal/runtime';
import type { ClientCredentials, HelloIdentity } from '@panal/wire';
import { TicketAgent, type TicketAgentOptions } from './ticket-agent.js';

export interface PeerAccessOptions extends Omit<TicketAgentOptions, 'revocations' | 'publicKeys'> {
  readonly key: AccessKey;
  readonly cluster: string;
  /** Of this peer. */
  readonly name: string;
  readonly clock: Clock;
}

/** With what a peer shows who it is: its key to trackers, its ticket to peers. */
export class PeerAccess {
  readonly identity: HelloIdentity;
  readonly toTrackers: ClientCredentials;
  readonly toPeers: PeerCredentials;
  readonly tickets: TicketAgent;
  readonly revocations = new Revocations();

  constructor(options: PeerAccessOptions) {
    const { key, cluster, name, clock } = options;
    const { revocations } = this;
    this.identity = { role: 'peer', cluster, principal: formatPrincipal({ role: 'peer', name }) };
    const members = key.kind === 'cluster' ? new ClusterKeyCredentials(key.ring) : undefined;
    this.toTrackers = key.kind === 'cluster' ? new ClusterKeyCredentials(key.ring) : new ClientKeyCredentials(key.key);
    const publicKeys = key.kind === 'cluster' ? key.ring.publicKeys : [key.key.signingPublicKey];
    const tickets = new TicketAgent({ ...options, revocations, publicKeys });
    this.tickets = tickets;
    this.toPeers = new PeerCredentials({
      cluster,
      clock,
      members,
      revocations,
      ticket: () => tickets.ticket,
      publicKeys: () => tickets.publicKeys,
    });
    this.#needsTicket = members === undefined;
  }

  readonly #needsTicket: boolean;

  /** Resolves when there is something to show to another peer, or soon. */
  prepare(signal: AbortSignal): Promise<void> {
    return this.#needsTicket ? this.tickets.ready(signal) : Promise.resolve();
  }
}
