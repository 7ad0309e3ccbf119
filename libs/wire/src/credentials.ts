import type { HelloIdentity } from './identity.js';

/** What the bearer of a key or ticket may do. `member`: whoever has the cluster's own key; no role is above it. */
export type AccessRole = 'member' | 'peer' | 'viewer' | 'maintainer' | 'admin';

/** Roles as tickets number them. A new one is added at the end, never inserted. */
export const ACCESS_ROLES: readonly AccessRole[] = ['member', 'peer', 'viewer', 'maintainer', 'admin'];

/** In a list of namespaces: all of them. No namespace has this name. */
export const EVERY_NAMESPACE = '*';

/** What was proved of the other end of a connection, beside its name. */
export interface Access {
  readonly role: AccessRole;
  /** Id of the client key, in hex; undefined for the cluster's own key. */
  readonly keyId: string | undefined;
  /** EVERY_NAMESPACE among them: all. */
  readonly namespaces: readonly string[];
  /** The peer a ticket was made for, in hex; undefined where no ticket was shown. */
  readonly peerId: string | undefined;
}

/** Of whoever has the cluster's own key. */
export const MEMBER_ACCESS: Access = {
  role: 'member',
  keyId: undefined,
  namespaces: [EVERY_NAMESPACE],
  peerId: undefined,
};

/** Whether the bearer may deal with `namespace`. */
export function mayUseNamespace({ namespaces }: Access, namespace: string): boolean {
  return namespaces.includes(EVERY_NAMESPACE) || namespaces.includes(namespace);
}

/**
 * What a hello says of the secret its sender means; it proves nothing by itself. `fingerprint` tells the secrets apart of
 * which two are valid at once, during a rotation.
 * @since 3
 */
export type Credential =
  | { readonly kind: 'cluster-key'; readonly fingerprint: Buffer }
  | { readonly kind: 'client-key'; readonly keyId: Buffer; readonly fingerprint: Buffer }
  /** `fingerprint` of the cluster's key, where the bearer of the ticket has that as well. */
  | { readonly kind: 'ticket'; readonly ticket: Buffer; readonly fingerprint: Buffer | undefined };

/** What both sides of a handshake have in common, and what it says of the other one. */
export interface Agreement {
  /** 32 bytes. */
  readonly secret: Buffer;
  readonly access: Access;
  /** Who the other one is; undefined: who it says, for the secret says nothing of it. */
  readonly principal: Pick<HelloIdentity, 'role' | 'principal'> | undefined;
}

/** The client's side of one handshake. */
export interface ClientAttempt {
  /** Undefined: as in versions before 3, where there was one secret. */
  readonly credential: Credential | undefined;
  /** @param shown What the server's hello says, not proved yet. @throws CredentialFault */
  agree(shown: Credential | undefined): Agreement;
}

/** With what a process dials. */
export interface ClientCredentials {
  /** The oldest version that knows of them. */
  readonly versionMin: number;
  /** Asked for each handshake: tickets and keys are renewed. @throws CredentialFault when there is nothing to show yet */
  begin(): ClientAttempt;
}

/** What the server answers a client with. */
export interface Admission extends Agreement {
  readonly credential: Credential | undefined;
}

/** Whom a process that listens lets in. */
export interface ServerCredentials {
  readonly versionMin: number;
  /** @param shown Undefined where the client's version knows of no credentials, or it showed none. @throws CredentialFault */
  admit(shown: Credential | undefined): Admission;
  /** The client has proved itself, perhaps seconds after it was admitted. @throws CredentialFault if it is no longer */
  confirm(access: Access): void;
}

/** Why a credential is refused, as the refusal carries it to the other side. */
export type CredentialFaultCode =
  | 'key_mismatch'
  | 'key_unknown'
  | 'key_revoked'
  | 'ticket_refused'
  | 'access_not_ready';

/** Thrown by credentials. `reason` is a word or two for counters and logs, and no secret. */
export class CredentialFault extends Error {
  constructor(
    readonly code: CredentialFaultCode,
    readonly reason: string = code,
  ) {
    super(`${code}: ${reason}`);
  }
}

/** One secret that both sides have, as in versions before 3. */
export function plainSecret(secret: Buffer): ClientCredentials & ServerCredentials {
  const agreement = { secret, access: MEMBER_ACCESS, principal: undefined, credential: undefined };
  return {
    versionMin: 1,
    begin: () => ({ credential: undefined, agree: () => agreement }),
    admit: () => agreement,
    confirm: () => undefined,
  };
}
