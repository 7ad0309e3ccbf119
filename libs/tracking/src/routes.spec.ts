import { KEEPERS_ASKED_MAX } from './limits.js';
import { LinkedTracker, LinkedTrackers } from './linked-replicas.fixture.js';
import { makeAnnounce, makeHash, makePeer, makeTorrentFile } from './tracking.fixture.js';

const hash = makeHash(1);
const torrent = { namespace: 'default', hash, index: -1 };

describe('a tracker that does not keep what it is asked for', () => {
  let cluster: LinkedTrackers;
  /** Is asked by clients; the others keep everything, the first of them the most. */
  let asked: LinkedTracker;
  let keepers: readonly LinkedTracker[];

  function begin(count: number): void {
    cluster = new LinkedTrackers(count);
    [asked, ...keepers] = cluster.trackers as [LinkedTracker, ...LinkedTracker[]];
    cluster.keepers = () => keepers;
  }
  beforeEach(() => begin(3));

  /** Announced at `tracker`, known to it and those of `known` alone. */
  async function announce(number: number, known: readonly LinkedTracker[], at = hash): Promise<void> {
    const all = cluster.keepers;
    cluster.keepers = () => known;
    await known[0]?.tracking.peers.announce(makeAnnounce(makePeer(number), { hash: at }), '192.0.2.1');
    cluster.keepers = all;
  }
  const lookup = (peerCountMax = 10) => asked.tracking.peers.lookup({ ...torrent, peerCountMax });
  const peersFound = async () => (await lookup()).peers.map(({ name }) => name).sort();
  const countsAsked = () => keepers.map(({ questions }) => questions.length);

  it('answers with what the best keeper says, and troubles nobody else', async () => {
    await announce(1, [keepers[0] as LinkedTracker]);
    expect(await lookup()).toMatchObject({ seedCount: 1, leechCount: 0, peers: [makePeerInfo(1)] });
    expect(countsAsked()).toEqual([1, 0]);
  });

  it('believes a keeper that knows all of it that there is nothing', async () => {
    await announce(1, [keepers[1] as LinkedTracker]);
    expect(await peersFound()).toEqual([]);
    expect(countsAsked()).toEqual([1, 0]);
  });

  it('does not ask when it keeps it itself and knows all of it', async () => {
    cluster.keepers = () => cluster.trackers;
    await announce(1, [asked]);
    expect(await peersFound()).toEqual(['peer-1']);
    expect(countsAsked()).toEqual([0, 0]);
  });

  it('asks the next keeper when one is away', async () => {
    await announce(1, keepers);
    (keepers[0] as LinkedTracker).isAway = true;
    expect(await peersFound()).toEqual(['peer-1']);
    expect(countsAsked()).toEqual([0, 1]);
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'all is well'],
    ['no peers', { isPartial: false, reply: null }],
    ['peers that are none', { isPartial: false, reply: { peers: [5, { id: 'text' }], seedCount: 0, leechCount: 0 } }],
  ])('makes nothing of a keeper that says %s', async (_what, reply) => {
    await announce(1, keepers);
    for (const keeper of keepers) keeper.garbage = { reply };
    expect(await lookup()).toMatchObject({ peers: [], seedCount: 0, leechCount: 0 });
  });

  it('prefers one that knows everything to those that have just come', async () => {
    const [first, second] = keepers as [LinkedTracker, LinkedTracker];
    first.isNew = true;
    await announce(1, [first]);
    await announce(2, [second]);
    expect(await peersFound()).toEqual(['peer-2']);
  });

  it('puts together what each knows while nobody knows everything, its own part included', async () => {
    for (const tracker of cluster.trackers) tracker.isNew = true;
    cluster.keepers = () => cluster.trackers;
    for (const [at, tracker] of cluster.trackers.entries()) await announce(at + 1, [tracker]);
    expect(await peersFound()).toEqual(['peer-1', 'peer-2', 'peer-3']);
    expect((await lookup(2)).peers).toHaveLength(2);
  });

  it('asks a bounded number of keepers', async () => {
    begin(KEEPERS_ASKED_MAX + 3);
    for (const keeper of keepers) keeper.isNew = true;
    await lookup();
    expect(countsAsked().filter((count) => count > 0)).toHaveLength(KEEPERS_ASKED_MAX);
  });

  it('says what it knows when nobody answers', async () => {
    for (const keeper of keepers) keeper.isAway = true;
    expect(await lookup()).toMatchObject({ peers: [], seedCount: 0 });
  });

  it('does not take a bug for an answer', async () => {
    asked.ask = () => Promise.reject(new TypeError('x is not a function'));
    await expect(lookup()).rejects.toThrow(TypeError);
  });

  it('takes a peer off a torrent that others keep', async () => {
    await announce(1, keepers);
    const request = { ...torrent, peerId: makePeer(1).id };
    expect(await asked.tracking.peers.deregister(request)).toMatchObject({ wasRegistered: true });
    expect(await asked.tracking.peers.deregister(request)).toMatchObject({ wasRegistered: false });
    expect(await peersFound()).toEqual([]);
  });

  it('announces what others keep, and hands out whom they know', async () => {
    await announce(1, keepers);
    const reply = await asked.tracking.peers.announce(makeAnnounce(makePeer(2)), '192.0.2.2');
    expect(reply.peers.map(({ name }) => name)).toEqual(['peer-1']);
    expect(await peersFound()).toEqual(['peer-1', 'peer-2']);
  });

  it('fetches a torrent file from a keeper that has it, and puts none twice', async () => {
    const { bytes, contentId } = makeTorrentFile('a.bin');
    const file = { namespace: 'default', hash: contentId, index: -1 };
    expect(await asked.tracking.metadata.get(file)).toEqual({ bytes: null });
    expect(await asked.tracking.metadata.put({ ...file, bytes })).toMatchObject({ wasNew: true });
    expect(await asked.tracking.metadata.put({ ...file, bytes })).toMatchObject({ wasNew: false });
    expect((await asked.tracking.metadata.get(file)).bytes).toEqual(Buffer.from(bytes));
  });

  it('takes the torrent file from one that has it while none knows everything', async () => {
    const { bytes, contentId } = makeTorrentFile('a.bin');
    const file = { namespace: 'default', hash: contentId, index: -1 };
    const last = keepers[1] as LinkedTracker;
    cluster.keepers = () => [last];
    await last.tracking.metadata.put({ ...file, bytes });
    cluster.keepers = () => keepers;
    for (const keeper of keepers) keeper.isNew = true;
    expect((await asked.tracking.metadata.get(file)).bytes).toEqual(Buffer.from(bytes));
  });

  it('says what a name means, by the newest of what is known while none knows everything', async () => {
    const name = { namespace: 'default', name: 'llm:v3' };
    for (const [at, keeper] of keepers.entries()) {
      cluster.keepers = () => [keeper];
      await keeper.tracking.names.put({ ...name, hash: makeHash(9 - at), setAt: 10 + at });
    }
    cluster.keepers = () => keepers;
    expect(await asked.tracking.names.get(name)).toMatchObject({ hash: makeHash(9), setAt: 10 });
    for (const keeper of keepers) keeper.isNew = true;
    expect(await asked.tracking.names.get(name)).toMatchObject({ hash: makeHash(8), setAt: 11 });
    await expect(asked.tracking.names.get({ ...name, name: 'unset' })).rejects.toMatchObject({ code: 'name_unknown' });
  });

  it('lists what all of them keep, each torrent once, its requests added up; those away are left out', async () => {
    await announce(1, [keepers[0] as LinkedTracker], makeHash(1));
    await announce(2, keepers, makeHash(2));
    await announce(3, [keepers[1] as LinkedTracker], makeHash(3));
    for (const keeper of keepers) {
      await keeper.tracking.peers.lookup({ ...torrent, hash: makeHash(2), peerCountMax: 1 });
    }
    const list = async () => (await asked.tracking.catalog.list({ namespace: 'default', countMax: 10 })).torrents;
    const all = await list();
    expect(all.map(({ hash: [first] }) => first)).toEqual([1, 2, 3]);
    const counts = await Promise.all(
      keepers.map(async ({ tracking }) => tracking.catalog.listHere({ namespace: 'default', countMax: 10 }).torrents),
    );
    const summed = counts.flat().filter(({ hash: [first] }) => first === 2);
    expect(all[1]?.requestCount).toBe(summed.reduce((sum, { requestCount }) => sum + requestCount, 0));
    expect(all[1]?.requestCount).toBeGreaterThan(1);
    (keepers[1] as LinkedTracker).isAway = true;
    expect((await list()).map(({ hash: [first] }) => first)).toEqual([1, 2]);
  });
});

function makePeerInfo(number: number) {
  const { name, addresses } = makePeer(number);
  return { name, addresses, isComplete: true };
}
