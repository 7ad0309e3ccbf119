import { CLAIM_PROBE_INTERVAL_MS, DIALBACK_RETRY_MS, PEER_TTL_MS } from './limits.js';
import { type Fixture, makeAnnounce, makeHash, makePeer, makeTracking } from './tracking.fixture.js';

const HOST = '198.51.100.1';
const whole = { namespace: 'default', hash: makeHash(1), index: -1, peerCountMax: 50 };

describe('the right to a peer name and id', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = makeTracking();
  });

  const announce = async (peer: ReturnType<typeof makePeer>, changes: Parameters<typeof makeAnnounce>[1] = {}) =>
    fixture.tracking.peers.announce(makeAnnounce(peer, changes), HOST);
  const moved = [{ network: 'default', host: '192.0.2.99', port: 5550 }];

  it('refuses the second claimant of a name, and says where the holder is', async () => {
    await announce(makePeer(1));
    await expect(announce(makePeer(2, { name: 'peer-1' }))).rejects.toMatchObject({
      code: 'peer_name_taken',
      message: expect.stringContaining('192.0.2.1:5550') as string,
    });
    expect(fixture.tracking.countsIn('default')).toMatchObject({ peerCount: 1, entryCount: 1 });
  });

  it('gives the name away once the holder is silent for its time', async () => {
    await announce(makePeer(1));
    fixture.clock.advance(PEER_TTL_MS);
    await expect(announce(makePeer(2, { name: 'peer-1' }))).resolves.toMatchObject({ seedCount: 1 });
  });

  it('lets a peer rename itself, which frees its former name', async () => {
    await announce(makePeer(1));
    await announce(makePeer(1, { name: 'renamed' }));
    await expect(announce(makePeer(2, { name: 'peer-1' }))).resolves.toBeDefined();
    await expect(announce(makePeer(3, { name: 'renamed' }))).rejects.toMatchObject({ code: 'peer_name_taken' });
  });

  it('takes a restarted peer at its old address at once, without what the former process shared', async () => {
    await announce(makePeer(1));
    await announce(makePeer(1), { hash: makeHash(2) });
    const reply = await announce(makePeer(1, { incarnation: 2_000 }));
    expect(reply).toMatchObject({ seedCount: 1 });
    expect((await fixture.tracking.peers.lookup({ ...whole, hash: makeHash(2) })).seedCount).toBe(0);
  });

  it('lets one process move to another address', async () => {
    await announce(makePeer(1));
    await announce(makePeer(1, { addresses: moved }));
    expect((await fixture.tracking.peers.lookup(whole)).peers[0]?.addresses).toEqual(moved);
  });

  it('fences a copy of the data folder on another machine while the first one lives', async () => {
    await announce(makePeer(1));
    const copy = makePeer(1, { incarnation: 2_000, addresses: moved });
    await expect(announce(copy)).rejects.toMatchObject({ code: 'peer_fenced', retryable: true });
    await fixture.dialback.answer(5550, 'reachable');
    fixture.clock.advance(CLAIM_PROBE_INTERVAL_MS);
    await expect(announce(copy)).rejects.toMatchObject({ code: 'peer_fenced' });
    expect((await fixture.tracking.peers.lookup(whole)).peers[0]?.addresses).toEqual(makePeer(1).addresses);
  });

  it('fences the older process for good, in announces and heartbeats', async () => {
    await announce(makePeer(1, { incarnation: 2_000 }));
    await expect(announce(makePeer(1))).rejects.toMatchObject({ code: 'peer_fenced', retryable: false });
    const beat = { namespace: 'default', peerId: makePeer(1).id, torrents: [] };
    await expect(fixture.tracking.peers.heartbeat({ ...beat, incarnation: 1_000 })).rejects.toMatchObject({
      code: 'peer_fenced',
    });
    expect(fixture.dialback.dialled).toEqual([]);
  });

  it('asks a process that only sent heartbeats so far to announce first', async () => {
    await announce(makePeer(1));
    const torrents = [{ hash: makeHash(1), isComplete: true }];
    const beat = { namespace: 'default', peerId: makePeer(1).id, incarnation: 2_000, torrents };
    expect((await fixture.tracking.peers.heartbeat(beat)).unknown).toEqual([makeHash(1)]);
  });

  it('buries a holder whose address refuses connections, so that its successor need not wait', async () => {
    await announce(makePeer(1));
    const successor = makePeer(1, { incarnation: 2_000, addresses: moved });
    await expect(announce(successor)).rejects.toMatchObject({ code: 'peer_fenced', retryable: true });
    await fixture.dialback.answer(5550, 'refused');
    expect((await fixture.tracking.peers.lookup(whole)).peers).toEqual([]);
    await expect(announce(successor)).resolves.toMatchObject({ seedCount: 1 });
  });

  it.each(['unreachable', 'reachable'] as const)(
    'keeps a holder that is %s: silence proves nothing',
    async (outcome) => {
      await announce(makePeer(1));
      const other = makePeer(2, { name: 'peer-1' });
      await expect(announce(other)).rejects.toMatchObject({ code: 'peer_name_taken' });
      await fixture.dialback.answer(5550, outcome);
      await expect(announce(other)).rejects.toMatchObject({ code: 'peer_name_taken' });
    },
  );

  it('believes a sign of life more than a refused connection', async () => {
    await announce(makePeer(1));
    await expect(announce(makePeer(2, { name: 'peer-1' }))).rejects.toMatchObject({ code: 'peer_name_taken' });
    fixture.clock.advance(10);
    await announce(makePeer(1));
    await fixture.dialback.answer(5550, 'refused');
    expect((await fixture.tracking.peers.lookup(whole)).seedCount).toBe(1);
  });

  it('needs every address of the holder to refuse', async () => {
    const addresses = [5550, 5551].map((port) => ({ network: 'default', host: '192.0.2.1', port }));
    await announce(makePeer(1, { addresses }));
    const other = makePeer(2, { name: 'peer-1' });
    await expect(announce(other)).rejects.toMatchObject({ code: 'peer_name_taken' });
    await fixture.dialback.answer(5550, 'refused');
    expect((await fixture.tracking.peers.lookup(whole)).seedCount).toBe(1);
    await fixture.dialback.answer(5551, 'refused');
    expect((await fixture.tracking.peers.lookup(whole)).seedCount).toBe(0);
  });

  it('dials a holder once a while, however often its name is claimed', async () => {
    await announce(makePeer(1));
    for (let claim = 0; claim < 5; claim += 1) {
      await expect(announce(makePeer(2, { name: 'peer-1' }))).rejects.toBeDefined();
      if (fixture.dialback.openCount > 0) await fixture.dialback.answer(5550, 'reachable');
    }
    expect(fixture.dialback.dialled).toHaveLength(1);
  });
});

describe('a peer that advertises no address', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = makeTracking();
  });

  const hidden = makePeer(1, { addresses: [], dataPort: 6000 });
  const announce = async () => fixture.tracking.peers.announce(makeAnnounce(hidden), HOST);
  const found = () => fixture.tracking.peers.lookup(whole);

  it('is handed out where the tracker saw it, once it answered there', async () => {
    await announce();
    expect(fixture.dialback.dialled).toEqual([{ network: 'default', host: HOST, port: 6000 }]);
    expect(await found()).toMatchObject({ peers: [], seedCount: 1 });
    await fixture.dialback.answer(6000, 'reachable');
    expect((await found()).peers[0]?.addresses).toEqual([{ network: 'default', host: HOST, port: 6000 }]);
    await announce();
    expect(fixture.dialback.dialled).toHaveLength(1);
  });

  it('is not handed out when it does not answer, and tried again after a while, when it is heard from', async () => {
    await announce();
    await fixture.dialback.answer(6000, 'unreachable');
    expect((await found()).peers).toEqual([]);
    await announce();
    expect(fixture.dialback.dialled).toHaveLength(1);
    fixture.clock.advance(DIALBACK_RETRY_MS);
    await fixture.tracking.peers.heartbeat({ ...whole, peerId: hidden.id, incarnation: 1_000, torrents: [] });
    await fixture.dialback.answer(6000, 'reachable');
    expect((await found()).peers).toHaveLength(1);
  });

  it('is dialled again where it moved to', async () => {
    await announce();
    await fixture.dialback.answer(6000, 'reachable');
    await fixture.tracking.peers.announce(makeAnnounce({ ...hidden, dataPort: 6001 }), HOST);
    expect((await found()).peers).toEqual([]);
    await fixture.dialback.answer(6001, 'reachable');
    expect((await found()).peers[0]?.addresses[0]?.port).toBe(6001);
  });

  it('ignores the outcome for an address the peer has left', async () => {
    await announce();
    await fixture.tracking.peers.announce(makeAnnounce({ ...hidden, dataPort: 6001 }), HOST);
    await fixture.dialback.answer(6000, 'reachable');
    expect((await found()).peers).toEqual([]);
    expect(fixture.dialback.dialled.map(({ port }) => port)).toEqual([6000, 6001]);
  });

  it('is not needed to be dialled when it advertises an address', async () => {
    await fixture.tracking.peers.announce(makeAnnounce(makePeer(2)), HOST);
    expect(fixture.dialback.dialled).toEqual([]);
    expect((await found()).peers).toHaveLength(1);
  });
});
