import { verify } from 'node:crypto';
import {
  ACCESS_ROLES,
  type AccessRole,
  EVERY_NAMESPACE,
  HELLO_ROLES,
  type HelloIdentity,
  isNamespace,
  isNodeName,
  KEY_ID_SIZE,
  KEY_NAMESPACES_MAX,
  PEER_ID_SIZE,
  TICKET_SIZE_MAX,
} from '@panal/wire';
import { CURVE_KEY_SIZE, publicKeyOf } from './curve-keys.js';
import { TICKET_LIFE_MS, TICKET_SKEW_MS } from './limits.js';
import type { SigningKey } from './signing-key.js';

// A ticket is `format u8 | hello role u8 | access role u8 | cluster | principal's name | key id 16 (zeros: the cluster's key) |
// peer id 16 | X25519 key 32 | issued u48 | expires u48 | count u8, namespaces | signature 64`. Texts are `size u8 | ASCII`, times ms
// since 1970. The signature (Ed25519) covers DOMAIN and all before it.

const FORMAT = 1;
const DOMAIN = Buffer.from('panal ticket 1\n');
const SIGNATURE_SIZE = 64;
const NO_KEY = Buffer.alloc(KEY_ID_SIZE);

/** What a tracker says of a peer to the other peers: who it is, what it may, and with which key it proves to be meant. */
export interface Ticket {
  readonly cluster: string;
  /** Role and name of the hello. */
  readonly principal: Pick<HelloIdentity, 'role' | 'principal'>;
  readonly role: AccessRole;
  /** Of the client key, in hex; undefined: the cluster's own key. */
  readonly keyId: string | undefined;
  /** EVERY_NAMESPACE among them: all. At most KEY_NAMESPACES_MAX. */
  readonly namespaces: readonly string[];
  /** In hex. */
  readonly peerId: string;
  /** X25519, 32 bytes: who has the private half is the peer. */
  readonly publicKey: Buffer;
  /** Ms since 1970. */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Why a ticket is not believed. */
export type TicketFault = 'malformed' | 'forged' | 'foreign' | 'expired' | 'early' | 'revoked';

/** The ticket as it is shown, signed. */
export function signTicket(ticket: Ticket, key: SigningKey): Buffer {
  const body = encode(ticket);
  return Buffer.concat([body, key.sign(Buffer.concat([DOMAIN, body]))]);
}

export interface TicketCheck {
  readonly cluster: string;
  /** Of the cluster's signing keys, 32 bytes each. */
  readonly publicKeys: readonly Buffer[];
  readonly nowMs: number;
  isRevoked(keyId: string): boolean;
}

/** The ticket in `bytes`, if it is good now; else why not. Nothing is believed before the signature is. */
export function checkTicket(bytes: Buffer, check: TicketCheck): Ticket | TicketFault {
  if (bytes.length <= SIGNATURE_SIZE || bytes.length > TICKET_SIZE_MAX) return 'malformed';
  const body = bytes.subarray(0, -SIGNATURE_SIZE);
  const signed = Buffer.concat([DOMAIN, body]);
  const signature = bytes.subarray(-SIGNATURE_SIZE);
  const isSigned = check.publicKeys.some((key) => verify(null, signed, publicKeyOf('ed25519', key), signature));
  if (!isSigned) return 'forged';
  const ticket = decode(body);
  if (ticket === undefined) return 'malformed';
  if (ticket.cluster !== check.cluster) return 'foreign';
  if (check.nowMs >= ticket.expiresAtMs + TICKET_SKEW_MS) return 'expired';
  // Nor one that was made to live longer than any is.
  const isEarly = check.nowMs < ticket.issuedAtMs - TICKET_SKEW_MS;
  if (isEarly || ticket.expiresAtMs - ticket.issuedAtMs > TICKET_LIFE_MS) return 'early';
  return ticket.keyId !== undefined && check.isRevoked(ticket.keyId) ? 'revoked' : ticket;
}

function encode(ticket: Ticket): Buffer {
  const { principal, role, keyId, namespaces } = ticket;
  const name = principal.principal.slice(principal.role.length + 1);
  const times = Buffer.alloc(12);
  times.writeUIntBE(Math.floor(ticket.issuedAtMs), 0, 6);
  times.writeUIntBE(Math.floor(ticket.expiresAtMs), 6, 6);
  return Buffer.concat([
    Buffer.from([FORMAT, HELLO_ROLES.indexOf(principal.role), ACCESS_ROLES.indexOf(role)]),
    text(ticket.cluster),
    text(name),
    keyId === undefined ? NO_KEY : Buffer.from(keyId, 'hex'),
    Buffer.from(ticket.peerId, 'hex'),
    ticket.publicKey,
    times,
    Buffer.from([namespaces.length]),
    ...namespaces.map(text),
  ]);
}

/** What a tracker of ours signed, or, were its key in bad hands, anything. */
function decode(body: Buffer): Ticket | undefined {
  let at = 3;
  const take = (size: number): Buffer => {
    const part = body.subarray(at, at + size);
    at += size;
    return part;
  };
  const takeText = (): string => take(take(1)[0] ?? 0).toString('latin1');
  const [format, helloRole, accessRole] = body;
  const hello = HELLO_ROLES[helloRole ?? -1];
  const role = ACCESS_ROLES[accessRole ?? -1];
  const cluster = takeText();
  const name = takeText();
  const keyId = take(KEY_ID_SIZE);
  const peerId = take(PEER_ID_SIZE);
  const publicKey = Buffer.from(take(CURVE_KEY_SIZE));
  const times = take(12);
  const count = take(1)[0] ?? 0;
  if (format !== FORMAT || hello === undefined || role === undefined || count > KEY_NAMESPACES_MAX) return undefined;
  const namespaces = Array.from({ length: count }, takeText);
  if (at !== body.length || !isNodeName(cluster) || !isNodeName(name)) return undefined;
  if (!namespaces.every((namespace) => namespace === EVERY_NAMESPACE || isNamespace(namespace))) return undefined;
  return {
    cluster,
    principal: { role: hello, principal: `${hello}:${name}` },
    role,
    keyId: keyId.equals(NO_KEY) ? undefined : keyId.toString('hex'),
    namespaces,
    peerId: peerId.toString('hex'),
    publicKey,
    issuedAtMs: times.readUIntBE(0, 6),
    expiresAtMs: times.readUIntBE(6, 6),
  };
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
}
