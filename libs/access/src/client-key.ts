import type { Random } from '@panal/runtime';
import { isNodeName, KEY_ID_SIZE } from '@panal/wire';
import { CURVE_KEY_SIZE } from './curve-keys.js';
import { ClientKeyError } from './errors.js';
import { fingerprintOf } from './fingerprint.js';
import { Unprintable } from './secrecy.js';

export const CLIENT_KEY_PREFIX = 'panal-client-key:';
const FORMAT = '1';
/** Of the secret of a client, in bytes. */
export const CLIENT_SECRET_SIZE = 32;
const ENCODED_SIZE = KEY_ID_SIZE + CLIENT_SECRET_SIZE + CURVE_KEY_SIZE;

export interface ClientKeyParts {
  readonly cluster: string;
  /** What the key is called; also the name of whoever uses it. */
  readonly name: string;
  /** 16 bytes. */
  readonly id: Buffer;
  /** 32 random bytes, copied. */
  readonly secret: Uint8Array;
  /** Of the cluster's signing key: whose tickets to believe until a tracker tells of newer ones. */
  readonly signingPublicKey: Buffer;
}

/** What one client shares with the trackers. Printed by any of the usual ways it shows its name and id, not the secret. */
export class ClientKey extends Unprintable {
  readonly cluster: string;
  readonly name: string;
  readonly id: Buffer;
  readonly signingPublicKey: Buffer;
  readonly #secret: Buffer;

  constructor({ cluster, name, id, secret, signingPublicKey }: ClientKeyParts) {
    super();
    this.cluster = cluster;
    this.name = name;
    this.id = id;
    this.signingPublicKey = signingPublicKey;
    this.#secret = Buffer.from(secret);
  }

  /** The 32 bytes themselves, for the handshake. Not to be changed, logged or sent. */
  get secret(): Buffer {
    return this.#secret;
  }

  get fingerprint(): Buffer {
    return fingerprintOf('client key', this.#secret);
  }

  protected override get shown(): string {
    return `[client key ${this.name} ${this.id.toString('hex')}]`;
  }
}

/** A new key. @param random The machine's own generator, save in tests. */
export function makeClientKey(
  parts: Pick<ClientKeyParts, 'cluster' | 'name' | 'signingPublicKey'> & { readonly id?: Buffer },
  random: Random,
): ClientKey {
  return new ClientKey({ id: random.bytes(KEY_ID_SIZE), ...parts, secret: random.bytes(CLIENT_SECRET_SIZE) });
}

/** The text of a client's key file, without a newline: `panal-client-key:1:CLUSTER:NAME:` and id, secret, public key. */
export function formatClientKey({ cluster, name, id, secret, signingPublicKey }: ClientKey): string {
  const encoded = Buffer.concat([id, secret, signingPublicKey]).toString('base64url');
  return `${CLIENT_KEY_PREFIX}${FORMAT}:${cluster}:${name}:${encoded}`;
}

/** Reads the text of a client's key file; blanks and newlines around it do not matter. @throws ClientKeyError */
export function parseClientKey(text: string): ClientKey {
  const line = text.trim();
  if (!line.startsWith(CLIENT_KEY_PREFIX)) throw new ClientKeyError(`it does not begin with "${CLIENT_KEY_PREFIX}"`);
  const [format, cluster = '', name = '', encoded = '', ...more] = line.slice(CLIENT_KEY_PREFIX.length).split(':');
  if (format !== FORMAT) throw new ClientKeyError('its format is of another release of Panal');
  if (more.length > 0 || !isNodeName(cluster) || !isNodeName(name) || !/^[A-Za-z0-9_-]*$/.test(encoded)) {
    throw new ClientKeyError('it has a character no key has');
  }
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.length !== ENCODED_SIZE) throw new ClientKeyError(`it has ${bytes.length} bytes, not ${ENCODED_SIZE}`);
  const secretEnd = KEY_ID_SIZE + CLIENT_SECRET_SIZE;
  return new ClientKey({
    cluster,
    name,
    id: bytes.subarray(0, KEY_ID_SIZE),
    secret: bytes.subarray(KEY_ID_SIZE, secretEnd),
    signingPublicKey: bytes.subarray(secretEnd),
  });
}
