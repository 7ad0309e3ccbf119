import fc from 'fast-check';
import { PEER_TTL_MS } from './limits.js';
import { type Fixture, makeAnnounce, makeHash, makePeer, makeTracking } from './tracking.fixture.js';

const HOST = '198.51.100.1';
const whole = { namespace: 'default', index: -1, peerCountMax: 50 };

describe('PeerRegistry', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = makeTracking();
  });

  const announce = (number: number, changes: Parameters<typeof makeAnnounce>[1] = {}) =>
    fixture.tracking.peers.announce(makeAnnounce(makePeer(number), changes), HOST);
  const lookup = (hash = makeHash(1)) => fixture.tracking.peers.lookup({ ...whole, hash });
  const heartbeat = (number: number, hashes: readonly Buffer[], isComplete = true) =>
    fixture.tracking.peers.heartbeat({
      namespace: 'default',
      peerId: makePeer(number).id,
      incarnation: 1_000,
      torrents: hashes.map((hash) => ({ hash, isComplete })),
    });

  it('hands out the peers of a torrent, never the one that asks', async () => {
    expect(await announce(1)).toMatchObject({ peers: [], seedCount: 1, leechCount: 0, observedHost: HOST });
    const reply = await announce(2, { isComplete: false });
    expect(reply.peers).toEqual([
      { id: Buffer.alloc(16, 1), name: 'peer-1', addresses: makePeer(1).addresses, isComplete: true },
    ]);
    expect(reply).toMatchObject({ seedCount: 1, leechCount: 1 });
    const asked = fixture.tracking.peers.lookup({ ...whole, hash: makeHash(1), peerId: makePeer(1).id });
    expect(asked.peers.map(({ name }) => name)).toEqual(['peer-2']);
    expect(lookup().peers).toHaveLength(2);
  });

  it('counts a peer once, however often it announces, and notices when it completes', async () => {
    await announce(1, { isComplete: false });
    await announce(1, { isComplete: false });
    expect(lookup()).toMatchObject({ seedCount: 0, leechCount: 1 });
    await announce(1);
    expect(lookup()).toMatchObject({ seedCount: 1, leechCount: 0 });
  });

  it('answers for an unknown torrent with an empty peer set, and keeps nothing', () => {
    expect(lookup(makeHash(9))).toEqual({ peers: [], seedCount: 0, leechCount: 0 });
    expect(fixture.tracking.totals().torrentCount).toBe(0);
  });

  it('hands out nobody, but counts all, when no peers are wanted', async () => {
    await announce(1);
    const reply = await announce(2, { peerCountMax: 0 });
    expect(reply).toMatchObject({ peers: [], seedCount: 2 });
  });

  it('keeps the namespaces apart', async () => {
    await announce(1);
    await announce(2, { namespace: 'other' });
    expect(lookup().peers.map(({ name }) => name)).toEqual(['peer-1']);
    expect(fixture.tracking.countsIn('other')).toMatchObject({ torrentCount: 1, entryCount: 1 });
  });

  it('forgets a peer that deregisters, at once', async () => {
    await announce(1);
    const request = { namespace: 'default', hash: makeHash(1), index: -1, peerId: makePeer(1).id };
    expect(await fixture.tracking.peers.deregister(request)).toEqual({ wasRegistered: true });
    expect(await fixture.tracking.peers.deregister(request)).toEqual({ wasRegistered: false });
    expect(lookup().peers).toEqual([]);
    expect(fixture.tracking.totals()).toMatchObject({ torrentCount: 0, entryCount: 0 });
  });

  it('expires a peer that went silent, to the millisecond and without a sweep', async () => {
    await announce(1);
    fixture.clock.advance(PEER_TTL_MS - 1);
    expect(lookup()).toMatchObject({ seedCount: 1 });
    fixture.clock.advance(1);
    expect(lookup()).toEqual({ peers: [], seedCount: 0, leechCount: 0 });
    expect(fixture.tracking.totals()).toMatchObject({ torrentCount: 0, peerCount: 0, entryCount: 0 });
  });

  it('counts what expires, whether a sweep or a message notices', async () => {
    await announce(1);
    await announce(1, { hash: makeHash(2) });
    fixture.clock.advance(PEER_TTL_MS);
    expect(await fixture.tracking.expire()).toEqual({ entryCount: 2, peerCount: 1, metadataCount: 0 });
    await announce(2);
    fixture.clock.advance(PEER_TTL_MS);
    lookup();
    expect(fixture.tracking.totals().expired).toEqual({ entryCount: 3, peerCount: 2, metadataCount: 0 });
  });

  it('lives by heartbeats, torrent by torrent', async () => {
    await announce(1);
    await announce(1, { hash: makeHash(2) });
    fixture.clock.advance(PEER_TTL_MS - 1);
    expect(await heartbeat(1, [makeHash(1)])).toMatchObject({ unknown: [], peerTtlMs: PEER_TTL_MS });
    fixture.clock.advance(PEER_TTL_MS - 1);
    expect(lookup(makeHash(1)).seedCount).toBe(1);
    expect(lookup(makeHash(2)).seedCount).toBe(0);
  });

  it('names the torrents a heartbeat is ahead of', async () => {
    await announce(1);
    expect((await heartbeat(1, [makeHash(1), makeHash(2)])).unknown).toEqual([makeHash(2)]);
    expect((await heartbeat(5, [makeHash(1)])).unknown).toEqual([makeHash(1)]);
  });

  it('learns from a heartbeat that a download is complete', async () => {
    await announce(1, { isComplete: false });
    await heartbeat(1, [makeHash(1)], true);
    expect(lookup()).toMatchObject({ seedCount: 1, leechCount: 0 });
  });

  it('asks for a heartbeat often enough to lose two in a row', async () => {
    const { heartbeatIntervalMs, peerTtlMs } = await announce(1);
    expect(heartbeatIntervalMs * 3).toBeLessThanOrEqual(peerTtlMs);
  });

  it('puts the addresses on a network of the asker first', async () => {
    const dmz = { network: 'dmz', host: '203.0.113.1', port: 5550 };
    const lan = { network: 'lan', host: '192.0.2.1', port: 5550 };
    await announce(1, { peer: makePeer(1, { addresses: [dmz, lan] }) });
    const reply = await announce(2, { peer: makePeer(2, { addresses: [{ ...lan, host: '192.0.2.2' }] }) });
    expect(reply.peers[0]?.addresses).toEqual([lan, dmz]);
  });

  it('counts the requests for a torrent', async () => {
    await announce(1);
    lookup();
    lookup();
    const { torrents } = fixture.tracking.catalog.list({ namespace: 'default', countMax: 10 });
    expect(torrents).toMatchObject([{ title: 'announced', sizeBytes: 1_000, requestCount: 3 }]);
  });

  it('refuses, for now, when a table is full, and harms nobody who is in', async () => {
    const limits = { torrentCountMax: 2, peerCountMax: 2, entryCountMax: 3 };
    fixture = makeTracking({ limits });
    const full = { code: 'tracker_full', retryable: true };
    await announce(1);
    await announce(2);
    await expect(announce(3)).rejects.toMatchObject(full);
    await announce(1, { hash: makeHash(2) });
    await expect(announce(1, { hash: makeHash(3) })).rejects.toMatchObject(full);
    await expect(announce(2, { hash: makeHash(2) })).rejects.toMatchObject(full);
    expect(lookup().seedCount).toBe(2);
    expect(fixture.tracking.totals()).toMatchObject({ torrentCount: 2, peerCount: 2, entryCount: 3 });
    fixture.clock.advance(PEER_TTL_MS);
    await expect(announce(3)).resolves.toMatchObject({ seedCount: 1 });
  });

  it('has right counts after anything, and forgets everything in the end', async () => {
    const step = fc.record({
      kind: fc.constantFrom('announce' as const, 'deregister' as const, 'heartbeat' as const, 'wait' as const),
      peer: fc.integer({ min: 1, max: 4 }),
      torrent: fc.integer({ min: 1, max: 3 }),
      isComplete: fc.boolean(),
      byMs: fc.nat(PEER_TTL_MS),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        fixture = makeTracking();
        const { clock, tracking } = fixture;
        /** (peer, torrent) -> complete, and when it ends. */
        const model = new Map<string, { isComplete: boolean; endsAtMs: number }>();
        /** For each heartbeat: how many of its torrents were unknown, and how many should have been. */
        const unknownCounts: [found: number, expected: number][] = [];
        for (const { kind, peer, torrent, isComplete, byMs } of steps) {
          const id = `${peer} ${torrent}`;
          const hash = makeHash(torrent);
          const endsAtMs = clock.monotonicMs() + PEER_TTL_MS;
          if (kind === 'announce') {
            await announce(peer, { hash, isComplete });
            model.set(id, { isComplete, endsAtMs });
          } else if (kind === 'deregister') {
            await tracking.peers.deregister({ namespace: 'default', hash, index: -1, peerId: makePeer(peer).id });
            model.delete(id);
          } else if (kind === 'heartbeat') {
            const { unknown } = await heartbeat(peer, [hash], isComplete);
            unknownCounts.push([unknown.length, model.has(id) ? 0 : 1]);
            if (model.has(id)) model.set(id, { isComplete, endsAtMs });
          } else {
            clock.advance(byMs);
            for (const [one, { endsAtMs: at }] of model) if (at <= clock.monotonicMs()) model.delete(one);
          }
          for (const number of [1, 2, 3]) {
            const entries = [...model].filter(([one]) => one.endsWith(` ${number}`));
            const seedCount = entries.filter(([, entry]) => entry.isComplete).length;
            const reply = lookup(makeHash(number));
            expect(reply).toMatchObject({ seedCount, leechCount: entries.length - seedCount });
            expect(reply.peers).toHaveLength(entries.length);
          }
        }
        expect(unknownCounts.map(([found]) => found)).toEqual(unknownCounts.map(([, expected]) => expected));
        clock.advance(PEER_TTL_MS);
        await tracking.expire();
        expect(tracking.totals()).toMatchObject({ torrentCount: 0, peerCount: 0, entryCount: 0, metadataBytes: 0 });
        expect(tracking.countsIn('default').entryCount).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
