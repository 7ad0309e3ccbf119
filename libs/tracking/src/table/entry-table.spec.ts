import { DigestTree } from '@panal/cluster';
import { EntryTable } from './entry-table.js';
import { entryRecord, idOf, LIVES, NOW_MS, peerIdOf } from './table.fixture.js';

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
        if (number % 2 === 0) table.dropPeer(peerIdOf(peer));
        else if (number % 5 === 0) table.dropSlot(record.slot);
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
      table.apply(entryRecord({ torrent: 1, peer }), NOW_MS);
      table.setPeerFloor(peerIdOf(peer), Number.POSITIVE_INFINITY, NOW_MS);
      table.dropPeer(peerIdOf(peer));
    }
    const [one, two] = [peerIdOf(1).toString('hex'), peerIdOf(2).toString('hex')];
    expect(told).toEqual([one, one, two, two]);
  });
});
