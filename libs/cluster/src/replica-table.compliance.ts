import { SeededRandom } from '@panal/runtime';
import { EVERYWHERE } from './placement/slot.js';
import {
  type ClusterRecord,
  compareRecords,
  mergeRecords,
  purgeAtMs,
  type RecordClass,
  type RecordLifetimes,
} from './record.js';
import type { ReplicaTable } from './replica-table.js';
import { type DigestSeed, DigestTree, leafOf } from './replication/digest-tree.js';

const STAMP_PER_MS = 4096;
const NOW_MS = 1_700_000_000_000;
const LIVES: RecordLifetimes = { softMs: 60_000, durableTombstoneMs: 600_000 };
const SEED: DigestSeed = { high: 0x1234_5678, low: 0x9abc_def0 };

interface ReplicaTableMaking {
  readonly seed: DigestSeed;
  readonly lives: RecordLifetimes;
}

export interface ReplicaTableSuite {
  /** An empty table. */
  readonly makeTable: (making: ReplicaTableMaking) => ReplicaTable;
  /** A key of its own for each pair of numbers, of a kind the table takes; in EVERYWHERE too. `index` is 0 to 999. */
  readonly makeKey: (index: number, slot: number, recordClass: RecordClass) => Buffer;
  /** The values a key of the class can have, if not any bytes. */
  readonly makeValue?: (index: number, recordClass: RecordClass) => Buffer;
  /** Two slots, of which `makeKey` makes keys. Default 7 and 9: any. */
  readonly slots?: readonly [number, number];
}

/** What every `ReplicaTable` promises. */
export function describeReplicaTable(name: string, suite: ReplicaTableSuite): void {
  const [slotA, slotB] = suite.slots ?? [7, 9];
  const make = (): ReplicaTable => suite.makeTable({ seed: SEED, lives: LIVES });

  const record = (index: number, ageMs: number, rest: Partial<ClusterRecord> = {}): ClusterRecord => {
    const recordClass = rest.recordClass ?? 'soft';
    const slot = rest.slot ?? slotA;
    const isDead = rest.isDead ?? false;
    const value = isDead ? Buffer.alloc(0) : (suite.makeValue?.(index, recordClass) ?? Buffer.from(`value ${index}`));
    return {
      key: suite.makeKey(index, slot, recordClass),
      slot,
      recordClass,
      clock: (NOW_MS - ageMs) * STAMP_PER_MS,
      origin: 1,
      isDead,
      serveUntilMs: isDead ? 0 : recordClass === 'soft' ? NOW_MS + 30_000 : Number.POSITIVE_INFINITY,
      value,
      ...rest,
    };
  };

  describe(`${name} as a ReplicaTable`, () => {
    it('reads back what was applied, each key and slot on its own', () => {
      const table = make();
      const records = [
        record(1, 5),
        record(2, 4),
        record(1, 3, { slot: slotB }),
        record(3, 2, { slot: EVERYWHERE }),
        record(4, 1, { recordClass: 'durable' }),
      ];
      for (const one of records) expect(table.apply(one, NOW_MS)).toBe('applied');
      expect(table.recordCount).toBe(5);
      for (const one of records) expect(table.get(one.key, one.slot)).toEqual(one);
      expect(table.get(suite.makeKey(9, slotA, 'soft'), slotA)).toBeUndefined();
      expect(keysOf(table.records(slotA))).toEqual(
        keysOf([record(1, 5), record(2, 4), record(4, 1, { recordClass: 'durable' })]),
      );
      expect(table.recordCountIn(slotA)).toBe(3);
      expect(table.recordCountIn(EVERYWHERE)).toBe(1);
      expect(table.recordCountIn(slotA + 1)).toBe(0);
    });

    it('keeps the newer of two versions, in whatever order they come, and says which', () => {
      const table = make();
      expect(table.apply(record(1, 5), NOW_MS)).toBe('applied');
      expect(table.apply(record(1, 9), NOW_MS)).toBe('stale');
      expect(table.apply(record(1, 5), NOW_MS)).toBe('stale');
      expect(table.apply(record(1, 2), NOW_MS)).toBe('applied');
      expect(table.get(record(1, 2).key, slotA)?.clock).toBe(record(1, 2).clock);
      expect(table.recordCount).toBe(1);
    });

    it('decides between equal stamps by tracker, then death', () => {
      const table = make();
      table.apply(record(1, 5, { origin: 2 }), NOW_MS);
      expect(table.apply(record(1, 5, { origin: 1, isDead: true }), NOW_MS)).toBe('stale');
      expect(table.apply(record(1, 5, { origin: 2, isDead: true }), NOW_MS)).toBe('applied');
      expect(table.apply(record(1, 5, { origin: 2 }), NOW_MS)).toBe('stale');
      expect(table.get(record(1, 5).key, slotA)).toEqual(record(1, 5, { origin: 2, isDead: true }));
    });

    it('keeps a tombstone like any record, and nothing older than it', () => {
      const table = make();
      table.apply(record(1, 5), NOW_MS);
      expect(table.apply(record(1, 4, { isDead: true }), NOW_MS)).toBe('applied');
      expect(table.apply(record(1, 5), NOW_MS)).toBe('stale');
      expect(table.recordCount).toBe(1);
      expect(table.get(record(1, 5).key, slotA)).toMatchObject({ isDead: true, serveUntilMs: 0 });
      expect(table.apply(record(1, 3), NOW_MS)).toBe('applied');
      expect(table.get(record(1, 5).key, slotA)?.isDead).toBe(false);
    });

    it('does not take a record whose time is over, however long it says it is served', () => {
      const table = make();
      const over = record(1, LIVES.softMs, { serveUntilMs: NOW_MS + 1_000_000 });
      expect(table.apply(over, NOW_MS)).toBe('expired');
      expect(table.apply(over, NOW_MS - 1)).toBe('applied');
      expect(table.apply(record(2, LIVES.softMs, { recordClass: 'durable' }), NOW_MS)).toBe('applied');
      expect(table.apply(record(3, LIVES.durableTombstoneMs, { recordClass: 'durable', isDead: true }), NOW_MS)).toBe(
        'expired',
      );
    });

    it('keeps what is no longer served until it is purged', () => {
      const table = make();
      table.apply(record(1, 0, { serveUntilMs: NOW_MS + 1 }), NOW_MS);
      expect(table.purge(NOW_MS + 10, 100)).toBe(0);
      expect(table.recordCount).toBe(1);
    });

    it('purges what is over, by the stamp alone, and no more than asked at once', () => {
      const table = make();
      for (let index = 0; index < 10; index += 1) table.apply(record(index, 10 - index), NOW_MS);
      table.apply(record(20, 10, { recordClass: 'durable' }), NOW_MS);
      table.apply(record(21, 10, { recordClass: 'durable', isDead: true }), NOW_MS);
      expect(table.purge(NOW_MS + LIVES.softMs - 11, 100)).toBe(0);
      expect(table.purge(NOW_MS + LIVES.softMs - 6, 3)).toBe(3);
      expect(table.purge(NOW_MS + LIVES.softMs - 6, 100)).toBe(2);
      expect(table.purge(NOW_MS + LIVES.softMs - 6, 100)).toBe(0);
      expect(table.purge(NOW_MS + LIVES.softMs, 100)).toBe(5);
      expect(table.purge(NOW_MS + LIVES.durableTombstoneMs, 100)).toBe(1);
      expect(table.recordCount).toBe(1);
      expect(table.digests.countOf(slotA)).toBe(1);
    });

    it('does not purge a record that was refreshed', () => {
      const table = make();
      table.apply(record(1, 5_000), NOW_MS);
      table.apply(record(1, 0), NOW_MS);
      expect(table.purge(NOW_MS + LIVES.softMs - 1, 100)).toBe(0);
      expect(table.purge(NOW_MS + LIVES.softMs, 100)).toBe(1);
    });

    it('forgets a slot, and takes it again', () => {
      const table = make();
      for (let index = 0; index < 20; index += 1) {
        table.apply(record(index, 5), NOW_MS);
        table.apply(record(index, 5, { slot: slotB }), NOW_MS);
      }
      expect(table.dropSlot(slotA, 0)).toBe(0);
      expect(table.dropSlot(slotA, 7)).toBe(7);
      expect(table.recordCountIn(slotA)).toBe(13);
      expect([...table.records(slotA)]).toHaveLength(13);
      expect(table.digests.countOf(slotA)).toBe(13);
      expect(table.dropSlot(slotA)).toBe(13);
      expect(table.dropSlot(slotA)).toBe(0);
      expect(table.recordCountIn(slotA)).toBe(0);
      expect([...table.records(slotA)]).toEqual([]);
      expect(table.digests.slot(slotA)).toEqual({ count: 0, high: 0, low: 0 });
      expect(table.recordCount).toBe(20);
      expect(table.apply(record(3, 9), NOW_MS)).toBe('applied');
      expect(table.recordCountIn(slotA)).toBe(1);
    });

    it('copies what it keeps: the buffers it was given may be reused', () => {
      const table = make();
      const original = record(1, 5);
      const borrowed = { ...original, key: Buffer.from(original.key), value: Buffer.from(original.value) };
      table.apply(borrowed, NOW_MS);
      borrowed.key.fill(0);
      borrowed.value.fill(0);
      expect(table.get(original.key, slotA)).toEqual(original);
    });

    it('finds the records of one leaf', () => {
      const table = make();
      for (let index = 0; index < 200; index += 1) table.apply(record(index, 5, { slot: EVERYWHERE }), NOW_MS);
      const leaves = new Map<number, string[]>();
      for (const one of table.records(EVERYWHERE)) {
        const leaf = leafOf(EVERYWHERE, table.digests.keyHash(one.key));
        leaves.set(leaf, [...(leaves.get(leaf) ?? []), one.key.toString('hex')]);
      }
      for (const [leaf, keys] of leaves) expect(keysOf(table.records(EVERYWHERE, leaf))).toEqual(keys.sort());
      const empty = [...Array(1024).keys()].find((leaf) => !leaves.has(leaf)) ?? 0;
      expect([...table.records(EVERYWHERE, empty)]).toEqual([]);
    });

    const seed = Number(process.env['SEED'] ?? 20_261_122);
    it(`ends as the greatest version of every key, with digests as if counted anew (SEED=${seed})`, () => {
      const random = new SeededRandom(seed);
      const table = make();
      const model = new Map<string, ClusterRecord>();
      let nowMs = NOW_MS;
      for (let step = 0; step < 5_000; step += 1) {
        const choice = random.below(100);
        if (choice < 90) {
          const one = anyRecord(random, nowMs);
          const key = `${one.slot} ${one.key.toString('hex')}`;
          const former = model.get(key);
          const isNew = former === undefined || compareRecords(one, former) > 0;
          const result = table.apply(one, nowMs);
          expect(result).toBe(!isNew ? 'stale' : purgeAtMs(one, LIVES) <= nowMs ? 'expired' : 'applied');
          if (result === 'applied') model.set(key, former === undefined ? one : mergeRecords(one, former));
        } else if (choice < 97) {
          nowMs += random.below(5_000);
          while (table.purge(nowMs, 7) > 0);
          for (const [key, one] of model) if (purgeAtMs(one, LIVES) <= nowMs) model.delete(key);
        } else if (choice === 97) {
          const slot = [slotA, slotB, EVERYWHERE][random.below(3)] ?? slotA;
          table.dropSlot(slot);
          for (const [key, one] of model) if (one.slot === slot) model.delete(key);
        }
      }
      expectSame(table, [...model.values()]);
    });

    function anyRecord(random: SeededRandom, nowMs: number): ClusterRecord {
      const recordClass = random.below(4) === 0 ? 'durable' : 'soft';
      return record(random.below(300), NOW_MS - nowMs + random.below(LIVES.softMs + 5_000), {
        recordClass,
        slot: [slotA, slotB, EVERYWHERE][random.below(3)] ?? slotA,
        origin: random.below(3),
        isDead: random.below(4) === 0,
      });
    }

    function expectSame(table: ReplicaTable, expected: readonly ClusterRecord[]): void {
      const recount = new DigestTree(SEED);
      for (const one of expected) {
        recount.add(one.slot, recount.keyHash(one.key), one);
        expect(table.get(one.key, one.slot)).toEqual(one);
      }
      expect(table.recordCount).toBe(expected.length);
      for (const slot of [slotA, slotB, EVERYWHERE]) {
        expect(table.digests.slot(slot)).toEqual(recount.slot(slot));
        expect(keysOf(table.records(slot))).toEqual(keysOf(expected.filter((one) => one.slot === slot)));
      }
    }
  });
}

function keysOf(records: Iterable<ClusterRecord>): readonly string[] {
  return [...records].map(({ key }) => key.toString('hex')).sort();
}
