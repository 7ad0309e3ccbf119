import { type AnnounceReply, HEARTBEAT_TORRENTS_MAX, type HeartbeatReply, mergeLookups } from '@panal/wire';

// Several trackers that serve alone know of a torrent what each was told: here one answer is made of theirs.

/** One reply to an announce out of several; `replies` is not empty. The peer lives for all when it lives for the strictest. */
export function mergeAnnounces(replies: readonly AnnounceReply[], peerCountMax: number): AnnounceReply {
  return {
    ...(replies[0] as AnnounceReply),
    ...mergeLookups(replies, peerCountMax),
    ...strictest(replies),
    isMetadataKnown: replies.every(({ isMetadataKnown }) => isMetadataKnown),
  };
}

/** One reply to a heartbeat out of several; `replies` is not empty. What any of them does not know is unknown. */
export function mergeHeartbeats(replies: readonly HeartbeatReply[]): HeartbeatReply {
  const unknown = new Map(replies.flatMap((reply) => reply.unknown).map((hash) => [keyOf(hash), hash]));
  return { ...strictest(replies), unknown: [...unknown.values()].slice(0, HEARTBEAT_TORRENTS_MAX) };
}

function strictest(replies: readonly HeartbeatTimes[]): HeartbeatTimes {
  return {
    heartbeatIntervalMs: Math.min(...replies.map(({ heartbeatIntervalMs }) => heartbeatIntervalMs)),
    peerTtlMs: Math.min(...replies.map(({ peerTtlMs }) => peerTtlMs)),
  };
}

type HeartbeatTimes = Pick<HeartbeatReply, 'heartbeatIntervalMs' | 'peerTtlMs'>;

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
