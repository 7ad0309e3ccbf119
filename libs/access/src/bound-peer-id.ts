import { createHash } from 'node:crypto';

// A bound id is `seed 6 | tag 6 | mark 4`. The seed is the peer's own, one of each data folder. The tag is what SHA-256 makes of
// the key's id and the seed, so whoever knows the key of a connection sees whether the id is one of that key's. The mark is what
// it makes of the two before, so everybody sees that an id is bound to some key, without knowing which.

const SEED_SIZE = 6;
const TAG_SIZE = 6;
const MARK_SIZE = 4;
const MARK_START = SEED_SIZE + TAG_SIZE;
const TAG_DOMAIN = 'panal peer id 1\n';
const MARK_DOMAIN = 'panal bound peer id 1\n';

/**
 * The id of the peer with this seed under a client key: the same whenever it is made, another one under every other key.
 * @param seed 6 bytes or more, of which the first count. @param keyId In hex; it stays when the key's secret is replaced.
 * @returns 16 bytes.
 */
export function boundPeerId(seed: Uint8Array, keyId: string): Buffer {
  const head = Buffer.from(seed.subarray(0, SEED_SIZE));
  const bound = Buffer.concat([head, digest(TAG_DOMAIN, Buffer.from(keyId, 'hex'), head).subarray(0, TAG_SIZE)]);
  return Buffer.concat([bound, markOf(bound)]);
}

/**
 * Whether a peer may have this id by its key. With a client key: only those bound to it. With the cluster's own (`keyId`
 * undefined): all that are bound to none, because those peers chose theirs at random before there were client keys.
 */
export function mayHavePeerId(peerId: Uint8Array, keyId: string | undefined): boolean {
  return keyId === undefined ? !isBound(peerId) : boundPeerId(peerId, keyId).equals(peerId);
}

/** True of one in 2^32 ids that were chosen at random, too. */
function isBound(peerId: Uint8Array): boolean {
  return markOf(peerId.subarray(0, MARK_START)).equals(peerId.subarray(MARK_START));
}

function markOf(bound: Uint8Array): Buffer {
  return digest(MARK_DOMAIN, bound).subarray(0, MARK_SIZE);
}

function digest(domain: string, ...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256').update(domain);
  for (const part of parts) hash.update(part);
  return hash.digest();
}
