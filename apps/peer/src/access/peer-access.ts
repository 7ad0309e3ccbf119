import {
  type AccessKey,
  boundPeerId,
  ClientKeyCredentials,
  ClusterKeyCredentials,
  formatPrincipal,
  PeerCredentials,
  Revocations,
} from '@panal/access';
import type { Clock, Logger } from '@panal/runtime';
import type { ClientCredentials, HelloIdentity } from '@panal/wire';
import { TicketAgent, type TicketAgentOptions } from './ticket-agent.js';

export interface PeerAccessOptions extends Omit<TicketAgentOptions, 'revocations' | 'publicKeys' | 'peerId'> {
  readonly key: AccessKey;
  readonly cluster: string;
  /** Of this peer. */
  readonly name: string;
  /** Of its data folder, 16 random bytes. */
  readonly folderId: Buffer;
  readonly clock: Clock;
}

/** With what a peer shows who it is: its key to trackers, its ticket to peers. */
export class PeerAccess {
  readonly identity: HelloIdentity;
  /** 16 bytes. With a client key bound to that, so that nobody with another key can be this peer; see docs/designs/0008. */
  readonly peerId: Buffer;
  readonly toTrackers: ClientCredentials;
  readonly toPeers: PeerCredentials;
  readonly tickets: TicketAgent;
  readonly revocations = new Revocations();
  readonly #needsTicket: boolean;
  #isRevoked = false;

  constructor(options: PeerAccessOptions) {
    const { key, cluster, name, folderId, clock, logger } = options;
    const { revocations } = this;
    this.identity = { role: 'peer', cluster, principal: formatPrincipal({ role: 'peer', name }) };
    const members = key.kind === 'cluster' ? new ClusterKeyCredentials(key.ring) : undefined;
    this.toTrackers = key.kind === 'cluster' ? new ClusterKeyCredentials(key.ring) : new ClientKeyCredentials(key.key);
    const publicKeys = key.kind === 'cluster' ? key.ring.publicKeys : [key.key.signingPublicKey];
    const ownKeyId = key.kind === 'client' ? key.key.id.toString('hex') : undefined;
    this.peerId = ownKeyId === undefined ? folderId : boundPeerId(folderId, ownKeyId);
    const tickets = new TicketAgent({ ...options, peerId: this.peerId, revocations, publicKeys });
    this.tickets = tickets;
    this.toPeers = new PeerCredentials({
      cluster,
      clock,
      members,
      revocations,
      ticket: () => tickets.ticket,
      publicKeys: () => tickets.publicKeys,
      isRevoked: () => this.#isRevoked,
    });
    this.#needsTicket = members === undefined;
    revocations.onRevoked((keyId) => {
      if (keyId === ownKeyId) this.#revoke(logger);
    });
  }

  /** A tracker told over a connection that proved it: the key of this peer is no longer good, and never will be again. */
  get isRevoked(): boolean {
    return this.#isRevoked;
  }

  /** Resolves when there is something to show to another peer, or soon. */
  prepare(signal: AbortSignal): Promise<void> {
    return this.#needsTicket ? this.tickets.ready(signal) : Promise.resolve();
  }

  #revoke(logger: Logger): void {
    this.#isRevoked = true;
    this.tickets.revoke();
    logger.error('The key of this peer has been revoked; it serves and fetches no more. Start it with a new key.');
  }
}
