import assert from 'node:assert';
import { EVERYWHERE } from './placement/slot.js';
import { SimulatedCluster } from './simulated-cluster.fixture.js';
import type { SimulatedTracker } from './simulated-tracker.fixture.js';

const SEED = Number(process.env['SEED'] ?? 1);

const keysOf = (count: number, prefix = 'key'): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix} ${at}`);

describe(`writes to a cluster of whole trackers (SEED=${SEED})`, () => {
  const begin = (count: number, options = {}): [SimulatedCluster, ...SimulatedTracker[]] => {
    const cluster = new SimulatedCluster(SEED, { dropDelayMs: 0, ...options });
    return [cluster, ...cluster.startWhole(count)];
  };

  it('acknowledges when three have the record, and keeps it on its three owners', () => {
    const [cluster, first] = begin(5);
    assert(first !== undefined);
    const records = cluster.fill(first, keysOf(200));
    cluster.expectSoon('converged', () => cluster.isConverged);
    for (const record of records) expect(cluster.holders(record)).toHaveLength(3);
    expect(first.node.counters.writtenByCopies).toEqual([0, 0, 0, 200]);
    const write = cluster.write(first, [cluster.record(first, 'for all', { slot: EVERYWHERE })]);
    cluster.expectSoon('everybody has it', () => cluster.holders(write.records[0] ?? assert.fail()).length === 5);
  });

  it('answers while an owner is slow: a stand-in takes the record', () => {
    const [cluster, first, second] = begin(5);
    assert(first !== undefined && second !== undefined);
    cluster.delayMs = (_from, to) => (to === second.name ? 400 : 0);
    const records = cluster.fill(first, keysOf(50, 'slow'));
    const { hedges, degraded } = first.node.counters;
    expect(hedges).toBeGreaterThan(10);
    expect(degraded).toBe(0);
    for (const write of first.writes.values()) expect((write.answeredAtMs ?? 0) - write.atMs).toBeLessThan(150);
    cluster.delayMs = () => 0;
    cluster.expectSoon('converged', () => cluster.isConverged);
    for (const record of records) expect(cluster.holders(record)).toHaveLength(3);
  });

  it('leaves at once when nobody is there to take over', () => {
    const [cluster, only] = begin(1);
    assert(only !== undefined);
    cluster.fill(only, keysOf(3));
    cluster.step(only, { kind: 'leave' });
    cluster.expectSoon('it has left', () => only.hasLeft, 1_000);
    expect(only.effects.findLast(({ kind }) => kind === 'left')).toEqual({ kind: 'left', isHandedOver: false });
  });

  it('acknowledges durable records when three disks have them, and says so when only two do', () => {
    const [cluster, first, second] = begin(3);
    assert(first !== undefined && second !== undefined);
    const good = cluster.write(first, [cluster.record(first, 'good', { recordClass: 'durable' })]);
    cluster.expectSoon('acknowledged', () => good.copies !== undefined);
    expect(good.copies).toBe(3);
    for (const { disk } of cluster.running)
      expect([...disk.values()].map(({ key }) => key.toString())).toContain('good');
    cluster.isDiskWorking = (name) => name !== second.name;
    const [soft, durable] = ['soft', 'durable'] as const;
    const quick = cluster.write(first, [cluster.record(first, soft, { recordClass: soft })]);
    const slow = cluster.write(first, [cluster.record(first, durable, { recordClass: durable })]);
    cluster.expectSoon('acknowledged', () => slow.copies !== undefined);
    expect(quick.copies).toBe(3);
    expect((quick.answeredAtMs ?? 0) - quick.atMs).toBeLessThan(50);
    expect(slow.copies).toBe(2);
    expect((slow.answeredAtMs ?? 0) - slow.atMs).toBeGreaterThanOrEqual(2_000);
  });

  it('refuses writes rather than keep them in fewer places, when it is told to', () => {
    const [cluster, first, second] = begin(3, { policy: 'strict' });
    assert(first !== undefined && second !== undefined);
    cluster.fill(first, keysOf(3));
    expect(first.node.counters.writtenByCopies).toEqual([0, 0, 0, 3]);
    cluster.kill(second);
    const early = cluster.write(first, [cluster.record(first, 'before the death is known')]);
    cluster.expectSoon('refused', () => early.error !== undefined, 5_000);
    expect(early.error).toMatchObject({ code: 'too_few_copies', retryable: true, copyCount: 2 });
    cluster.expectSoon('the death is known', () => first.node.view.members.length === 2);
    const late = cluster.write(first, [cluster.record(first, 'after')]);
    expect(late.error).toMatchObject({ code: 'too_few_copies' });
  });

  it('refuses records from the future, counts them, and lives on', () => {
    const [cluster, first, second] = begin(3);
    assert(first !== undefined && second !== undefined);
    const future = (second.clock.nowMs() + 60_000) * 4096;
    const write = cluster.write(second, [cluster.record(second, 'future', { clock: future })]);
    expect(write.error).toMatchObject({ code: 'record_refused' });
    const [fast] = cluster.fill(second, ['fast'], { clock: (second.clock.nowMs() + 9_000) * 4096 });
    assert(fast !== undefined);
    cluster.expectSoon('all have it', () => cluster.holders(fast).length === 3);
    expect(first.hybridClock.tick(first.clock.nowMs())).toBeGreaterThan(fast.clock);
  });

  it('writes thousands of records at once', () => {
    const [cluster, first] = begin(5);
    assert(first !== undefined);
    const records = keysOf(10_000, 'heartbeat').map((key) => cluster.record(first, key));
    const write = cluster.write(first, records);
    cluster.expectSoon('acknowledged', () => write.copies === 3, 1_000);
    for (const record of records) expect(cluster.holders(record).length).toBeGreaterThanOrEqual(3);
    expect(first.node.status().pendingWrites).toBe(0);
  });
});
