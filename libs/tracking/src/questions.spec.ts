import { HANDOUT_PEERS_MAX, TORRENT_LIST_MAX } from '@panal/wire';
import { QuestionInvalidError } from './errors.js';
import { LinkedTracker, LinkedTrackers } from './linked-replicas.fixture.js';
import { readQuestion } from './questions.js';
import { toHex } from './torrent-key.js';
import { makeAnnounce, makeHash, makePeer, makeTorrentFile } from './tracking.fixture.js';

const namespace = 'default';
const torrent = toHex(makeHash(1));
const peer = toHex(makePeer(1).id);

describe('a tracker that another one asks', () => {
  let tracker: LinkedTracker;
  beforeEach(async () => {
    [tracker] = new LinkedTrackers(2).trackers as [LinkedTracker];
    await tracker.tracking.peers.announce(makeAnnounce(makePeer(1)), '192.0.2.1');
  });
  const answer = (kind: string, data: unknown): unknown => tracker.tracking.answer(readQuestion({ kind, data }));

  it('tells who has a torrent, without the one that asked', () => {
    const find = { namespace, torrent, peerCountMax: 10 };
    const info = { name: 'peer-1', isComplete: true };
    expect(answer('find', find)).toMatchObject({ isPartial: false, reply: { seedCount: 1, peers: [info] } });
    expect(answer('find', { ...find, asker: peer })).toMatchObject({ reply: { seedCount: 1, peers: [] } });
    expect(answer('find', { ...find, peerCountMax: 0 })).toMatchObject({ reply: { seedCount: 1, peers: [] } });
  });

  it('tells no more peers than fit into an answer, whatever it is asked for', async () => {
    for (let number = 0; number < HANDOUT_PEERS_MAX + 20; number += 1) {
      const id = Buffer.alloc(16);
      id.writeUInt32BE(number + 1, 0);
      await tracker.tracking.peers.announce(makeAnnounce(makePeer(1, { id, name: `many-${number}` })), '192.0.2.1');
    }
    const { reply } = answer('find', { namespace, torrent, peerCountMax: 1_000_000 }) as {
      reply: { peers: unknown[] };
    };
    expect(reply.peers).toHaveLength(HANDOUT_PEERS_MAX);
  });

  it('tells whether a peer holds a torrent', () => {
    expect(answer('holds', { namespace, torrent, peer })).toEqual({ isPartial: false, reply: true });
    const others = { peer: toHex(makePeer(2).id), namespace: 'other', torrent: toHex(makeHash(2)) };
    for (const [field, value] of Object.entries(others)) {
      expect(answer('holds', { namespace, torrent, peer, [field]: value })).toMatchObject({ reply: false });
    }
  });

  it('tells a torrent file, and that it has none', async () => {
    const { bytes, contentId } = makeTorrentFile('a.bin');
    await tracker.tracking.metadata.put({ namespace, hash: contentId, index: -1, bytes });
    const stored = { bytes: Buffer.from(bytes) };
    expect(answer('metadata', { namespace, torrent: toHex(contentId) })).toEqual({ isPartial: false, reply: stored });
    expect(answer('metadata', { namespace, torrent })).toEqual({ isPartial: false, reply: { bytes: null } });
  });

  it('tells what a name means, and that it means nothing', async () => {
    await tracker.tracking.names.put({ namespace, name: 'llm:v3', hash: makeHash(1), setAt: 10 });
    const reply = { hash: makeHash(1), setAt: 10, history: [] };
    expect(answer('name', { namespace, name: 'llm:v3' })).toEqual({ isPartial: false, reply });
    expect(answer('name', { namespace, name: 'llm:v4' })).toEqual({ isPartial: false, reply: null });
  });

  it('lists what it keeps, from where it is asked to', async () => {
    await tracker.tracking.peers.announce(makeAnnounce(makePeer(1), { hash: makeHash(2) }), '192.0.2.1');
    const hashes = (data: object): unknown =>
      (answer('list', { namespace, countMax: TORRENT_LIST_MAX * 2, ...data }) as { torrents: unknown[] }).torrents;
    expect(hashes({})).toMatchObject([{ hash: makeHash(1) }, { hash: makeHash(2) }]);
    expect(hashes({ after: makeHash(1) })).toMatchObject([{ hash: makeHash(2) }]);
    expect(hashes({ countMax: 1 })).toMatchObject([{ hash: makeHash(1) }]);
  });

  it('says that it may not know everything when it has just come to the slot', () => {
    tracker.isNew = true;
    expect(answer('holds', { namespace, torrent, peer })).toEqual({ isPartial: true, reply: true });
    expect(answer('find', { namespace, torrent, peerCountMax: 1 })).toMatchObject({ isPartial: true });
    expect(answer('metadata', { namespace, torrent })).toMatchObject({ isPartial: true });
    expect(answer('name', { namespace, name: 'llm:v3' })).toMatchObject({ isPartial: true });
  });

  const sound = { namespace, torrent, peer, name: 'llm:v3', peerCountMax: 10, countMax: 10 };
  it.each([
    ['drop', sound, 'kind'],
    ['find', undefined, 'data'],
    ['find', 'text', 'data'],
    ['find', { ...sound, torrent: torrent.slice(1) }, 'torrent'],
    ['find', { ...sound, torrent: torrent.toUpperCase() }, 'torrent'],
    ['find', { ...sound, torrent: makeHash(1) }, 'torrent'],
    ['find', { ...sound, namespace: 'No Namespace' }, 'namespace'],
    ['find', { ...sound, namespace: undefined }, 'namespace'],
    ['find', { ...sound, asker: 'somebody' }, 'peer'],
    ['find', { ...sound, peerCountMax: -1 }, 'count'],
    ['find', { ...sound, peerCountMax: 1.5 }, 'count'],
    ['find', { ...sound, peerCountMax: '10' }, 'count'],
    ['holds', { ...sound, peer: 5 }, 'peer'],
    ['metadata', { ...sound, torrent: undefined }, 'torrent'],
    ['name', { ...sound, name: '' }, 'name'],
    ['name', { ...sound, name: 5 }, 'name'],
    ['list', { ...sound, after: 'text' }, 'after'],
    ['list', { ...sound, countMax: undefined }, 'count'],
  ])('refuses the question %s about %j', (kind, data, field) => {
    expect(() => answer(kind, data)).toThrow(QuestionInvalidError);
    expect(() => answer(kind, data)).toThrow(`"${field}"`);
  });

  it.each([undefined, null, 5, 'find', [], {}])('refuses %j, which is no question', (value) => {
    expect(() => readQuestion(value)).toThrow(QuestionInvalidError);
  });
});
