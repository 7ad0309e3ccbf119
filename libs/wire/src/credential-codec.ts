import type { Credential } from './credentials.js';
import { HandshakeInvalidError } from './errors.js';
import { KEY_FINGERPRINT_SIZE, KEY_ID_SIZE } from './limits.js';

// The part of a hello that came with version 3: `kind u8 | size u16 | fields`, so that one of a later kind can be passed over, and kind 0 is none.
// cluster-key: `fingerprint 4`. client-key: `id 16 | fingerprint 4`. ticket: `fingerprint 4, zeros for none | ticket`.

const NO_CREDENTIAL = 0;
const KINDS = { 'cluster-key': 1, 'client-key': 2, ticket: 3 } as const;
const HEAD_SIZE = 3;
const NONE = Buffer.alloc(KEY_FINGERPRINT_SIZE);

/** @param credential Undefined: none, which is said too, so that a later version may add behind it. */
export function encodeCredential(credential: Credential | undefined): Buffer {
  const fields = credential === undefined ? Buffer.alloc(0) : fieldsOf(credential);
  const head = Buffer.alloc(HEAD_SIZE);
  head.writeUInt8(credential === undefined ? NO_CREDENTIAL : KINDS[credential.kind], 0);
  head.writeUInt16BE(fields.length, 1);
  return Buffer.concat([head, fields]);
}

/** @param bytes What follows the known fields of a hello. @returns Undefined for none, or one of a kind not known here. */
export function decodeCredential(bytes: Buffer): Credential | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes.length < HEAD_SIZE) throw new HandshakeInvalidError('its hello is cut short');
  const end = HEAD_SIZE + bytes.readUInt16BE(1);
  if (end > bytes.length) throw new HandshakeInvalidError('its hello is cut short');
  return readFields(bytes.readUInt8(0), bytes.subarray(HEAD_SIZE, end));
}

function fieldsOf(credential: Credential): Buffer {
  switch (credential.kind) {
    case 'cluster-key':
      return credential.fingerprint;
    case 'client-key':
      return Buffer.concat([credential.keyId, credential.fingerprint]);
    case 'ticket':
      return Buffer.concat([credential.fingerprint ?? NONE, credential.ticket]);
  }
}

function readFields(kind: number, fields: Buffer): Credential | undefined {
  if (kind === KINDS['cluster-key']) {
    return { kind: 'cluster-key', fingerprint: exactly(fields, KEY_FINGERPRINT_SIZE) };
  }
  if (kind === KINDS['client-key']) {
    const bytes = exactly(fields, KEY_ID_SIZE + KEY_FINGERPRINT_SIZE);
    return { kind: 'client-key', keyId: bytes.subarray(0, KEY_ID_SIZE), fingerprint: bytes.subarray(KEY_ID_SIZE) };
  }
  if (kind !== KINDS.ticket) return undefined;
  const fingerprint = exactly(fields.subarray(0, KEY_FINGERPRINT_SIZE), KEY_FINGERPRINT_SIZE);
  const ticket = fields.subarray(KEY_FINGERPRINT_SIZE);
  return { kind: 'ticket', ticket, fingerprint: fingerprint.equals(NONE) ? undefined : fingerprint };
}

function exactly(bytes: Buffer, size: number): Buffer {
  if (bytes.length !== size) throw new HandshakeInvalidError('its hello has a malformed credential');
  return bytes;
}
