import type { Random } from '@panal/runtime';
import { ClusterKeyError } from './errors.js';
import { fingerprintOf } from './fingerprint.js';
import { Unprintable } from './secrecy.js';

const PREFIX = 'panal-cluster-key:';
const FORMAT = '1';
const SECRET_SIZE = 32;

/**
 * What the members of a cluster share: whoever has it belongs to it. Printed by any of the usual ways it shows
 * `[cluster key]`; only `secret` and `formatClusterKey` give it away.
 */
export class ClusterKey extends Unprintable {
  readonly #secret: Buffer;

  /** @param secret 32 random bytes; copied. */
  constructor(secret: Uint8Array) {
    super();
    if (secret.length !== SECRET_SIZE) throw new ClusterKeyError(`it has ${secret.length} bytes, not ${SECRET_SIZE}`);
    this.#secret = Buffer.from(secret);
  }

  /** The 32 bytes themselves, for the handshake. Not to be changed, logged or sent. */
  get secret(): Buffer {
    return this.#secret;
  }

  /** First 8 hex digits of a hash: tells two keys apart in a log and helps nobody to guess one. */
  get fingerprint(): string {
    return fingerprintOf('cluster key', this.#secret).toString('hex');
  }

  protected override get shown(): string {
    return '[cluster key]';
  }
}

/** A new key. @param random The machine's own generator, save in tests. */
export function makeClusterKey(random: Random): ClusterKey {
  return new ClusterKey(random.bytes(SECRET_SIZE));
}

/** The line of a key file, without a newline. */
export function formatClusterKey(key: ClusterKey): string {
  return `${PREFIX}${FORMAT}:${key.secret.toString('base64url')}`;
}

/**
 * Reads one line of a key file; blanks and newlines around it do not matter, anything else does.
 * @throws ClusterKeyError
 */
export function parseClusterKey(text: string): ClusterKey {
  const line = text.trim();
  if (line === '') throw new ClusterKeyError('the file is empty');
  if (!line.startsWith(PREFIX)) throw new ClusterKeyError(`it does not begin with "${PREFIX}"`);
  const [format, encoded = '', ...more] = line.slice(PREFIX.length).split(':');
  if (format !== FORMAT) throw new ClusterKeyError('its format is of another release of Panal');
  if (more.length > 0 || !/^[A-Za-z0-9_-]*$/.test(encoded)) throw new ClusterKeyError('it has a character no key has');
  const key = new ClusterKey(Buffer.from(encoded, 'base64url'));
  // Base64 of 32 bytes has four spare bits: refusing all but one spelling finds a mistyped last letter.
  if (formatClusterKey(key) !== line) throw new ClusterKeyError('its last letter is wrong');
  return key;
}
