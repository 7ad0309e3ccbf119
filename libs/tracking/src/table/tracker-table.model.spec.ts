import { type ClusterRecord, compareRecords, DigestTree, isServed, purgeAtMs, SLOT_COUNT } from '@panal/cluster';
import { SeededRandom } from '@panal/runtime';
import fc from 'fast-check';
import { slotOfTorrent } from './record-key.js';
import { contentIdOf, type EntryDraft, entryRecord, LIVES, NOW_MS, peerIdOf, watchedTable } from './table.fixture.js';
import type { TableChange } from './table-change.js';
import type { TrackerTable } from './tracker-table.js';

const NAMESPACES = ['a', 'b', 'default'];
const TORRENTS = 12;
const PEERS = 8;

type Step =
  | ({ readonly kind: 'apply' } & Required<Omit<EntryDraft, 'namespace'>> & { readonly namespace: string })
  | { readonly kind: 'purge'; readonly byMs: number; readonly limit: number }
  | { readonly kind: 'dropPeer'; readonly peer: number }
  | { readonly kind: 'floor'; readonly peer: number; readonly inMs: number }
  | { readonly kind: 'dropSlot'; readonly namespace: string; readonly torrent: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('apply' as const),
      namespace: fc.constantFrom(...NAMESPACES),
      torrent: fc.nat(TORRENTS - 1),
      peer: fc.nat(PEERS - 1),
      atMs: fc.integer({ min: -70_000, max: 5_000 }),
      isDead: fc.boolean(),
      isComplete: fc.boolean(),
      serveMs: fc.nat(50_000),
      origin: fc.constantFrom(1, 2, 0xffff_ffff_ffff),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('purge' as const), byMs: fc.nat(20_000), limit: fc.nat(20) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('floor' as const),
      peer: fc.nat(PEERS - 1),
      inMs: fc.constantFrom(-1_000_000_000, -70_000, -10_000, 0, Number.POSITIVE_INFINITY),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dropPeer' as const), peer: fc.nat(PEERS - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('dropSlot' as const),
      namespace: fc.constantFrom(...NAMESPACES),
      torrent: fc.nat(TORRENTS - 1),
    }),
  },
);

/** The same as plain maps: records by key; and what watchers were told, as the entries that are served. */
class Model {
  readonly records = new Map<string, { readonly record: ClusterRecord; readonly draft: EntryDraft }>();
  readonly told = new Map<string, boolean>();
  /** Since when each peer lives, as a stamp. */
  readonly floors = new Map<number, number>();
  nowMs = NOW_MS;

  isServed({ record, draft }: { readonly record: ClusterRecord; readonly draft: EntryDraft }): boolean {
    return isServed(record, this.nowMs) && record.clock >= (this.floors.get(draft.peer) ?? Number.POSITIVE_INFINITY);
  }

  follow(change: TableChange): void {
    if (change.kind !== 'entry') return;
    const key = `${change.namespace} ${change.torrent} ${change.peer}`;
    expect(this.told.get(key)).toBe(change.before?.isComplete);
    if (change.after === undefined) this.told.delete(key);
    else this.told.set(key, change.after.isComplete);
  }

  do(one: Step, table: TrackerTable): void {
    if (one.kind === 'apply') {
      const record = entryRecord({ ...one, atMs: this.nowMs - NOW_MS + one.atMs });
      const former = this.records.get(record.key.toString('hex'))?.record;
      const isNewer = former === undefined || compareRecords(record, former) > 0;
      const expected = !isNewer ? 'stale' : purgeAtMs(record, LIVES) <= this.nowMs ? 'expired' : 'applied';
      expect(table.apply(record, this.nowMs)).toBe(expected);
      if (expected === 'applied') this.records.set(record.key.toString('hex'), { record, draft: one });
    } else if (one.kind === 'purge') {
      this.nowMs += one.byMs;
      expect(table.purge(this.nowMs, one.limit)).toBeLessThanOrEqual(one.limit);
      while (table.purge(this.nowMs, 1_000) > 0);
      this.#forget(({ record }) => purgeAtMs(record, LIVES) <= this.nowMs);
    } else if (one.kind === 'floor') {
      const floor = (this.nowMs + one.inMs) * 4_096;
      table.setPeerFloor(peerIdOf(one.peer).toString('hex'), floor);
      this.floors.set(one.peer, floor);
    } else if (one.kind === 'dropPeer') {
      expect(table.dropPeer(peerIdOf(one.peer))).toBe(this.#forget(({ draft }) => draft.peer === one.peer));
    } else {
      const slot = slotOfTorrent({ namespace: one.namespace, hash: contentIdOf(one.torrent) });
      expect(table.dropSlot(slot)).toBe(this.#forget(({ record }) => record.slot === slot));
    }
  }

  #forget(isOver: (held: { record: ClusterRecord; draft: EntryDraft }) => boolean): number {
    const over = [...this.records].filter(([, held]) => isOver(held));
    for (const [key] of over) this.records.delete(key);
    return over.length;
  }
}

describe('TrackerTable beside a map', () => {
  it('holds, counts, samples and digests the same, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.nat(), (steps, seed) => {
        const { table } = watchedTable(0);
        const model = new Model();
        table.watch((change) => model.follow(change));
        for (let peer = 0; peer < PEERS; peer += 1) model.do({ kind: 'floor', peer, inMs: -1_000_000_000 }, table);
        for (const one of steps) model.do(one, table);
        // Entries that are past their time are counted until a purge has met them.
        table.purge(model.nowMs, 1);
        expectSameRecords(table, model);
        expectSameTorrents(table, model, new SeededRandom(seed));
      }),
      { numRuns: 100 },
    );
  });
});

function expectSameRecords(table: TrackerTable, model: Model): void {
  const recount = new DigestTree(table.digests.seed);
  expect(table.recordCount).toBe(model.records.size);
  const slots = new Set<number>();
  for (const { record } of model.records.values()) {
    expect(table.get(record.key, record.slot)).toEqual(record);
    recount.add(record.slot, recount.keyHash(record.key), record);
    slots.add(record.slot);
  }
  for (let slot = 0; slot <= SLOT_COUNT; slot += 1) {
    if (recount.countOf(slot) !== table.digests.countOf(slot)) throw new Error(`the count of slot ${slot} differs`);
  }
  for (const slot of slots) {
    expect(table.digests.slot(slot)).toEqual(recount.slot(slot));
    const held = [...table.records(slot)].map(({ key }) => key.toString('hex')).sort();
    const expected = [...model.records].filter(([, { record }]) => record.slot === slot).map(([key]) => key);
    expect(held).toEqual(expected.sort());
    const leaves = Array.from({ length: 16 }, (_, leaf) => [...table.records(slot, leaf)].length);
    expect(leaves).toEqual(Array.from({ length: 16 }, (_, leaf) => table.digests.leaf(slot, leaf).count));
  }
}

function expectSameTorrents(table: TrackerTable, model: Model, random: SeededRandom): void {
  const served = [...model.records.values()].filter((held) => model.isServed(held));
  expect(model.told.size).toBe(served.length);
  for (const namespace of NAMESPACES) {
    expect(table.entries.servedCountIn(namespace)).toBe(
      served.filter(({ draft }) => draft.namespace === namespace).length,
    );
    for (let torrent = 0; torrent < TORRENTS; torrent += 1) {
      const isOf = ({ draft }: { draft: EntryDraft }): boolean =>
        draft.namespace === namespace && draft.torrent === torrent;
      const mine = served.filter(isOf);
      const seedCount = mine.filter(({ record }) => record.value[0] === 1).length;
      const ref = { namespace, hash: contentIdOf(torrent) };
      expect(table.entries.torrent(ref)).toEqual({
        seedCount,
        leechCount: mine.length - seedCount,
        entryCount: [...model.records.values()].filter(isOf).length,
      });
      const isCompleteFirst = random.below(2) === 0;
      const found = table.entries.sample({
        ...ref,
        count: PEERS,
        nowMs: model.nowMs,
        random,
        isCompleteFirst,
        accept: () => true,
      });
      expect(found.map(({ peer, isComplete }) => `${peer} ${isComplete}`).sort()).toEqual(
        mine.map(({ record, draft }) => `${peerIdOf(draft.peer).toString('hex')} ${record.value[0] === 1}`).sort(),
      );
      if (isCompleteFirst)
        expect(found.findIndex(({ isComplete }) => !isComplete)).toBe(mine.length === seedCount ? -1 : seedCount);
    }
  }
  for (let peer = 0; peer < PEERS; peer += 1) {
    const mine = served.filter(({ draft }) => draft.peer === peer);
    expect(table.entries.servedCountOf(peerIdOf(peer))).toBe(mine.length);
    expect([...table.entries.entriesOfPeer(peerIdOf(peer), model.nowMs)]).toHaveLength(mine.length);
  }
}
