import assert from 'node:assert';
import type { Random } from '@panal/runtime';
import {
  type Access,
  type ClientCredentials,
  CredentialFault,
  plainSecret,
  type ServerCredentials,
} from './credentials.js';
import {
  AccessNotReadyError,
  ClusterMismatchError,
  type HandshakeError,
  type HandshakeSide,
  KeyMismatchError,
  KeyRevokedError,
  KeyUnknownError,
  ProtocolUnsupportedError,
  PurposeMismatchError,
  TicketRefusedError,
} from './errors.js';
import { encodeHello, HELLO_TYPES } from './hello.js';
import { decodeRefusal, encodeRefusal, type RefusalCode } from './hello-payload.js';
import type { HelloIdentity } from './identity.js';
import type { HelloPurpose } from './purpose.js';
import { RecordOpener, RecordSealer } from './record.js';
import type { SessionKeys } from './session-keys.js';
import { SUPPORTED_VERSIONS, type VersionRange } from './version.js';

// client                                          server
//   client hello: versions, purpose, names, nonce ->
//                      <- server hello: proof, agreed version, names, nonce
//   client proof, then records at once ->
// Either side may send a refusal in place of its next message, and closes after it.
//
// Who lacks the secret learns that this is Panal and which versions it speaks; if he names the cluster and purpose right, the
// server's name too. Names are no secret: they cross the wire in clear until TLS is below. Proofs and nonces tell him nothing,
// for the secret is 256 random bits and every connection has its own keys.

export interface HandshakeOptions<Credentials = ClientCredentials & ServerCredentials> {
  readonly identity: HelloIdentity;
  /** A secret both sides have, 32 bytes; or credentials, where there are several, or the other side is to show who it is. */
  readonly secret: Buffer | Credentials;
  /** Of nonces: must be the machine's own generator outside tests. */
  readonly random: Random;
  readonly purpose: HelloPurpose;
  /** SUPPORTED_VERSIONS unless a test pretends to be another release. */
  readonly versions?: VersionRange;
  /** Largest record body; RECORD_SIZE_MAX unless said otherwise. The other end must agree. */
  readonly recordSizeMax?: number;
}

/** An agreed connection: who is there, and how to write to and read from it. */
export interface Session {
  /** The protocol version both sides speak. */
  readonly version: number;
  /** Its name is proved where `access` names a key or a peer; with the cluster's own key it is what the other side says. */
  readonly remote: HelloIdentity;
  readonly access: Access;
  readonly sealer: RecordSealer;
  readonly opener: RecordOpener;
}

/**
 * What to do after some bytes came in. `more`: wait. `send`: send `bytes`, wait. `done`: send `send` if it is there, then the
 * connection is the session's; `rest` is what came behind the hello, for the session's opener (a view of the chunk given).
 */
export type HandshakeStep =
  | { readonly kind: 'more' }
  | { readonly kind: 'send'; readonly bytes: Buffer }
  | { readonly kind: 'done'; readonly session: Session; readonly rest: Buffer; readonly send?: Buffer };

export const MORE: HandshakeStep = { kind: 'more' };

/** What one side knows when something does not fit, for the error and the refusal. */
export interface HandshakeView {
  readonly side: HandshakeSide;
  readonly cluster: string;
  /** What the client wants; of the server, what it serves, until a client wants something else. */
  readonly purpose: HelloPurpose;
  readonly versions: VersionRange;
  /** Why a credential is refused, in a word or two. */
  readonly reason?: string | undefined;
}

/** The error for what this side found; its `reply` tells the other side. */
export function refuse(code: RefusalCode, view: HandshakeView, theirs: VersionRange, reason?: string): HandshakeError {
  const reply = encodeHello(HELLO_TYPES.refusal, encodeRefusal({ code, versions: view.versions }));
  return mismatch(code, { ...view, reason }, theirs, reply);
}

/** What `act` gives; a fault of the credentials becomes the refusal that tells the other side. @throws HandshakeError */
export function refusing<T>(view: HandshakeView, theirs: VersionRange, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof CredentialFault)) throw error;
    throw refuse(error.code, view, theirs, error.reason);
  }
}

/** Credentials as they are, or those that one secret makes. */
export function credentialsOf<C extends object>(secret: Buffer | C): C | ReturnType<typeof plainSecret> {
  if (!Buffer.isBuffer(secret)) return secret;
  assert(secret.length === 32, 'a secret has 32 bytes');
  return plainSecret(secret);
}

/** The versions this side offers: none that does not know of its credentials. */
export function offeredVersions(
  versions: VersionRange | undefined,
  { versionMin }: { versionMin: number },
): VersionRange {
  const { min, max } = versions ?? SUPPORTED_VERSIONS;
  return { min: Math.max(min, versionMin), max };
}

/** The error for what the other side found, and needs no reply. @throws HandshakeInvalidError on a malformed refusal */
export function readRefusal(payload: Buffer, view: HandshakeView): HandshakeError {
  const { code, versions } = decodeRefusal(payload);
  return mismatch(code, view, versions, undefined);
}

export function openSession(
  keys: SessionKeys,
  side: HandshakeSide,
  {
    recordSizeMax,
    ...agreed
  }: { version: number; remote: HelloIdentity; access: Access; recordSizeMax: number | undefined },
): Session {
  const { clientToServer, serverToClient } = keys;
  const limit = recordSizeMax === undefined ? {} : { recordSizeMax };
  return {
    ...agreed,
    sealer: new RecordSealer({ key: side === 'client' ? clientToServer : serverToClient, ...limit }),
    opener: new RecordOpener({ key: side === 'client' ? serverToClient : clientToServer, ...limit }),
  };
}

function mismatch(
  code: RefusalCode,
  { side, cluster, purpose, versions, reason }: HandshakeView,
  theirs: VersionRange,
  reply: Buffer | undefined,
): HandshakeError {
  switch (code) {
    case 'cluster_mismatch':
      return new ClusterMismatchError(side, cluster, reply);
    case 'key_mismatch':
      return new KeyMismatchError(side, cluster, reply);
    case 'protocol_unsupported':
      return new ProtocolUnsupportedError(versions, theirs, reply);
    case 'purpose_mismatch':
      return new PurposeMismatchError(side, purpose, reply);
    case 'key_unknown':
      return new KeyUnknownError(side, reply);
    case 'key_revoked':
      return new KeyRevokedError(side, reply);
    case 'ticket_refused':
      return new TicketRefusedError(side, reason, reply);
    case 'access_not_ready':
      return new AccessNotReadyError(side, reply);
  }
}
