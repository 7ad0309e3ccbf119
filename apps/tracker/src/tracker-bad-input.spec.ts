import {
  HEARTBEAT_TORRENTS_MAX,
  type LookupReply,
  METADATA_SIZE_MAX,
  TRACKER_PATTERNS as patterns,
  type TrackerStatusReply,
} from '@panal/wire';
import { hash, makeAnnounce, makePeer, makeTrackerFixture, type TrackerFixture, torrent } from './tracker.fixture.js';

describe('a tracker given bad input', () => {
  let fixture: TrackerFixture;
  beforeAll(async () => {
    fixture = await makeTrackerFixture();
  });
  afterAll(() => fixture.close());

  const call = <Reply>(pattern: string, data: unknown) => fixture.client.call<Reply>(pattern, data);
  const refusedCount = async () => {
    const { text } = await fixture.get('/metrics');
    return Number(/refused_messages_total\{code="message_invalid"\} (\d+)/.exec(text)?.[1] ?? 0);
  };

  const id = makePeer(1).id;
  const heartbeat = { namespace: 'default', peerId: id, incarnation: 1, torrents: [{ hash, isComplete: true }] };
  const name = { namespace: 'default', name: 'llm:v3' };
  const list = { namespace: 'default', countMax: 10 };
  const status = { namespace: 'default' };
  const cases: [message: string, field: string, pattern: string, good: object, bad: unknown[]][] = [
    ['announce', 'namespace', patterns.announce, makeAnnounce(1), ['', 'A B', 5, 'x'.repeat(65)]],
    ['announce', 'hash', patterns.announce, makeAnnounce(1), ['aa', Buffer.alloc(31), Buffer.alloc(0), 5]],
    ['announce', 'index', patterns.announce, makeAnnounce(1), [1, -2, 0.5, '0']],
    ['announce', 'peer', patterns.announce, makeAnnounce(1), [null, 'p1', [], 5, {}]],
    ['announce', 'peer.id', patterns.announce, makeAnnounce(1), [Buffer.alloc(15), 'id', null]],
    ['announce', 'peer.name', patterns.announce, makeAnnounce(1), ['', 'a b', '-x', 'x'.repeat(65), 5]],
    ['announce', 'peer.incarnation', patterns.announce, makeAnnounce(1), [-1, 1.5, 'now']],
    ['announce', 'peer.dataPort', patterns.announce, makeAnnounce(1), [0, 65_536, '5550']],
    [
      'announce',
      'peer.addresses',
      patterns.announce,
      makeAnnounce(1),
      ['x', {}, [5], Array.from({ length: 9 }, () => makePeer(1).addresses[0])],
    ],
    ['announce', 'peer.addresses.0.host', patterns.announce, makeAnnounce(1), ['', 'a b', '[::1]', 'x'.repeat(254), 5]],
    ['announce', 'peer.addresses.0.port', patterns.announce, makeAnnounce(1), [0, 65_536, null]],
    ['announce', 'peer.addresses.0.network', patterns.announce, makeAnnounce(1), ['', 5]],
    ['announce', 'isComplete', patterns.announce, makeAnnounce(1), ['yes', 1, null]],
    ['announce', 'chunksDone', patterns.announce, makeAnnounce(1), [-1, 1.5, '1']],
    ['announce', 'sizeBytes', patterns.announce, makeAnnounce(1), [-1, Number.NaN, '1']],
    ['announce', 'title', patterns.announce, makeAnnounce(1), [5, 'x'.repeat(256)]],
    ['announce', 'peerCountMax', patterns.announce, makeAnnounce(1), [-1, 201, '5']],
    ['deregister', 'peerId', patterns.deregister, { ...torrent, peerId: id }, [Buffer.alloc(17), 'x', null]],
    ['deregister', 'hash', patterns.deregister, { ...torrent, peerId: id }, [Buffer.alloc(33)]],
    ['heartbeat', 'peerId', patterns.heartbeat, heartbeat, [Buffer.alloc(1), 5]],
    ['heartbeat', 'incarnation', patterns.heartbeat, heartbeat, [-1, 'x']],
    [
      'heartbeat',
      'torrents',
      patterns.heartbeat,
      heartbeat,
      [5, {}, [5], [null], [{ hash }], [{ hash: 'x', isComplete: true }]],
    ],
    [
      'heartbeat',
      'torrents',
      patterns.heartbeat,
      heartbeat,
      [Array.from({ length: HEARTBEAT_TORRENTS_MAX + 1 }, () => ({ hash, isComplete: true }))],
    ],
    ['lookup', 'peerCountMax', patterns.lookup, { ...torrent, peerCountMax: 1 }, [-1, 1_000, 'x']],
    ['lookup', 'hash', patterns.lookup, { ...torrent, peerCountMax: 1, peerId: id }, [5]],
    ['metadata put', 'bytes', patterns.metadataPut, { ...torrent, bytes: Buffer.alloc(1) }, ['x', 5, null, [1, 2]]],
    ['metadata put', 'index', patterns.metadataPut, { ...torrent, bytes: Buffer.alloc(1) }, [1]],
    ['metadata get', 'hash', patterns.metadataGet, torrent, [Buffer.alloc(19)]],
    [
      'name put',
      'name',
      patterns.namePut,
      { ...name, hash, setAt: 5 },
      ['', 'a b', 'é', 'a'.repeat(64), 'x'.repeat(129), 5],
    ],
    ['name put', 'setAt', patterns.namePut, { ...name, hash, setAt: 5 }, [-1, 1.5, '5', 2 ** 60]],
    ['name put', 'hash', patterns.namePut, { ...name, hash, setAt: 5 }, [Buffer.alloc(5)]],
    ['name get', 'name', patterns.nameGet, name, ['', 5, null]],
    ['torrent list', 'countMax', patterns.torrentList, list, [0, 1_001, 'x']],
    ['slots', 'from', patterns.clusterSlots, { ...status, from: 0, countMax: 1 }, [-1, 16_385, 1.5, 'x']],
    ['slots', 'countMax', patterns.clusterSlots, { ...status, from: 0, countMax: 1 }, [0, 1e9, null]],
    ['drain', 'fence', patterns.clusterDrain, { ...status, fence: 1 }, [-1, 1.5, '1', 2 ** 53]],
    ['repair', 'fence', patterns.clusterRepair, { ...status, fence: 1 }, [-1, Number.NaN]],
    ['cordon', 'fence', patterns.clusterCordon, { ...status, fence: 1 }, [-1, null]],
    ['uncordon', 'fence', patterns.clusterUncordon, { ...status, fence: 1 }, [-1, 'x']],
    [
      'snapshot',
      'name',
      patterns.clusterSnapshot,
      { ...status, fence: 1, name: 'a' },
      ['', '.', '..', '../a', 'a/b', '/a', 'a\0', '.a', 'é', 'x'.repeat(65), 5],
    ],
    ['status', 'namespace', patterns.status, { namespace: 'default' }, [5, null]],
  ];

  it.each(cases)('refuses %s with a bad %s, says so and is unharmed', async (_, field, pattern, good, bad) => {
    const refusedBefore = await refusedCount();
    const isRefused = {
      code: 'message_invalid',
      message: expect.stringContaining(field.split('.').at(-1) ?? '') as string,
    };
    for (const value of [undefined, ...bad]) {
      await expect(call(pattern, withField(good, field, value))).rejects.toMatchObject(isRefused);
    }
    const { torrentCount, peerCount } = await call<TrackerStatusReply>(patterns.status, { namespace: 'default' });
    expect({ torrentCount, peerCount }).toEqual({ torrentCount: 0, peerCount: 0 });
    expect((await refusedCount()) - refusedBefore).toBe(1 + bad.length);
  });

  it.each(Object.values(patterns))('refuses data that is no object: %s', async (pattern) => {
    for (const data of [null, 5, 'x', [], [{}], Buffer.alloc(3), {}]) {
      await expect(call(pattern, data)).rejects.toMatchObject({ code: 'message_invalid' });
    }
  });

  it('leaves fields behind that it does not know: a newer peer may send them', async () => {
    const extra = { ...makeAnnounce(1), surprise: { deep: [1] } };
    expect(await call(patterns.announce, extra)).toMatchObject({ seedCount: 1 });
    expect((await call<LookupReply>(patterns.lookup, { ...torrent, peerCountMax: 10 })).peers[0]).not.toHaveProperty(
      'surprise',
    );
  });

  it('refuses a torrent file too large to keep', async () => {
    const bytes = Buffer.alloc(METADATA_SIZE_MAX + 1);
    await expect(call(patterns.metadataPut, { ...torrent, bytes })).rejects.toMatchObject({
      code: 'metadata_too_large',
    });
  });

  it('refuses a message nobody knows', async () => {
    await expect(call('tracker.peers.explode', {})).rejects.toMatchObject({ code: 'rpc_unknown_command' });
  });
});

/** A copy of `good` in which the field at a dotted path is `value`; undefined takes it out. */
function withField(good: object, field: string, value: unknown): object {
  const [first = '', ...rest] = field.split('.');
  const copy: Record<string, unknown> = Array.isArray(good) ? ([...good] as never) : { ...good };
  const inner = copy[first];
  if (rest.length > 0) copy[first] = withField(inner as object, rest.join('.'), value);
  else if (value === undefined) delete copy[first];
  else copy[first] = value;
  return copy;
}
