import { diffieHellman, type KeyObject } from 'node:crypto';
import type { Clock } from '@panal/runtime';
import {
  type Access,
  type Admission,
  type Agreement,
  type ClientAttempt,
  type ClientCredentials,
  type Credential,
  CredentialFault,
  type ServerCredentials,
} from '@panal/wire';
import { publicKeyOf } from './curve-keys.js';
import type { ClusterKeyCredentials } from './key-credentials.js';
import type { Revocations } from './revocations.js';
import { checkTicket, type Ticket } from './ticket.js';

/** A ticket of this peer's own, and the private half of the key in it. */
export interface OwnTicket {
  readonly bytes: Buffer;
  readonly privateKey: KeyObject;
  /** Ms since 1970. */
  readonly expiresAtMs: number;
}

export interface PeerCredentialsOptions {
  readonly cluster: string;
  readonly clock: Clock;
  /** Of this peer, if it has the cluster's key: it gets along without tickets, and with peers of version 2. */
  readonly members: ClusterKeyCredentials | undefined;
  readonly revocations: Revocations;
  /** The ticket to show now; undefined while there is none. */
  readonly ticket: () => OwnTicket | undefined;
  /** Of the cluster's signing keys. */
  readonly publicKeys: () => readonly Buffer[];
  /** This peer's own key was revoked: it dials nobody any more. Default: it was not. */
  readonly isRevoked?: () => boolean;
}

/**
 * The credentials of a peer towards peers. Each side shows its ticket; the secret of the connection is what X25519 makes of
 * one's own private key and the key in the other's ticket, so a ticket is worth nothing to who only has a copy of it.
 * Members of the cluster that have no ticket use the cluster's key, among themselves.
 */
export class PeerCredentials implements ClientCredentials, ServerCredentials {
  constructor(private readonly options: PeerCredentialsOptions) {}

  get versionMin(): number {
    return this.options.members === undefined ? 3 : 1;
  }

  begin(): ClientAttempt {
    const { members, isRevoked } = this.options;
    if (isRevoked?.() === true) throw new CredentialFault('key_revoked');
    const own = this.#own();
    const asMember = members?.begin();
    if (own === undefined) {
      if (asMember === undefined) throw new CredentialFault('access_not_ready', 'no ticket yet');
      return asMember;
    }
    const fingerprint = asMember?.credential?.kind === 'cluster-key' ? asMember.credential.fingerprint : undefined;
    return {
      credential: { kind: 'ticket', ticket: own.bytes, fingerprint },
      agree: (shown) => {
        if (shown?.kind === 'ticket') return this.#agree(own, shown.ticket, 'server');
        if (members === undefined) throw new CredentialFault('ticket_refused', 'no ticket');
        return members.agree(shown);
      },
    };
  }

  admit(shown: Credential | undefined): Admission {
    const { members } = this.options;
    const own = this.#own();
    if (shown?.kind === 'ticket' && own !== undefined) {
      const credential = { kind: 'ticket', ticket: own.bytes, fingerprint: undefined } as const;
      return { ...this.#agree(own, shown.ticket, 'client'), credential };
    }
    // Whoever shows no ticket, or can be shown none, has to have the cluster's key, and so has this peer.
    const hasClusterKey = shown?.kind !== 'ticket' || shown.fingerprint !== undefined;
    if (members !== undefined && hasClusterKey) return members.admit(shown);
    if (own === undefined) throw new CredentialFault('access_not_ready', 'no ticket yet');
    throw new CredentialFault('ticket_refused', 'no ticket');
  }

  confirm({ keyId }: Access): void {
    if (keyId !== undefined && this.options.revocations.has(keyId)) throw new CredentialFault('key_revoked');
  }

  #own(): OwnTicket | undefined {
    const own = this.options.ticket();
    return own !== undefined && this.options.clock.nowMs() < own.expiresAtMs ? own : undefined;
  }

  /** @param shownBy The side whose ticket it is. */
  #agree({ privateKey }: OwnTicket, bytes: Buffer, shownBy: 'client' | 'server'): Agreement {
    const ticket = this.#check(bytes, shownBy);
    const { role, keyId, namespaces, peerId, principal } = ticket;
    return { secret: sharedSecret(privateKey, ticket), access: { role, keyId, namespaces, peerId }, principal };
  }

  #check(bytes: Buffer, shownBy: 'client' | 'server'): Ticket {
    const { cluster, clock, revocations, publicKeys } = this.options;
    const isRevoked = (keyId: string): boolean => revocations.has(keyId);
    const ticket = checkTicket(bytes, { cluster, publicKeys: publicKeys(), nowMs: clock.nowMs(), isRevoked });
    if (typeof ticket !== 'string') return ticket;
    // A client that reads "key revoked" is to take it for its own; of a server it is one more reason to go elsewhere.
    const isClients = ticket === 'revoked' && shownBy === 'client';
    throw new CredentialFault(isClients ? 'key_revoked' : 'ticket_refused', ticket);
  }
}

function sharedSecret(privateKey: KeyObject, { publicKey }: Ticket): Buffer {
  try {
    return diffieHellman({ privateKey, publicKey: publicKeyOf('x25519', publicKey) });
  } catch {
    // Keys of small order give the same secret with every private key; OpenSSL refuses them.
    throw new CredentialFault('ticket_refused', 'unusable key');
  }
}
