import { createHash } from 'node:crypto';
import { KEY_FINGERPRINT_SIZE } from '@panal/wire';

/** First bytes of a hash: tells two secrets of one kind apart in a log or a hello, and helps nobody to guess one. */
export function fingerprintOf(what: 'cluster key' | 'client key', secret: Buffer): Buffer {
  const hash = createHash('sha256').update(`panal ${what} fingerprint`).update(secret).digest();
  return hash.subarray(0, KEY_FINGERPRINT_SIZE);
}
