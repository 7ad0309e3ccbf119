import fc from 'fast-check';
import { DESCRIPTION_GRACE_MS, ENTRY_LIVES_OF_PEER, PEER_TTL_MS, REFRESHES_PER_LIFE } from './limits.js';
import { type Fixture, makeAnnounce, makeHash, makePeer, makeTracking } from './tracking.fixture.js';

const HOST = '198.51.100.1';
const whole = { namespace: 'default', index: -1, peerCountMax: 50 };

describe('PeerRegistry', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = makeTracking();
  });

  const announce = async (number: number, changes: Parameters<typeof makeAnnounce>[1] = {}) =>
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
    const asked = await fixture.tracking.peers.lookup({ ...whole, hash: makeHash(1), peerId: makePeer(1).id });
    expect(asked.peers.map(({ name }) => name)).toEqual(['peer-2']);
    expect((await lookup()).peers).toHaveLength(2);
  });

  it('counts a peer once, however often it announces, and notices when it completes', async () => {
    await announce(1, { isComplete: false });
    await announce(1, { isComplete: false });
    expect(await lookup()).toMatchObject({ seedCount: 0, leechCount: 1 });
    await announce(1);
    expect(await lookup()).toMatchObject({ seedCount: 1, leechCount: 0 });
  });

  it('answers for an unknown torrent with an empty peer set, and keeps nothing', async () => {
    expect(await lookup(makeHash(9))).toMatchObject({ peers: [], seedCount: 0, leechCount: 0 });
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
    expect((await lookup()).peers.map(({ name }) => name)).toEqual(['peer-1']);
    expect(fixture.tracking.countsIn('other')).toMatchObject({ torrentCount: 1, entryCount: 1 });
  });

  it('forgets a peer that deregisters, at once', async () => {
    await announce(1);
    const request = { namespace: 'default', hash: makeHash(1), index: -1, peerId: makePeer(1).id };
    expect(await fixture.tracking.peers.deregister(request)).toMatchObject({ wasRegistered: true, copies: 1 });
    expect(await fixture.tracking.peers.deregister(request)).toMatchObject({ wasRegistered: false });
    expect((await lookup()).peers).toEqual([]);
    expect(fixture.tracking.totals()).toMatchObject({ entryCount: 0 });
    fixture.clock.advance(DESCRIPTION_GRACE_MS);
    await fixture.tracking.expire();
    expect(fixture.tracking.totals()).toMatchObject({ torrentCount: 0 });
  });

  it('expires a peer that went silent, to the millisecond and without a sweep', async () => {
    await announce(1);
    fixture.clock.advance(PEER_TTL_MS - 1);
    expect(await lookup()).toMatchObject({ seedCount: 1 });
    fixture.clock.advance(1);
    expect(await lookup()).toMatchObject({ peers: [], seedCount: 0, leechCount: 0 });
    expect(fixture.tracking.totals()).toMatchObject({ peerCount: 0, entryCount: 0 });
  });

  it('counts what expires, whether a sweep or a message notices', async () => {
    await announce(1);
    await announce(1, { hash: makeHash(2) });
    fixture.clock.advance(PEER_TTL_MS);
    expect(await fixture.tracking.expire()).toEqual({ peerCount: 1, metadataCount: 0 });
    await announce(2);
    fixture.clock.advance(PEER_TTL_MS);
    await lookup();
    expect(fixture.tracking.totals().expired).toEqual({ peerCount: 2, metadataCount: 0 });
  });

  it('lives by heartbeats, torrent by torrent', async () => {
    await announce(1);
    await announce(1, { hash: makeHash(2) });
    for (let beat = 0; beat <= ENTRY_LIVES_OF_PEER; beat += 1) {
      fixture.clock.advance(PEER_TTL_MS - 1);
      expect(await heartbeat(1, [makeHash(1)])).toMatchObject({ unknown: [], peerTtlMs: PEER_TTL_MS });
    }
    fixture.purge();
    expect((await lookup(makeHash(1))).seedCount).toBe(1);
    expect((await lookup(makeHash(2))).seedCount).toBe(0);
  });

  it('names the torrents a heartbeat is ahead of', async () => {
    await announce(1);
    expect((await heartbeat(1, [makeHash(1), makeHash(2)])).unknown).toEqual([makeHash(2)]);
    expect((await heartbeat(5, [makeHash(1)])).unknown).toEqual([makeHash(1)]);
  });

  it('learns from a heartbeat that a download is complete', async () => {
    await announce(1, { isComplete: false });
    await heartbeat(1, [makeHash(1)], true);
    expect(await lookup()).toMatchObject({ seedCount: 1, leechCount: 0 });
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
    await lookup();
    await lookup();
    const { torrents } = await fixture.tracking.catalog.list({ namespace: 'default', countMax: 10 });
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
    expect((await lookup()).seedCount).toBe(2);
    expect(fixture.tracking.totals()).toMatchObject({ torrentCount: 2, peerCount: 2, entryCount: 3 });
    fixture.clock.advance(PEER_TTL_MS);
    await expect(announce(3)).resolves.toMatchObject({ seedCount: 1 });
  });

  it('writes the entries of a peer again a third of their life later, not with each heartbeat', async () => {
    await announce(1);
    const first = fixture.clockOf(1, makeHash(1));
    // The first beat after an announce is due; those that follow are not, until a third of the life is over.
    await heartbeat(1, [makeHash(1)]);
    const written = fixture.clockOf(1, makeHash(1));
    expect(written).toBeGreaterThan(first);
    const beats = Math.floor((PEER_TTL_MS * ENTRY_LIVES_OF_PEER) / REFRESHES_PER_LIFE / (PEER_TTL_MS - 1));
    for (let beat = 0; beat < beats; beat += 1) {
      fixture.clock.advance(PEER_TTL_MS - 1);
      await heartbeat(1, [makeHash(1)]);
      expect(fixture.clockOf(1, makeHash(1))).toBe(written);
    }
    fixture.clock.advance(PEER_TTL_MS - 1);
    await heartbeat(1, [makeHash(1)]);
    expect(fixture.clockOf(1, makeHash(1))).toBeGreaterThan(written);
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
        /** (peer, torrent) -> complete. */
        const model = new Map<string, boolean>();
        /** For each heartbeat: how many of its torrents were unknown, and how many should have been. */
        const unknownCounts: [found: number, expected: number][] = [];
        /** When a peer that says nothing is gone. */
        const ends = new Map<number, number>();
        const noteLife = (peer: number): unknown => ends.set(peer, clock.monotonicMs() + PEER_TTL_MS);
        for (const { kind, peer, torrent, isComplete, byMs } of steps) {
          const id = `${peer} ${torrent}`;
          const hash = makeHash(torrent);
          if (kind === 'announce') {
            await announce(peer, { hash, isComplete });
            model.set(id, isComplete);
            noteLife(peer);
          } else if (kind === 'deregister') {
            await tracking.peers.deregister({ namespace: 'default', hash, index: -1, peerId: makePeer(peer).id });
            model.delete(id);
          } else if (kind === 'heartbeat') {
            const { unknown } = await heartbeat(peer, [hash], isComplete);
            unknownCounts.push([unknown.length, model.has(id) ? 0 : 1]);
            if (model.has(id)) model.set(id, isComplete);
            if (ends.has(peer)) noteLife(peer);
          } else {
            clock.advance(byMs);
            for (const [one, endMs] of ends) {
              if (endMs > clock.monotonicMs()) continue;
              ends.delete(one);
              for (const key of [...model.keys()].filter((key) => key.startsWith(`${one} `))) model.delete(key);
            }
          }
          for (const number of [1, 2, 3]) {
            const entries = [...model].filter(([one]) => one.endsWith(` ${number}`));
            const seedCount = entries.filter(([, isSeed]) => isSeed).length;
            const reply = await lookup(makeHash(number));
            expect(reply).toMatchObject({ seedCount, leechCount: entries.length - seedCount });
            expect(reply.peers).toHaveLength(entries.length);
          }
        }
        expect(unknownCounts.map(([found]) => found)).toEqual(unknownCounts.map(([, expected]) => expected));
        clock.advance(PEER_TTL_MS);
        await tracking.expire();
        expect(tracking.totals()).toMatchObject({ peerCount: 0, entryCount: 0, metadataBytes: 0 });
        expect(tracking.countsIn('default').entryCount).toBe(0);
        clock.advance(DESCRIPTION_GRACE_MS);
        await tracking.expire();
        expect(tracking.totals().torrentCount).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
