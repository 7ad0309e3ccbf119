import fc from 'fast-check';
import { EVERYWHERE } from '../placement/slot.js';
import type { ClusterRecord } from '../record.js';
import { ReplicationBench } from './bench.fixture.js';
import type { Digest } from './digest-tree.js';
import { trackerId } from './fixed-view.fixture.js';
import { LIST_LOOKS_MAX } from './limits.js';
import type { ReplicationMessage } from './replication-message.js';
import { decodeVersions } from './version-list.js';

const [t1, t2, t3] = [1, 2, 3].map(trackerId) as [string, string, string];

/** Two that own everything, in sync, each with what was put into its table behind its back. */
function apart(
  one: (bench: ReplicationBench) => readonly ClusterRecord[],
  other: (bench: ReplicationBench) => readonly ClusterRecord[],
) {
  const bench = new ReplicationBench(2);
  for (const id of [t1, t2]) bench.node(Number(id)).allowAlone();
  for (const record of one(bench)) bench.table(1).apply(record, bench.clock.nowMs());
  for (const record of other(bench)) bench.table(2).apply(record, bench.clock.nowMs());
  return bench;
}

function isEqual(bench: ReplicationBench, slots: readonly number[]): boolean {
  return slots.every((slot) => bench.table(2).digests.isEqual(slot, bench.table(1).digests.slot(slot)));
}

function bytesOf(message: ReplicationMessage): number {
  return Object.values(message).reduce(
    (sum: number, value: unknown) => sum + (Buffer.isBuffer(value) ? value.length : 0),
    0,
  );
}

describe('comparing two copies', () => {
  it('makes any two equal in one round, whatever each has of keys, versions and tombstones', () => {
    const version = fc.record({
      key: fc.integer({ min: 0, max: 30 }),
      slot: fc.constantFrom(0, 1, EVERYWHERE),
      ageMs: fc.integer({ min: 0, max: 5 }),
      isDead: fc.boolean(),
    });
    const build =
      (versions: readonly (typeof version extends fc.Arbitrary<infer One> ? One : never)[]) =>
      (bench: ReplicationBench) =>
        versions.map(({ key, slot, ageMs, isDead }) =>
          bench.record(`key ${key}`, slot, {
            clock: (bench.clock.nowMs() - ageMs) * 4096,
            isDead,
            ...(isDead ? { serveUntilMs: 0, value: Buffer.alloc(0) } : {}),
          }),
        );
    fc.assert(
      fc.property(fc.array(version), fc.array(version), (some, others) => {
        const bench = apart(build(some), build(others));
        for (let at = 0; at < 3; at += 1) {
          bench.tick(2_000);
          bench.deliver();
        }
        expect(isEqual(bench, [0, 1, EVERYWHERE])).toBe(true);
        expect(bench.node(1).transferCount + bench.node(2).transferCount).toBe(0);
      }),
      { numRuns: 8 },
    );
  });

  it('lists the versions of a very large slot over several ticks, and claims only what was there when it was asked', () => {
    const SLOT = 3;
    const PER_COPY = 3 * LIST_LOOKS_MAX;
    const stamp = 1_700_000_000_000 * 4096;
    const many = (bench: ReplicationBench): ClusterRecord[] =>
      Array.from({ length: PER_COPY }, (_, at) => bench.record(`key ${at}`, SLOT, { clock: stamp + at }));
    const bench = apart(
      (one) => [...many(one), one.record('only one', SLOT)],
      (other) => [...many(other), ...Array.from({ length: 64 }, (_, at) => other.record(`only other ${at}`, SLOT))],
    );
    const claimed: Digest[] = [];
    const listed: number[] = [];
    let whenAsked: Digest | undefined;
    for (let at = 0; at < 40; at += 1) {
      bench.tick(at === 0 ? 2_000 : 25);
      let count = 0;
      bench.deliver((from, to, message) => {
        if (from === t1 && message.kind === 'leaves') whenAsked ??= bench.table(2).digests.slot(SLOT);
        if (from !== t2 || to !== t1 || message.kind !== 'versions') return true;
        const { lists, ends } = decodeVersions(message.lists);
        count += lists.reduce((sum, { versions }) => sum + versions.length, 0);
        claimed.push(...ends.filter(({ slot }) => slot === SLOT).map(({ digest }) => digest));
        return true;
      });
      if (count > 0) listed.push(count);
      // Something new comes with every tick while lists are made.
      if (at < 3) bench.table(2).apply(bench.record(`late ${at}`, SLOT), bench.clock.nowMs());
    }
    const leafCount = Math.max(
      ...Array.from({ length: 16 }, (_, leaf) => bench.table(2).digests.leaf(SLOT, leaf).count),
    );
    expect(listed.length).toBeGreaterThan(2);
    expect(Math.max(...listed)).toBeLessThanOrEqual(LIST_LOOKS_MAX + leafCount);
    expect(whenAsked).toBeDefined();
    expect(claimed[0]).toEqual(whenAsked);
    for (let at = 0; at < 40; at += 1) {
      bench.tick(100);
      bench.deliver();
    }
    expect(isEqual(bench, [SLOT])).toBe(true);
    expect(bench.node(1).transferCount + bench.node(2).transferCount).toBe(0);
  });

  it('costs little when nothing differs, and little more when one record does', () => {
    const many = (bench: ReplicationBench): ClusterRecord[] =>
      Array.from({ length: 2_000 }, (_, at) =>
        bench.record(`key ${at}`, at % 50, { clock: 1_700_000_000_000 * 4096 + at }),
      );
    const bench = apart(many, many);
    const cost = (): { bytes: number; records: number } => {
      const before = bench.node(1).counters.recordsPushed + bench.node(2).counters.recordsPushed;
      let bytes = 0;
      bench.tick(2_000);
      bench.deliver((_from, _to, message) => {
        bytes += bytesOf(message);
        return true;
      });
      return { bytes, records: bench.node(1).counters.recordsPushed + bench.node(2).counters.recordsPushed - before };
    };
    for (let at = 0; at < 10; at += 1) {
      bench.tick(100);
      bench.deliver();
    }
    expect(cost()).toEqual({ bytes: 2 * (4 + 257 * 22), records: 0 });
    bench.table(1).apply(bench.record('key 7', 7), bench.clock.nowMs());
    const one = cost();
    // Twice, since each of the two compares for itself at the same time.
    expect(one.records).toBe(2);
    expect(one.bytes).toBeLessThan(2 * (4 + 257 * 22) + 5_000);
    expect(isEqual(bench, [7])).toBe(true);
  });

  it('does not take a message for an answer to another exchange', () => {
    const bench = apart(
      (one) => [one.record('a', 5), one.record('b', 5)],
      (one) => [one.record('c', 5)],
    );
    bench.tick(2_000);
    bench.deliver((_from, _to, { kind }) => kind !== 'push');
    expect(bench.node(1).transferCount + bench.node(2).transferCount).toBeGreaterThan(0);
    for (let at = 0; at < 8; at += 1) bench.tick(1_000);
    bench.deliver();
    expect(isEqual(bench, [5])).toBe(true);
  });

  it('leaves out what is about to be forgotten', () => {
    const bench = apart(
      (one) => [one.record('old', 5, { clock: (one.clock.nowMs() - 45 * 60_000 + 3_500) * 4096 })],
      () => [],
    );
    bench.table(2).apply(bench.record('other', 5), bench.clock.nowMs());
    bench.tick(2_000);
    bench.deliver();
    expect(bench.table(2).recordCount).toBe(1);
  });

  it('holds back what it sends to the rate it is given', () => {
    const value = Buffer.alloc(10_000);
    const bench = new ReplicationBench(2, { transferBytesPerSecond: 100_000 }, 1);
    bench.node(1).allowAlone();
    for (let at = 0; at < 100; at += 1) {
      bench.table(1).apply(bench.record(`key ${at}`, at, { value }), bench.clock.nowMs());
    }
    bench.add(t2, { transferBytesPerSecond: 100_000 });
    for (let at = 0; at < 40; at += 1) {
      bench.tick(100);
      bench.deliver();
    }
    const sent = bench.table(2).recordCount;
    expect(sent).toBeGreaterThan(30);
    expect(sent).toBeLessThan(60);
    for (let at = 0; at < 100; at += 1) {
      bench.tick(100);
      bench.deliver();
    }
    expect(bench.table(2).recordCount).toBe(100);
  });

  it('counts a message that makes no sense, says so, and goes on', () => {
    const bench = new ReplicationBench(2);
    bench.step(t1, { kind: 'message', from: t2, message: { kind: 'leaves', leaves: Buffer.from([1, 2, 3]) } });
    expect(bench.node(1).counters.messagesInvalid).toBe(1);
    expect(bench.effects.at(-1)).toMatchObject({ kind: 'log', level: 'warn', fields: { kind: 'leaves' } });
  });
});

describe('an unsynced tracker', () => {
  it('believes one synced owner, and not one that is as ignorant', () => {
    const bench = new ReplicationBench(3);
    const record = bench.record('key', 4);
    bench.table(3).apply(record, bench.clock.nowMs());
    expect(bench.node(1).states.isSynced(4)).toBe(false);
    bench.tick(100);
    bench.deliver((from, to) => from !== t3 && to !== t3);
    expect(bench.node(1).states.isSynced(4)).toBe(false);
    for (let at = 0; at < 5; at += 1) {
      bench.tick(1_000);
      bench.deliver();
    }
    expect(bench.node(1).states.counts).toEqual({ owned: 16_385, pending: 0, synced: 16_385, underReplicated: 0 });
    for (const number of [1, 2, 3]) expect(bench.table(number).recordCount).toBe(1);
  });

  it('learns from those that join as well while nobody is synced, but not for ever', () => {
    const bench = new ReplicationBench(2, {}, 1);
    bench.view.set(t2, { phase: 'joining' });
    bench.node(1).allowAlone();
    bench.viewChanged();
    bench.tick(20_000);
    expect(bench.node(1).isCaughtUp).toBe(false);
    bench.tick(11_000);
    expect(bench.node(1).isCaughtUp).toBe(true);
  });

  it('is synced at once when it is alone and may be', () => {
    const bench = new ReplicationBench(1);
    expect(bench.node(1).isCaughtUp).toBe(false);
    bench.node(1).allowAlone();
    expect(bench.node(1).isCaughtUp).toBe(true);
  });

  it('forgets that it was synced after it stood still', () => {
    const bench = new ReplicationBench(3);
    for (let at = 0; at < 5; at += 1) {
      bench.tick(1_000);
      bench.deliver();
    }
    expect(bench.node(1).isCaughtUp).toBe(true);
    bench.clock.advance(6_000);
    bench.step(t1, { kind: 'tick' });
    expect(bench.node(1).isCaughtUp).toBe(false);
  });

  it('counts a slot anew now and then, and mends a digest that is wrong', () => {
    const bench = new ReplicationBench(1);
    for (let slot = 0; slot < 16_384; slot += 1) {
      bench.table(1).digests.add(slot, { high: 1, low: 2 }, { clock: 1, origin: 1, isDead: false });
    }
    for (let at = 0; at < 3; at += 1) {
      bench.clock.advance(60_000);
      bench.step(t1, { kind: 'tick' });
    }
    expect(bench.node(1).counters.digestsMended).toBe(3);
  });
});
