import fc from 'fast-check';
import { mergeLists, mergeLookups, newestName } from './merge-replies.js';
import type { LookupReply, NameGetReply, PeerInfo, TorrentListReply, TorrentSummary } from './tracker-messages.js';

const peer = (id: number, { port = 5550, isComplete = false } = {}): PeerInfo => ({
  id: Buffer.alloc(16, id),
  name: `p${id}`,
  addresses: [{ network: 'default', host: '192.0.2.1', port }],
  isComplete,
});
const handout = (peers: PeerInfo[], seedCount = 0, leechCount = 0): LookupReply => ({ peers, seedCount, leechCount });
const idsOf = ({ peers }: LookupReply): (number | undefined)[] => peers.map(({ id }) => id[0]);

describe('mergeLookups', () => {
  it('takes turns, so that the first choice of every tracker comes first', () => {
    const merged = mergeLookups([handout([peer(1), peer(2), peer(3)]), handout([peer(4), peer(1)])], 10);
    expect(idsOf(merged)).toEqual([1, 4, 2, 3]);
  });

  it('names a peer once, under all its addresses, complete if any tracker says so', () => {
    const merged = mergeLookups(
      [handout([peer(1)], 1, 5), handout([peer(1, { port: 6000, isComplete: true })], 3, 2), handout([peer(1)])],
      10,
    );
    expect(merged).toMatchObject({ seedCount: 3, leechCount: 5 });
    expect(merged.peers).toHaveLength(1);
    expect(merged.peers[0]).toMatchObject({ isComplete: true, addresses: [{ port: 5550 }, { port: 6000 }] });
  });

  it('gives no more peers than were asked for, yet completes those it gives', () => {
    const merged = mergeLookups(
      [handout([peer(1), peer(2)]), handout([peer(2, { isComplete: true }), peer(1, { isComplete: true })])],
      1,
    );
    expect(idsOf(merged)).toEqual([1]);
    expect(merged.peers[0]?.isComplete).toBe(true);
  });

  it('makes nothing of nothing', () => {
    expect(mergeLookups([], 10)).toEqual(handout([]));
  });
});

describe('newestName', () => {
  const version = (fill: number, setAt: number): NameGetReply => ({ hash: Buffer.alloc(32, fill), setAt, history: [] });

  it('is the meaning set last, and the same one in every order', () => {
    const versions = [version(1, 5), version(2, 9), version(3, 9), version(4, 1)];
    fc.assert(
      fc.property(fc.shuffledSubarray(versions, { minLength: versions.length }), (shuffled) => {
        expect(newestName(shuffled)?.hash[0]).toBe(3);
      }),
    );
  });

  it('is nothing when nobody knows it', () => {
    expect(newestName([])).toBeUndefined();
  });
});

describe('mergeLists', () => {
  const summary = (fill: number, requestCount = 0, names: string[] = []): TorrentSummary => ({
    hash: Buffer.alloc(32, fill),
    title: fill % 2 === 0 ? '' : `t${fill}`,
    sizeBytes: fill,
    seedCount: 0,
    leechCount: 0,
    requestCount,
    names,
  });

  it.each([
    ['each-once', 8],
    ['by-all', 5],
  ] as const)(
    'makes one summary of those of the same torrent; requests counted %s are %d',
    (requests, requestCount) => {
      const [merged] = mergeLists(
        [{ torrents: [summary(2, 5, ['a'])] }, { torrents: [{ ...summary(2, 3, ['a', 'b']), title: 'x' }] }],
        { countMax: 10, requests },
      ).torrents;
      expect(merged).toMatchObject({ title: 'x', requestCount, names: ['a', 'b'] });
    },
  );

  it('visits every torrent of every tracker once, in order, whatever the pages', () => {
    const holdings = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 250 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(holdings, fc.integer({ min: 1, max: 7 }), (trackers, countMax) => {
        const seen: number[] = [];
        let after: Uint8Array | undefined;
        do {
          const page = mergeLists(
            trackers.map((held) => pageOf(held, after, countMax)),
            { countMax, requests: 'each-once' },
          );
          expect(page.torrents.length).toBeLessThanOrEqual(countMax);
          seen.push(...page.torrents.map(({ sizeBytes }) => sizeBytes));
          after = page.next;
        } while (after !== undefined);
        expect(seen).toEqual([...new Set(trackers.flat())].sort((a, b) => a - b));
      }),
    );
  });

  function pageOf(held: readonly number[], after: Uint8Array | undefined, countMax: number): TorrentListReply {
    const following = held.filter((fill) => fill > (after?.[0] ?? 0)).sort((a, b) => a - b);
    const torrents = following.slice(0, countMax).map((fill) => summary(fill));
    const last = torrents.at(-1);
    return following.length > countMax && last !== undefined ? { torrents, next: last.hash } : { torrents };
  }
});
