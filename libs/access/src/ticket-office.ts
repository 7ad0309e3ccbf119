import type { Clock } from '@panal/runtime';
import type { Access, HelloIdentity } from '@panal/wire';
import type { ClusterKeyring } from './cluster-keyring.js';
import { TICKET_LIFE_MS } from './limits.js';
import { signTicket } from './ticket.js';

export interface TicketOfficeOptions {
  readonly cluster: string;
  readonly ring: ClusterKeyring;
  readonly clock: Clock;
}

/** Who asks for a ticket, as its connection proved it, and the key it is to be bound to. */
export interface TicketApplicant {
  readonly principal: Pick<HelloIdentity, 'role' | 'principal'>;
  readonly access: Access;
  /** 16 bytes. */
  readonly peerId: Uint8Array;
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Makes tickets of the cluster. */
export class TicketOffice {
  constructor(private readonly options: TicketOfficeOptions) {}

  /** Public halves of the keys that tickets of this cluster may be signed with. */
  get publicKeys(): readonly Buffer[] {
    return this.options.ring.publicKeys;
  }

  issue({ principal, access, peerId, publicKey }: TicketApplicant): {
    readonly ticket: Buffer;
    readonly expiresAtMs: number;
  } {
    const { cluster, ring, clock } = this.options;
    const { role, keyId, namespaces } = access;
    const issuedAtMs = clock.nowMs();
    const expiresAtMs = issuedAtMs + TICKET_LIFE_MS;
    const ticket = signTicket(
      {
        cluster,
        principal,
        role,
        keyId,
        namespaces,
        peerId: Buffer.from(peerId).toString('hex'),
        publicKey: Buffer.from(publicKey),
        issuedAtMs,
        expiresAtMs,
      },
      ring.signingKey,
    );
    return { ticket, expiresAtMs };
  }
}
