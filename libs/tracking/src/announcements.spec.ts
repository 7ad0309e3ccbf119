import type { ClusterRecord } from '@panal/cluster';
import { ENTRY_LIVES_OF_PEER, PEER_TTL_MS, REFRESHES_PER_LIFE } from './limits.js';
import { LocalReplicas } from './local-replicas.fixture.js';
import type { WritePromise, WriteReceipt } from './replicas.js';
import { type Fixture, makeAnnounce, makePeer, makeTracking } from './tracking.fixture.js';

const HOST = '198.51.100.1';
const LIFE_MS = PEER_TTL_MS * ENTRY_LIVES_OF_PEER;

/** Counts what is written, and acknowledges with as many copies as the test says. */
class CountingReplicas extends LocalReplicas {
  override promise: WritePromise = { copies: 3, since: 0 };
  copies = 3;
  isLate = false;
  readonly writes: (readonly ClusterRecord[])[] = [];

  override write(records: readonly ClusterRecord[]): WriteReceipt | Promise<WriteReceipt> {
    void super.write(records);
    this.writes.push(records);
    const receipt = { copies: this.copies };
    return this.isLate ? Promise.resolve(receipt) : receipt;
  }
}

describe('Announcements', () => {
  let fixture: Fixture;
  let replicas: CountingReplicas;
  beforeEach(() => {
    fixture = makeTracking({}, (ports) => (replicas = new CountingReplicas(ports)));
  });

  const announce = (number: number, changes: Parameters<typeof makeAnnounce>[1] = {}) =>
    fixture.tracking.peers.announce(makeAnnounce(makePeer(number), changes), HOST);
  /** Peers beat meanwhile: only the entry grows old. */
  const live = async (forMs: number): Promise<void> => {
    for (let left = forMs; left > 0; left -= PEER_TTL_MS / 2) {
      fixture.clock.advance(Math.min(left, PEER_TTL_MS / 2));
      const { id: peerId, incarnation } = makePeer(1);
      await fixture.tracking.peers.heartbeat({ namespace: 'default', peerId, incarnation, torrents: [] });
    }
  };
  /** Writes of entries since the last look. */
  const entryWrites = (): number =>
    replicas.writes
      .splice(0)
      .flat()
      .filter(({ slot }) => slot < 16_384).length;

  it('answers at once where the write is settled at once', () => {
    expect(announce(1)).toMatchObject({ seedCount: 1, copies: 3 });
    replicas.isLate = true;
    expect(announce(2)).toBeInstanceOf(Promise);
  });

  it.each([false, true])(
    'does not write again what as many hold as is promised (answered later: %s)',
    async (isLate) => {
      replicas.isLate = isLate;
      const first = await announce(1);
      expect(entryWrites()).toBe(2);
      const stamp = fixture.clockOf(1, makeAnnounce(makePeer(1)).hash as Buffer);
      const again = await announce(1);
      expect(replicas.writes).toEqual([]);
      expect(again).toEqual(first);
      expect(fixture.clockOf(1, makeAnnounce(makePeer(1)).hash as Buffer)).toBe(stamp);
    },
  );

  it('keeps a peer alive that only announces', async () => {
    await announce(1);
    for (let time = 0; time < 4; time += 1) {
      fixture.clock.advance(PEER_TTL_MS - 1);
      await announce(1);
    }
    await fixture.tracking.expire();
    expect(fixture.tracking.totals().peerCount).toBe(1);
  });

  it('writes an entry again when a third of its life is over', async () => {
    await announce(1);
    await live(LIFE_MS / REFRESHES_PER_LIFE - 1);
    replicas.writes.length = 0;
    await announce(1);
    expect(entryWrites()).toBe(0);
    await live(1);
    await announce(1);
    expect(entryWrites()).toBe(1);
  });

  it('writes what has changed: a completed download, a restarted peer', async () => {
    await announce(1, { isComplete: false });
    replicas.writes.length = 0;
    await announce(1);
    expect(entryWrites()).toBe(1);
    const restarted = makePeer(1, { incarnation: 2_000 });
    await fixture.tracking.peers.announce(makeAnnounce(restarted), HOST);
    expect(entryWrites()).toBe(1);
  });

  it('writes again what fewer hold than is promised, and tells how many that were', async () => {
    replicas.copies = 2;
    expect(await announce(1)).toMatchObject({ copies: 2 });
    expect(await announce(1)).toMatchObject({ copies: 2 });
    expect(entryWrites()).toBe(3);
    replicas.copies = 3;
    expect(await announce(1)).toMatchObject({ copies: 3 });
    expect(entryWrites()).toBe(1);
    expect(await announce(1)).toMatchObject({ copies: 3 });
    expect(entryWrites()).toBe(0);
  });

  it('writes again what was acknowledged among other members', async () => {
    await announce(1);
    replicas.writes.length = 0;
    const stamp = fixture.clockOf(1, makeAnnounce(makePeer(1)).hash as Buffer);
    replicas.promise = { copies: 3, since: stamp + 1 };
    await announce(1);
    expect(entryWrites()).toBe(1);
    await announce(1);
    expect(entryWrites()).toBe(0);
  });

  it('writes again what another tracker wrote since: nobody told this one how many hold that', async () => {
    await announce(1);
    const written = replicas.writes
      .splice(0)
      .flat()
      .find(({ value }) => value.length === 1) as ClusterRecord;
    fixture.table.apply({ ...written, clock: written.clock + 4096 }, fixture.clock.nowMs());
    fixture.clock.advance(2);
    await announce(1);
    expect(entryWrites()).toBe(1);
  });
});
