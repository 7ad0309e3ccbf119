import { decodeCredential, encodeCredential } from './credential-codec.js';
import type { Credential, CredentialFaultCode } from './credentials.js';
import { HandshakeInvalidError } from './errors.js';
import { checkIdentity, HELLO_ROLES, type HelloIdentity } from './identity.js';
import { HELLO_PURPOSES, type HelloPurpose } from './purpose.js';
import type { VersionRange } from './version.js';

// Payloads of the hello messages. Both hellos may grow at their end: what follows the known fields is ignored, yet it is part
// of the transcript and so of the proofs. A refusal may grow too; nothing proves it, and it does nothing but end the connection.
// Texts are `size u8 | ASCII`.

export const NONCE_SIZE = 32;
export const PROOF_SIZE = 32;

/** `min u16 | max u16 | purpose u8 | role u8 | nonce 32 | cluster | principal | credential` */
export interface ClientHello {
  readonly purpose: HelloPurpose;
  readonly identity: HelloIdentity;
  readonly nonce: Buffer;
  /** @since 3 */
  readonly credential: Credential | undefined;
}

/** `proof 32 | version u16 | role u8 | nonce 32 | cluster | principal | credential`; the proof covers what follows it. */
export interface ServerHello {
  readonly version: number;
  readonly identity: HelloIdentity;
  readonly nonce: Buffer;
  /** @since 3 */
  readonly credential: Credential | undefined;
}

/** `code u8 | min u16 | max u16`: why a side goes no further, and which versions it speaks. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly versions: VersionRange;
}

export type RefusalCode = 'cluster_mismatch' | 'protocol_unsupported' | 'purpose_mismatch' | CredentialFaultCode;

/** The version that brought credentials: older ones neither send nor read them, nor know the refusals of them. */
export const CREDENTIALS_SINCE = 3;

const REFUSAL_CODES: readonly RefusalCode[] = [
  'cluster_mismatch',
  'key_mismatch',
  'protocol_unsupported',
  'purpose_mismatch',
  'key_unknown',
  'key_revoked',
  'ticket_refused',
  'access_not_ready',
];

/** Leaves the credential out where no version that knows of it is offered. */
export function encodeClientHello(hello: ClientHello, versions: VersionRange): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(versions.min, 0);
  head.writeUInt16BE(versions.max, 2);
  head.writeUInt8(HELLO_PURPOSES.indexOf(hello.purpose), 4);
  head.writeUInt8(HELLO_ROLES.indexOf(hello.identity.role), 5);
  return concatHello(head, hello, versions.max);
}

/** Just the versions a client speaks: the one part that can be read whatever they are. */
export function decodeClientVersions(payload: Buffer): VersionRange {
  const reader = new PayloadReader(payload);
  return { min: reader.u16(), max: reader.u16() };
}

export function decodeClientHello(payload: Buffer): ClientHello {
  const reader = new PayloadReader(payload);
  reader.u16();
  const versionMax = reader.u16();
  const purpose = reader.oneOf(HELLO_PURPOSES);
  const role = reader.oneOf(HELLO_ROLES);
  const nonce = reader.bytes(NONCE_SIZE);
  return { purpose, nonce, identity: reader.identity(role), credential: reader.credential(versionMax) };
}

/** Without its proof, which goes before it. */
export function encodeServerHello(hello: ServerHello): Buffer {
  const head = Buffer.alloc(3);
  head.writeUInt16BE(hello.version, 0);
  head.writeUInt8(HELLO_ROLES.indexOf(hello.identity.role), 2);
  return concatHello(head, hello, hello.version);
}

export function decodeServerHello(payload: Buffer): ServerHello {
  const reader = new PayloadReader(payload);
  const version = reader.u16();
  const role = reader.oneOf(HELLO_ROLES);
  const nonce = reader.bytes(NONCE_SIZE);
  return { version, nonce, identity: reader.identity(role), credential: reader.credential(version) };
}

export function encodeRefusal({ code, versions }: Refusal): Buffer {
  const payload = Buffer.alloc(5);
  payload.writeUInt8(REFUSAL_CODES.indexOf(code), 0);
  payload.writeUInt16BE(versions.min, 1);
  payload.writeUInt16BE(versions.max, 3);
  return payload;
}

export function decodeRefusal(payload: Buffer): Refusal {
  const reader = new PayloadReader(payload);
  return { code: reader.oneOf(REFUSAL_CODES), versions: { min: reader.u16(), max: reader.u16() } };
}

/** Reads fields in order; any that is missing or malformed makes the hello invalid. */
class PayloadReader {
  #at = 0;

  constructor(private readonly payload: Buffer) {}

  bytes(size: number): Buffer {
    const end = this.#at + size;
    if (end > this.payload.length) throw new HandshakeInvalidError('its hello is cut short');
    const bytes = this.payload.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** The last of the known fields. @param version Of the sender, at most. */
  credential(version: number): Credential | undefined {
    return version < CREDENTIALS_SINCE ? undefined : decodeCredential(this.payload.subarray(this.#at));
  }

  u8(): number {
    return this.bytes(1).readUInt8(0);
  }

  u16(): number {
    return this.bytes(2).readUInt16BE(0);
  }

  oneOf<T>(values: readonly T[]): T {
    const value = values[this.u8()];
    if (value === undefined) throw new HandshakeInvalidError('its hello has a value this release does not know');
    return value;
  }

  identity(role: HelloIdentity['role']): HelloIdentity {
    const cluster = this.bytes(this.u8()).toString('latin1');
    const principal = this.bytes(this.u8()).toString('latin1');
    try {
      return checkIdentity({ role, cluster, principal });
    } catch {
      // What it claims stays out of the message: it is a stranger's text.
      throw new HandshakeInvalidError('its hello has a malformed name');
    }
  }
}

function concatHello(head: Buffer, hello: ClientHello | ServerHello, version: number): Buffer {
  const { nonce, identity, credential } = hello;
  const known = [head, nonce, text(identity.cluster), text(identity.principal)];
  return Buffer.concat(version < CREDENTIALS_SINCE ? known : [...known, encodeCredential(credential)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
