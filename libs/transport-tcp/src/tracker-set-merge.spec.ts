import type { LookupReply, PeerInfo } from '@panal/wire';
import { mergeAnnounces, mergeHeartbeats } from './tracker-set-merge.js';

const handout = (...ids: number[]): LookupReply => ({ peers: ids.map(peer), seedCount: 0, leechCount: 0 });
const peer = (id: number): PeerInfo => ({
  id: Buffer.alloc(16, id),
  name: `p${id}`,
  addresses: [{ network: 'default', host: '192.0.2.1', port: 5550 }],
  isComplete: false,
});
const idsOf = ({ peers }: LookupReply): (number | undefined)[] => peers.map(({ id }) => id[0]);

describe('mergeAnnounces and mergeHeartbeats', () => {
  const times = (heartbeatIntervalMs: number, peerTtlMs: number) => ({ heartbeatIntervalMs, peerTtlMs });

  it('keep the peer alive at the strictest tracker, and metadata known to all', () => {
    const about = { isMetadataKnown: true, observedHost: '192.0.2.1' };
    const replies = [
      { ...handout(1), ...times(30, 90), ...about },
      { ...handout(2), ...times(10, 100), ...about, isMetadataKnown: false },
    ];
    const merged = mergeAnnounces(replies, 10);
    expect(merged).toMatchObject({ ...times(10, 90), isMetadataKnown: false, observedHost: '192.0.2.1' });
    expect(idsOf(merged)).toEqual([1, 2]);
  });

  it('call unknown what any tracker does not know, each once', () => {
    const hashes = [1, 2, 3].map((fill) => Buffer.alloc(32, fill));
    const replies = [
      { unknown: hashes.slice(0, 2), ...times(30, 90) },
      { unknown: hashes.slice(1), ...times(20, 60) },
    ];
    expect(mergeHeartbeats(replies)).toEqual({ unknown: hashes, ...times(20, 60) });
  });
});
