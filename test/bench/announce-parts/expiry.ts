import { setTimeout as wait } from 'node:timers/promises';
import type { TcpRpcClient } from '@panal/transport-tcp';
import {
  type AnnounceReply,
  DEFAULT_NAMESPACE,
  type HeartbeatReply,
  type LookupReply,
  TRACKER_PATTERNS,
  WHOLE_TORRENT,
} from '@panal/wire';
import { ANNOUNCE, announceOf, CALL_TIMEOUT_MS, hashOf, identityOf } from './messages.js';

/** For `--peer-ttl`. */
export const EXPIRY_PEER_TTL_MS = 1_000;
/** An entry lives for ten silent times of a peer. */
const LIFE_MS = 10 * EXPIRY_PEER_TTL_MS;
const BEAT_MS = EXPIRY_PEER_TTL_MS / 4;
/** How far from the end of the life the looks are: a look at 2,000 torrents takes some time. */
const MARGIN_MS = 2_000;
const PAIRS = 1_000;
const AT_ONCE = 64;
const REFRESHED = 50_001;
const LEFT_ALONE = 50_002;

export interface Expiry {
  readonly lifeMs: number;
  readonly pairs: number;
  /** Pairs that are served shortly before the end of the life that all began with, and after it. */
  readonly refreshed: { readonly before: number; readonly after: number };
  readonly leftAlone: { readonly before: number; readonly after: number };
  readonly isRight: boolean;
}

/**
 * Two peers announce a thousand torrents each and go on living; one names its torrents with each heartbeat, the other names
 * none. Once the life of the first announces is over the pairs of the first are there still, and those of the other gone.
 */
export async function measureExpiry(client: TcpRpcClient): Promise<Expiry> {
  const startMs = performance.now();
  await announceAll(client, REFRESHED);
  await announceAll(client, LEFT_ALONE);
  const announcedMs = performance.now();
  await beatUntil(client, startMs + LIFE_MS - MARGIN_MS);
  const before = { refreshed: await served(client, REFRESHED), leftAlone: await served(client, LEFT_ALONE) };
  await beatUntil(client, announcedMs + LIFE_MS + MARGIN_MS);
  const after = { refreshed: await served(client, REFRESHED), leftAlone: await served(client, LEFT_ALONE) };
  const isRight =
    before.refreshed === PAIRS && before.leftAlone === PAIRS && after.refreshed === PAIRS && after.leftAlone === 0;
  return {
    lifeMs: LIFE_MS,
    pairs: PAIRS,
    refreshed: { before: before.refreshed, after: after.refreshed },
    leftAlone: { before: before.leftAlone, after: after.leftAlone },
    isRight,
  };
}

async function announceAll(client: TcpRpcClient, peer: number): Promise<void> {
  await inTurns(async (torrent) => {
    const request = { ...announceOf(peer, torrentOf(peer, torrent)), peerCountMax: 0 };
    await client.call<AnnounceReply>(ANNOUNCE, request, { timeoutMs: CALL_TIMEOUT_MS });
  });
}

async function beatUntil(client: TcpRpcClient, endMs: number): Promise<void> {
  while (performance.now() < endMs) {
    for (const peer of [REFRESHED, LEFT_ALONE]) {
      const { id: peerId, incarnation } = identityOf(peer);
      const torrents = Array.from({ length: peer === REFRESHED ? PAIRS : 0 }, (_, torrent) => ({
        hash: torrentOf(peer, torrent),
        isComplete: true,
      }));
      const beat = { namespace: DEFAULT_NAMESPACE, peerId, incarnation, torrents };
      await client.call<HeartbeatReply>(TRACKER_PATTERNS.heartbeat, beat, { timeoutMs: CALL_TIMEOUT_MS });
    }
    await wait(Math.min(BEAT_MS, Math.max(0, endMs - performance.now())));
  }
}

async function served(client: TcpRpcClient, peer: number): Promise<number> {
  let count = 0;
  await inTurns(async (torrent) => {
    const hash = torrentOf(peer, torrent);
    const request = { namespace: DEFAULT_NAMESPACE, hash, index: WHOLE_TORRENT, peerCountMax: 1 };
    const { peers } = await client.call<LookupReply>(TRACKER_PATTERNS.lookup, request, { timeoutMs: CALL_TIMEOUT_MS });
    count += peers.length;
  });
  return count;
}

async function inTurns(work: (torrent: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < PAIRS; from += AT_ONCE) {
    const count = Math.min(AT_ONCE, PAIRS - from);
    await Promise.all(Array.from({ length: count }, (_, at) => work(from + at)));
  }
}

/** Torrents of which the peer is the only one. */
function torrentOf(peer: number, torrent: number): Buffer {
  return hashOf(peer * 10_000 + torrent);
}
