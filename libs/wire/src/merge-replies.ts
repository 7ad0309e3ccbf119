import { PEER_ADDRESSES_MAX, TORRENT_NAMES_MAX } from './limits.js';
import type {
  LookupReply,
  NameGetReply,
  PeerAddress,
  PeerInfo,
  TorrentListReply,
  TorrentSummary,
} from './tracker-messages.js';

// One answer out of several trackers', each of which may lack something: whether a tracker asks the others, or a client asks
// trackers that serve alone.

/**
 * One handout out of several: each peer once, complete if any tracker says so, under all its addresses. Trackers take turns,
 * so that the first choices of each come first.
 */
export function mergeLookups(replies: readonly LookupReply[], peerCountMax: number): LookupReply {
  const peers = new Map<string, PeerInfo>();
  const longest = Math.max(0, ...replies.map((reply) => reply.peers.length));
  for (let rank = 0; rank < longest; rank += 1) {
    for (const reply of replies) {
      const peer = reply.peers[rank];
      if (peer === undefined) continue;
      const key = keyOf(peer.id);
      const known = peers.get(key);
      if (known !== undefined) peers.set(key, mergePeers(known, peer));
      else if (peers.size < peerCountMax) peers.set(key, peer);
    }
  }
  return {
    peers: [...peers.values()],
    // The trackers count the same peers, each as many as it has heard from: the largest count is the nearest.
    seedCount: Math.max(0, ...replies.map(({ seedCount }) => seedCount)),
    leechCount: Math.max(0, ...replies.map(({ leechCount }) => leechCount)),
  };
}

/** The meaning of a name that was set last. Two set at the same instant are told apart by content id, everywhere alike. */
export function newestName(replies: readonly NameGetReply[]): NameGetReply | undefined {
  return replies.reduce<NameGetReply | undefined>((best, reply) => {
    if (best === undefined || reply.setAt > best.setAt) return reply;
    return reply.setAt === best.setAt && Buffer.compare(reply.hash, best.hash) > 0 ? reply : best;
  }, undefined);
}

export interface MergeListsOptions {
  readonly countMax: number;
  /** `each-once`: a request is counted by the one tracker that answered it. `by-all`: every client asks all of them. */
  readonly requests: 'each-once' | 'by-all';
}

/**
 * One page out of several that began after the same content id. A tracker with more to give says nothing about what comes
 * after its page, so the merged page ends with the first of these pages that ends.
 */
export function mergeLists(
  replies: readonly TorrentListReply[],
  { countMax, requests }: MergeListsOptions,
): TorrentListReply {
  const ends = replies.flatMap(({ next }) => (next === undefined ? [] : [next])).sort((a, b) => Buffer.compare(a, b));
  const end = ends[0];
  const merged = new Map<string, TorrentSummary>();
  for (const summary of replies.flatMap(({ torrents }) => torrents)) {
    if (end !== undefined && Buffer.compare(summary.hash, end) > 0) continue;
    const known = merged.get(keyOf(summary.hash));
    merged.set(keyOf(summary.hash), known === undefined ? summary : mergeSummaries(known, summary, requests));
  }
  const torrents = [...merged.values()].sort((a, b) => Buffer.compare(a.hash, b.hash));
  const page = torrents.slice(0, countMax);
  const next = page.length < torrents.length ? page.at(-1)?.hash : end;
  return next === undefined ? { torrents: page } : { torrents: page, next };
}

function mergePeers(one: PeerInfo, other: PeerInfo): PeerInfo {
  const addresses = new Map<string, PeerAddress>();
  for (const address of [...one.addresses, ...other.addresses]) {
    addresses.set(`${address.network} ${address.host} ${address.port}`, address);
  }
  return {
    ...one,
    addresses: [...addresses.values()].slice(0, PEER_ADDRESSES_MAX),
    isComplete: one.isComplete || other.isComplete,
  };
}

function mergeSummaries(
  one: TorrentSummary,
  other: TorrentSummary,
  requests: MergeListsOptions['requests'],
): TorrentSummary {
  const counts = [one.requestCount, other.requestCount] as const;
  return {
    hash: one.hash,
    title: one.title === '' ? other.title : one.title,
    sizeBytes: Math.max(one.sizeBytes, other.sizeBytes),
    seedCount: Math.max(one.seedCount, other.seedCount),
    leechCount: Math.max(one.leechCount, other.leechCount),
    requestCount: requests === 'each-once' ? counts[0] + counts[1] : Math.max(...counts),
    names: [...new Set([...one.names, ...other.names])].slice(0, TORRENT_NAMES_MAX),
  };
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
