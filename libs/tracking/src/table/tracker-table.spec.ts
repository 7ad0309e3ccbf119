import { describeReplicaTable, EVERYWHERE, type RecordClass } from '@panal/cluster';
import { SeededRandom } from '@panal/runtime';
import { entryValue } from './entry-rows.js';
import { encodeRecordKey, slotOfTorrent } from './record-key.js';
import { contentIdOf, entryRecord, idOf, LIVES, NOW_MS, peerIdOf, watchedTable } from './table.fixture.js';
import { TrackerTable } from './tracker-table.js';

const [SLOT_A, SLOT_B] = [31, 77] as const;
/** Namespaces that put the same torrent in a given slot. */
const namespaces = new Map<number, readonly string[]>(
  [SLOT_A, SLOT_B].map((slot) => [slot, [0, 1, 2].map((which) => namespaceIn(slot, which))]),
);

describeReplicaTable('TrackerTable', {
  makeTable: (making) => new TrackerTable({ ...making, random: new SeededRandom(1) }),
  makeKey: keyIn,
  makeValue: (index) => entryValue({ isComplete: index % 2 === 0 }),
  slots: [SLOT_A, SLOT_B],
});

describeReplicaTable('TrackerTable with values of a later version', {
  makeTable: (making) => new TrackerTable({ ...making, random: new SeededRandom(1) }),
  makeKey: keyIn,
  slots: [SLOT_A, SLOT_B],
});

describeReplicaTable('TrackerTable with keys of a later version', {
  makeTable: (making) => new TrackerTable({ ...making, random: new SeededRandom(1) }),
  makeKey: (index, slot, recordClass) => Buffer.from(`${recordClass} ${slot} ${index}`),
});

/** Soft keys are entries, durable ones what is said about torrents; everywhere there are peers and names. */
function keyIn(index: number, slot: number, recordClass: RecordClass): Buffer {
  if (slot === EVERYWHERE) {
    const peerId = idOf(index, 16);
    if (recordClass === 'soft') return encodeRecordKey({ kind: 'peer', peerId });
    return encodeRecordKey({ kind: 'name', namespace: 'n', name: `name-${index}`, contentId: contentIdOf(0) });
  }
  if (recordClass === 'durable') {
    return encodeRecordKey({ kind: 'about', namespace: `n${slot}`, contentId: idOf(index, 32) });
  }
  const namespace = namespaces.get(slot)?.[index % 3] ?? '';
  return encodeRecordKey({ kind: 'entry', namespace, contentId: contentIdOf(0), peerId: idOf(index, 16) });
}

function namespaceIn(slot: number, which: number): string {
  for (let number = 0, found = 0; ; number += 1) {
    const namespace = `n${number}`;
    if (slotOfTorrent({ namespace, hash: contentIdOf(0) }) !== slot) continue;
    if (found === which) return namespace;
    found += 1;
  }
}

describe('TrackerTable', () => {
  const torrent = (number: number, namespace = 'default'): { namespace: string; hash: Buffer } => ({
    namespace,
    hash: contentIdOf(number),
  });
  const hexOf = (peer: number): string => peerIdOf(peer).toString('hex');

  it('counts who has a torrent and who fetches it, until they leave or their time is over', () => {
    const { table } = watchedTable();
    table.apply(entryRecord({ torrent: 1, peer: 1, isComplete: true }), NOW_MS);
    table.apply(entryRecord({ torrent: 1, peer: 2, serveMs: 500 }), NOW_MS);
    table.apply(entryRecord({ torrent: 1, peer: 3 }), NOW_MS);
    table.apply(entryRecord({ torrent: 1, peer: 4, namespace: 'other' }), NOW_MS);
    expect(table.entries.torrent(torrent(1))).toEqual({ seedCount: 1, leechCount: 2, entryCount: 3 });
    table.apply(entryRecord({ torrent: 1, peer: 3, atMs: 1, isComplete: true }), NOW_MS);
    expect(table.entries.torrent(torrent(1))).toEqual({ seedCount: 2, leechCount: 1, entryCount: 3 });
    table.apply(entryRecord({ torrent: 1, peer: 1, atMs: 1, isDead: true }), NOW_MS);
    expect(table.purge(NOW_MS + 500, 10)).toBe(0);
    expect(table.entries.torrent(torrent(1))).toEqual({ seedCount: 1, leechCount: 0, entryCount: 3 });
    expect(table.entries.torrent(torrent(2))).toEqual({ seedCount: 0, leechCount: 0, entryCount: 0 });
    expect(table.entries.servedCountIn('default')).toBe(1);
    expect(table.entries.servedCountIn('other')).toBe(1);
    expect(table.entries.torrentCount).toBe(2);
    expect(table.purge(NOW_MS + LIVES.softMs + 1, 10)).toBe(4);
    expect(table.entries.torrentCount).toBe(0);
    expect(table.entries.servedCountIn('default')).toBe(0);
  });

  it('does not serve an entry past its time, even before a purge has met it', () => {
    const { table } = watchedTable();
    table.apply(entryRecord({ torrent: 1, peer: 1, serveMs: 500 }), NOW_MS);
    const sample = (nowMs: number): number =>
      table.entries.sample({
        ...torrent(1),
        count: 9,
        nowMs,
        random: new SeededRandom(1),
        isCompleteFirst: true,
        accept: () => true,
      }).length;
    expect(sample(NOW_MS + 499)).toBe(1);
    expect(sample(NOW_MS + 500)).toBe(0);
    expect(table.entries.entry(torrent(1), peerIdOf(1), NOW_MS + 499)).toMatchObject({ isComplete: false });
    expect(table.entries.entry(torrent(1), peerIdOf(1), NOW_MS + 500)).toBeUndefined();
    expect([...table.entries.entriesOfPeer(peerIdOf(1), NOW_MS + 500)]).toEqual([]);
    expect(table.apply(entryRecord({ torrent: 1, peer: 2, atMs: -10_000, serveMs: 500 }), NOW_MS)).toBe('applied');
    expect(table.entries.torrent(torrent(1))).toMatchObject({ leechCount: 1, entryCount: 2 });
  });

  it('samples each peer at most once, complete ones first, and only those the caller accepts', () => {
    const { table } = watchedTable(60);
    for (let peer = 0; peer < 60; peer += 1) {
      table.apply(entryRecord({ torrent: 2, peer, isComplete: peer < 10, isDead: peer >= 50 }), NOW_MS);
    }
    const request = { ...torrent(2), nowMs: NOW_MS, random: new SeededRandom(3), isCompleteFirst: true };
    const all = table.entries.sample({ ...request, count: 100, accept: () => true });
    expect(new Set(all.map(({ peer }) => peer.id)).size).toBe(50);
    expect(all.map(({ isComplete }) => isComplete)).toEqual(Array.from({ length: 50 }, (_, at) => at < 10));
    const some = table.entries.sample({ ...request, count: 100, accept: ({ id }) => id < '8' });
    expect(some.map(({ peer }) => peer.id).sort()).toEqual(
      Array.from({ length: 50 }, (_, peer) => hexOf(peer))
        .filter((peer) => peer < '8')
        .sort(),
    );
    expect(table.entries.sample({ ...request, count: 0, accept: () => true })).toEqual([]);
    expect(table.entries.sample({ ...request, ...torrent(3), count: 5, accept: () => true })).toEqual([]);
    expect(table.entries.sample({ ...request, namespace: 'no', count: 5, accept: () => true })).toEqual([]);
  });

  it('gives every peer of a large torrent the same chance, with few looks', () => {
    const { table } = watchedTable(5_000);
    for (let peer = 0; peer < 5_000; peer += 1) table.apply(entryRecord({ torrent: 2, peer }), NOW_MS);
    const seen = new Map<string, number>();
    let looks = 0;
    const random = new SeededRandom(4);
    const request = { ...torrent(2), count: 50, nowMs: NOW_MS, random, isCompleteFirst: false };
    for (let round = 0; round < 1_000; round += 1) {
      for (const { peer } of table.entries.sample({ ...request, accept: () => true })) {
        seen.set(peer.id, (seen.get(peer.id) ?? 0) + 1);
      }
    }
    // 10 times each on average: with a fair draw, no peer of 5,000 is met 0 or more than 30 times but once in 5 tables.
    expect(seen.size).toBeGreaterThan(4_990);
    expect(Math.max(...seen.values())).toBeLessThan(35);
    table.entries.sample({ ...request, accept: () => (looks += 1) < 0 });
    expect(looks).toBe(256);
  });

  it('tells what changed for readers, and nothing of a refresh', () => {
    const { table, changes } = watchedTable();
    table.apply(entryRecord({ torrent: 2, peer: 1 }), NOW_MS);
    table.apply(entryRecord({ torrent: 2, peer: 1, atMs: 1 }), NOW_MS);
    table.apply(entryRecord({ torrent: 2, peer: 1, atMs: 2, isComplete: true }), NOW_MS);
    table.apply(entryRecord({ torrent: 2, peer: 1, atMs: 3, isDead: true }), NOW_MS);
    table.apply(entryRecord({ torrent: 2, peer: 1, atMs: 4, isComplete: true, serveMs: 100 }), NOW_MS);
    table.purge(NOW_MS + 103, 10);
    table.purge(NOW_MS + 104, 10);
    table.purge(NOW_MS + LIVES.softMs + 4, 10);
    const [complete, incomplete] = [{ isComplete: true }, { isComplete: false }];
    const about = { kind: 'entry', namespace: 'default', torrent: contentIdOf(2).toString('hex'), peer: hexOf(1) };
    expect(changes).toEqual([
      { ...about, before: undefined, after: incomplete },
      { ...about, before: incomplete, after: complete },
      { ...about, before: complete, after: undefined },
      { ...about, before: undefined, after: complete },
      { ...about, before: complete, after: undefined },
    ]);
    expect(table.recordCount).toBe(0);
  });

  it('serves the entries of a peer that lives, as far as they are of its present life', () => {
    const { table, changes } = watchedTable(0);
    const floorAt = (ms: number): void =>
      table.setPeerFloor(hexOf(1), entryRecord({ torrent: 1, peer: 1, atMs: ms }).clock);
    const served = (): number => table.entries.servedCount;
    table.apply(entryRecord({ torrent: 1, peer: 1, atMs: 1 }), NOW_MS);
    table.apply(entryRecord({ torrent: 2, peer: 1, atMs: 2, isComplete: true }), NOW_MS);
    expect(served()).toBe(0);
    floorAt(2);
    expect(served()).toBe(1);
    expect(table.entries.torrent(torrent(2))).toEqual({ seedCount: 1, leechCount: 0, entryCount: 1 });
    expect(table.entries.entry(torrent(1), peerIdOf(1), NOW_MS)).toBeUndefined();
    table.apply(entryRecord({ torrent: 1, peer: 1, atMs: 3 }), NOW_MS);
    expect(served()).toBe(2);
    table.setPeerFloor(hexOf(1), Number.POSITIVE_INFINITY);
    expect(served()).toBe(0);
    expect([...table.entries.entriesOfPeer(peerIdOf(1), NOW_MS)]).toEqual([]);
    expect(changes).toHaveLength(4);
    table.purge(NOW_MS + 30_002, 10);
    floorAt(0);
    // Hidden meanwhile, it ended unseen: only the one that has a millisecond left comes back.
    expect(served()).toBe(1);
    expect(table.recordCount).toBe(2);
  });

  it('tells of the other kinds with both versions, and again when their time is over', () => {
    const { table, changes } = watchedTable();
    const key = encodeRecordKey({ kind: 'peer', peerId: peerIdOf(1) });
    const record = { ...entryRecord({ torrent: 1, peer: 1 }), key, slot: EVERYWHERE, value: Buffer.from('here') };
    const moved = { ...record, clock: record.clock + 1, value: Buffer.from('there') };
    table.apply(record, NOW_MS);
    table.apply(moved, NOW_MS);
    table.purge(moved.serveUntilMs - 1, 10);
    table.purge(moved.serveUntilMs, 10);
    const about = { kind: 'record', key: { kind: 'peer', peerId: peerIdOf(1) } };
    expect(changes).toEqual([
      { ...about, before: undefined, after: record },
      { ...about, before: record, after: moved },
      { ...about, before: moved, after: undefined },
    ]);
    expect(table.get(key, EVERYWHERE)).toEqual(moved);
  });

  it('knows the entries of a peer', () => {
    const { table } = watchedTable();
    for (const number of [1, 2, 3]) {
      table.apply(entryRecord({ torrent: number, peer: 1, isComplete: number === 2 }), NOW_MS);
      table.apply(entryRecord({ torrent: number, peer: 2 }), NOW_MS);
    }
    table.apply(entryRecord({ torrent: 3, peer: 1, atMs: 1, isDead: true }), NOW_MS);
    expect(
      [...table.entries.entriesOfPeer(peerIdOf(1), NOW_MS)].sort((a, b) => Number(a.isComplete) - Number(b.isComplete)),
    ).toEqual([
      { namespace: 'default', torrent: contentIdOf(1).toString('hex'), isComplete: false },
      { namespace: 'default', torrent: contentIdOf(2).toString('hex'), isComplete: true },
    ]);
    expect(table.entries.servedCountOf(peerIdOf(1))).toBe(2);
  });

  it('lists every torrent', () => {
    const { table } = watchedTable();
    const expected: string[] = [];
    for (let number = 0; number < 50; number += 1) {
      table.apply(entryRecord({ torrent: number, peer: 1, namespace: number % 2 === 0 ? 'a' : 'b' }), NOW_MS);
      if (number % 5 !== 0) expected.push(contentIdOf(number).toString('hex'));
      else table.dropSlot(slotOfTorrent(torrent(number, number % 2 === 0 ? 'a' : 'b')));
    }
    expect([...table.entries.torrents()].map((one) => one.torrent).sort()).toEqual(expected.sort());
  });

  it('keeps its place in a slot by the key, whatever slot it is told', () => {
    const { table } = watchedTable();
    const record = entryRecord({ torrent: 1, peer: 1 });
    expect(table.apply({ ...record, slot: (record.slot + 1) % 16_384 }, NOW_MS)).toBe('applied');
    expect(table.recordCountIn(record.slot)).toBe(1);
    expect(table.get(record.key, record.slot)).toEqual(record);
  });
});
