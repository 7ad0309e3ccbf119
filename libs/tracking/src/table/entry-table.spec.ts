import { DigestTree } from '@panal/cluster';
import { SeededRandom } from '@panal/runtime';
import { EntryReader } from './entry-reader.js';
import { EntryTable } from './entry-table.js';
import { FLOOR_LOOKS_MAX } from './limits.js';
import { contentIdOf, entryRecord, idOf, LIVES, NOW_MS, peerIdOf } from './table.fixture.js';

function entryTable(): EntryTable {
  const digests = new DigestTree({ high: 1, low: 2 });
  return new EntryTable({ digests, lives: LIVES, hashKey: { low: 3, high: 4 }, listener: () => undefined });
}

describe('EntryTable', () => {
  it('keeps nothing of peers and torrents whose last entry went, however it went', () => {
    const table = entryTable();
    for (let round = 0; round < 4; round += 1) {
      for (let number = 0; number < 40; number += 1) {
        const peer = round * 100 + number;
        const record = entryRecord({ torrent: peer, peer, namespace: `n${peer}`, isDead: number % 3 === 0 });
        table.apply(record, NOW_MS);
        if (number % 4 === 0) table.setPeerFloor(peerIdOf(peer), 1, NOW_MS);
        if (number % 2 === 0) table.dropSlot(record.slot, 1);
        if (number % 4 === 0) table.setPeerFloor(peerIdOf(peer), Number.POSITIVE_INFINITY, NOW_MS);
      }
      table.purge(NOW_MS + LIVES.softMs, 1_000);
      expect(table.recordCount).toBe(0);
      expect(table.torrents.count).toBe(0);
      expect(table.lists.cellCount).toBe(0);
    }
    // Rows are used again: those of 160 peers and torrents never were more than 40.
    expect(table.peers.ensure(idOf(1, 16), 0)).toBeLessThanOrEqual(40);
    expect(table.torrents.slab.end).toBeLessThanOrEqual(41);
    expect(table.entries.slab.end).toBeLessThanOrEqual(41);
    expect(table.torrents.namespaces.hold(Buffer.from('new'), 0, 3)).toBeLessThan(40);
  });

  it('tells peers apart that have the same row one after the other', () => {
    const told: string[] = [];
    const digests = new DigestTree({ high: 1, low: 2 });
    const listener = ({ peer }: { peer: string }): void => void told.push(peer);
    const table = new EntryTable({ digests, lives: LIVES, hashKey: { low: 3, high: 4 }, listener });
    for (const peer of [1, 2]) {
      table.setPeerFloor(peerIdOf(peer), 0, NOW_MS);
      const record = entryRecord({ torrent: 1, peer });
      table.apply(record, NOW_MS);
      table.setPeerFloor(peerIdOf(peer), Number.POSITIVE_INFINITY, NOW_MS);
      table.dropSlot(record.slot);
    }
    const [one, two] = [peerIdOf(1).toString('hex'), peerIdOf(2).toString('hex')];
    expect(told).toEqual([one, one, two, two]);
  });
});

describe('EntryTable, when many peers come and go at once', () => {
  const GONE = Number.POSITIVE_INFINITY;
  const BUSY = 1_000;
  const reader = (table: EntryTable) => new EntryReader(table);
  const ref = (torrent: number) => ({ namespace: 'default', hash: contentIdOf(torrent) });

  /** Peers 1 to `peerCount` live and have torrent 1. What this turn may move is used up. */
  function crowded(peerCount: number): EntryTable {
    const table = entryTable();
    table.setPeerFloor(peerIdOf(BUSY), 0, NOW_MS);
    for (let torrent = 2; torrent < FLOOR_LOOKS_MAX + 2; torrent += 1) {
      table.apply(entryRecord({ torrent, peer: BUSY }), NOW_MS);
    }
    for (let peer = 1; peer <= peerCount; peer += 1) {
      table.setPeerFloor(peerIdOf(peer), 0, NOW_MS);
      table.apply(entryRecord({ torrent: 1, peer }), NOW_MS);
    }
    table.purge(NOW_MS, 1);
    table.setPeerFloor(peerIdOf(BUSY), GONE, NOW_MS);
    return table;
  }
  const sampled = (table: EntryTable) =>
    reader(table).sample({
      ...ref(1),
      count: 100,
      nowMs: NOW_MS,
      random: new SeededRandom(1),
      isCompleteFirst: true,
      accept: () => true,
    });

  it('moves a bounded number of entries a turn, and the rest with the next purges', () => {
    const table = crowded(3);
    expect(reader(table).servedCount).toBe(3);
    for (const peer of [1, 2]) table.setPeerFloor(peerIdOf(peer), GONE, NOW_MS);
    expect(reader(table).servedCount).toBe(3);
    table.purge(NOW_MS, 1);
    expect(reader(table).servedCount).toBe(1);
    expect(table.isMoving).toBe(false);
  });

  it('shows nobody what is not there any more, moved or not', () => {
    const table = crowded(3);
    table.setPeerFloor(peerIdOf(1), GONE, NOW_MS);
    table.setPeerFloor(peerIdOf(2), (NOW_MS + 1) * 4_096, NOW_MS);
    expect(sampled(table).map(({ peer }) => peer.id)).toEqual([peerIdOf(3).toString('hex')]);
    expect(reader(table).entry(ref(1), peerIdOf(1), NOW_MS)).toBeUndefined();
    expect(reader(table).entry(ref(1), peerIdOf(2), NOW_MS)).toBeUndefined();
  });

  it('counts right in the end, whatever changed before all was moved', () => {
    const random = new SeededRandom(5);
    for (let round = 0; round < 20; round += 1) {
      const table = crowded(20);
      for (let step = 0; step < 60; step += 1) {
        const peer = 1 + random.below(20);
        const torrent = random.below(4);
        const choice = random.below(5);
        if (choice < 3) table.setPeerFloor(peerIdOf(peer), [0, GONE, (NOW_MS + 5) * 4_096][choice] as number, NOW_MS);
        else if (choice === 3) table.apply(entryRecord({ torrent, peer, atMs: random.below(10) }), NOW_MS);
        else table.dropSlot(entryRecord({ torrent, peer }).slot, random.below(3));
        // A few at a time, so that changes meet a peer of which a part is moved.
        if (random.below(10) === 0) table.purge(NOW_MS, 1);
      }
      table.purge(NOW_MS, 1);
      const served = Array.from({ length: 20 }, (_, at) => [
        ...reader(table).entriesOfPeer(peerIdOf(at + 1), NOW_MS),
      ]).flat();
      expect(reader(table).servedCount).toBe(served.length);
      expect(table.isMoving).toBe(false);
    }
  });

  it('goes on where it was when the entry it would look at next is gone', () => {
    const table = entryTable();
    table.purge(NOW_MS, 1);
    table.setPeerFloor(peerIdOf(BUSY), 0, NOW_MS);
    const records = Array.from({ length: FLOOR_LOOKS_MAX + 3 }, (_, torrent) => entryRecord({ torrent, peer: BUSY }));
    for (const record of records) table.apply(record, NOW_MS);
    table.setPeerFloor(peerIdOf(BUSY), GONE, NOW_MS);
    expect(reader(table).servedCount).toBe(3);
    // The newest are looked at first: these three are left, and the first of them is next.
    table.dropSlot(records[2]?.slot ?? 0);
    table.purge(NOW_MS, 1);
    expect(reader(table).servedCount).toBe(0);
    expect(table.isMoving).toBe(false);
  });

  it('does not make anybody wait while it is filled, before the first purge', () => {
    const table = entryTable();
    for (let torrent = 0; torrent < FLOOR_LOOKS_MAX + 10; torrent += 1) {
      table.apply(entryRecord({ torrent, peer: BUSY }), NOW_MS);
    }
    table.setPeerFloor(peerIdOf(BUSY), 0, NOW_MS);
    expect(reader(table).servedCount).toBe(FLOOR_LOOKS_MAX + 10);
  });
});
