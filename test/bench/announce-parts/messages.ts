import { type AnnounceRequest, type PeerIdentity, TRACKER_PATTERNS } from '@panal/wire';
import { makeAnnounce, makeIdentity } from '../../cluster/made-announce.js';

/** Peers in each reply. */
export const REPLY_PEERS = 10;
export const CALL_TIMEOUT_MS = 30_000;
export const { announce: ANNOUNCE } = TRACKER_PATTERNS;

export function identityOf(number: number): PeerIdentity {
  return makeIdentity({ kind: 'bench', number });
}

export function hashOf(number: number): Buffer {
  const hash = Buffer.alloc(32, 1);
  hash.writeUInt32BE(number, 0);
  return hash;
}

export function announceOf(number: number, hash: Buffer): AnnounceRequest {
  return makeAnnounce({ kind: 'bench', number }, { hash, peerCountMax: REPLY_PEERS });
}
