import assert from 'node:assert';
import { EVERYWHERE } from './placement/slot.js';
import { SimulatedCluster, type SimulatedTracker } from './simulated-cluster.fixture.js';

const SEED = Number(process.env['SEED'] ?? 1);

const keysOf = (count: number, prefix = 'key'): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix} ${at}`);

describe(`a cluster of whole trackers (SEED=${SEED})`, () => {
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

  it('loses nothing when two die at the moment of the acknowledgement, again and again', () => {
    const [cluster] = begin(7);
    const written = [];
    for (let round = 0; round < 4; round += 1) {
      const [writer] = cluster.running;
      assert(writer !== undefined);
      written.push(...cluster.fill(writer, keysOf(30, `before ${round}`)));
      const last = cluster.write(writer, [cluster.record(writer, `last ${round}`)]);
      const record = last.records[0] ?? assert.fail();
      cluster.expectSoon('acknowledged', () => last.copies === 3);
      written.push(record);
      const [one, other] = cluster.holders(record);
      assert(one !== undefined && other !== undefined);
      cluster.kill(one);
      cluster.kill(other);
      cluster.expectSoon('whole again', () => cluster.isConverged);
      for (const all of written) expect(cluster.holders(all).length).toBeGreaterThanOrEqual(3);
      cluster.restart(one, 'nothing');
      cluster.restart(other, 'nothing');
      cluster.expectSoon('all are back', () => cluster.isConverged);
    }
    for (const record of written) expect(cluster.holders(record)).toHaveLength(3);
  });
});
