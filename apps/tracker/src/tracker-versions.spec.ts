import { TRACKER_PATTERNS as patterns } from '@panal/wire';
import { hash, makeAnnounce, makePeer, makeTrackerFixture, type TrackerFixture, torrent } from './tracker.fixture.js';

const all = { namespace: 'default' };
const order = { ...all, fence: 0 };

describe('a tracker and clients of earlier versions', () => {
  let fixture: TrackerFixture;
  afterEach(() => fixture.close());

  it('tells version 1 nothing of what came with version 2', async () => {
    fixture = await makeTrackerFixture();
    const client = fixture.connect(1);
    const beat = { ...all, peerId: makePeer(1).id, incarnation: 1, torrents: [{ hash, isComplete: true }] };
    const replies = [
      await client.call(patterns.announce, makeAnnounce(1)),
      await client.call(patterns.heartbeat, beat),
      await client.call(patterns.lookup, { ...torrent, peerCountMax: 1 }),
      await client.call(patterns.namePut, { ...all, name: 'n', hash, setAt: 1 }),
      await client.call(patterns.torrentList, { ...all, countMax: 1 }),
    ];
    for (const reply of replies) {
      for (const field of ['owners', 'membersEpoch', 'copies']) expect(reply).not.toHaveProperty(field);
    }
    expect(await fixture.client.call(patterns.lookup, { ...torrent, peerCountMax: 1 })).toHaveProperty('owners');
  });

  it.each([
    [1, patterns.clusterMembers, all],
    [1, patterns.clusterStatus, all],
    [2, patterns.clusterCordon, order],
    [2, patterns.clusterSnapshot, { ...order, name: 's' }],
  ])('does not know for version %i what it has for later ones: %s', async (version, pattern, data) => {
    fixture = await makeTrackerFixture();
    await expect(fixture.connect(version).call(pattern, data)).rejects.toMatchObject({ code: 'rpc_unknown_command' });
  });

  it('speaks at most what --protocol-max allows', async () => {
    fixture = await makeTrackerFixture('--protocol-max', '2');
    const unknown = { code: 'rpc_unknown_command' };
    await expect(fixture.client.call(patterns.clusterCordon, order)).rejects.toMatchObject(unknown);
    expect(await fixture.client.call(patterns.clusterStatus, all)).not.toHaveProperty('members.0.protocol');
    expect(await fixture.client.call(patterns.lookup, { ...torrent, peerCountMax: 1 })).toHaveProperty('owners');
  });
});
