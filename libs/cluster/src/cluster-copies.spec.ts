import assert from 'node:assert';
import { SimulatedCluster } from './simulated-cluster.fixture.js';
import type { SimulatedTracker } from './simulated-tracker.fixture.js';

const SEED = Number(process.env['SEED'] ?? 1);

const keysOf = (count: number, prefix = 'key'): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix} ${at}`);

describe(`copies in a cluster of whole trackers (SEED=${SEED})`, () => {
  const begin = (count: number, options = {}): [SimulatedCluster, ...SimulatedTracker[]] => {
    const cluster = new SimulatedCluster(SEED, { dropDelayMs: 0, ...options });
    return [cluster, ...cluster.startWhole(count)];
  };

  it('loses nothing when two die at the moment of the acknowledgement, again and again', () => {
    const [cluster] = begin(7);
    const written = [];
    for (let round = 0; round < 2; round += 1) {
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

  it('keeps writing on both sides of a cut, and both have everything when it heals', () => {
    const [cluster, ...trackers] = begin(5);
    const [one, , , other] = trackers;
    assert(one !== undefined && other !== undefined);
    const before = cluster.fill(one, keysOf(50, 'before'));
    const small = new Set(trackers.slice(3).map(({ name }) => name));
    cluster.isCut = (from, to) => small.has(from) !== small.has(to);
    cluster.expectSoon(
      'both sides know',
      () => one.node.view.members.length === 3 && other.node.view.members.length === 2,
    );
    cluster.run(3_000);
    const large = cluster.fill(one, keysOf(50, 'large side'));
    const less = cluster.fill(other, keysOf(50, 'small side'));
    const same = [one, other].map((tracker) => cluster.record(tracker, 'both sides'));
    cluster.write(one, same.slice(0, 1));
    cluster.write(other, same.slice(1));
    expect(other.node.counters).toMatchObject({ degraded: 50, writtenByCopies: [0, 0, 50, 0] });
    expect(one.node.counters.degraded).toBe(0);
    cluster.isCut = () => false;
    cluster.expectSoon('converged', () => cluster.isConverged);
    for (const record of [...before, ...large, ...less, ...same]) expect(cluster.holders(record)).toHaveLength(3);
  });

  it('brings deletions through a cut: what was deleted on one side does not come back from the other', () => {
    const [cluster, one, , , other] = begin(5);
    assert(one !== undefined && other !== undefined);
    const records = cluster.fill(one, keysOf(40));
    cluster.expectSoon('converged', () => cluster.isConverged);
    cluster.isCut = (from, to) => (from === other.name) !== (to === other.name);
    cluster.expectSoon('the cut is known', () => one.node.view.members.length === 4);
    cluster.fill(one, keysOf(40), { isDead: true, value: Buffer.alloc(0), serveUntilMs: 0 });
    cluster.isCut = () => false;
    cluster.expectSoon('converged', () => cluster.isConverged);
    for (const { key, slot } of records) {
      const versions = cluster.running.flatMap(({ table }) => table.get(key, slot) ?? []);
      expect(versions).toHaveLength(3);
      expect(versions.every(({ isDead }) => isDead)).toBe(true);
    }
  });

  it('fills a newcomer before it owns anything, and only then drops what it took over', () => {
    const [cluster, first, , last] = begin(3);
    assert(first !== undefined && last !== undefined);
    const records = cluster.fill(first, keysOf(500));
    const newcomer = cluster.start({ name: 't4', seeds: ['t1'] });
    let heldWhenActive = -1;
    cluster.expectSoon('it is active', () => {
      const isActive = first.node.view.member(newcomer.id)?.phase === 'active';
      if (isActive && heldWhenActive === -1) heldWhenActive = newcomer.table.recordCount;
      for (const record of records) expect(cluster.holders(record).length).toBeGreaterThanOrEqual(3);
      return isActive;
    });
    const owned = records.filter(({ slot }) => first.node.view.owners(slot).includes(newcomer.id));
    expect(owned.length).toBeGreaterThan(250);
    expect(heldWhenActive).toBeGreaterThanOrEqual(owned.length);
    for (const { slot } of owned) expect(newcomer.node.isAuthoritative(slot)).toBe(true);
    cluster.expectSoon('converged', () => cluster.isConverged);
    for (const record of records) expect(cluster.holders(record)).toHaveLength(3);
  });

  it('hands over all it has before it leaves', () => {
    const [cluster, first, second] = begin(4);
    assert(first !== undefined && second !== undefined);
    const records = cluster.fill(first, keysOf(300));
    cluster.expectSoon('converged', () => cluster.isConverged);
    cluster.step(second, { kind: 'leave' });
    cluster.expectSoon('it has left', () => second.hasLeft);
    expect(second.effects.findLast(({ kind }) => kind === 'left')).toEqual({ kind: 'left', isHandedOver: true });
    cluster.run(20);
    cluster.kill(second);
    for (const record of records) expect(cluster.holders(record)).toHaveLength(3);
    cluster.expectSoon('the others are whole without waiting for a death', () => cluster.isConverged, 2_000);
  });

  it('is no authority after it lost its memory, until it has learned again what others know', () => {
    const [cluster, first, second] = begin(3);
    assert(first !== undefined && second !== undefined);
    const records = cluster.fill(first, keysOf(300));
    cluster.expectSoon('converged', () => cluster.isConverged);
    const reborn = cluster.restart(second, 'nothing');
    const isIgnorant = (): boolean => records.some((record) => !reborn.holds(record));
    cluster.expectSoon('it knows all again, and says so no sooner', () => {
      const claimed = records.filter(({ slot }) => reborn.node.isAuthoritative(slot));
      for (const record of claimed) expect(reborn.holds(record)).toBe(true);
      return !isIgnorant() && claimed.length === records.length;
    });
    expect(reborn.node.counters.repairs).toBe(300);
  });

  it('comes back with what its disk has, and only the rest is sent', () => {
    const [cluster, first, second] = begin(3);
    assert(first !== undefined && second !== undefined);
    cluster.fill(first, keysOf(300));
    cluster.expectSoon('converged', () => cluster.isConverged);
    cluster.kill(second);
    cluster.fill(first, keysOf(20, 'meanwhile'));
    const reborn = cluster.restart(second, 'disk');
    cluster.expectSoon('converged', () => cluster.isConverged);
    expect(reborn.node.counters.repairs).toBe(20);
    expect(reborn.table.recordCount).toBe(320);
  });

  it('survives the end of all its processes, by the disks', () => {
    const [cluster, ...trackers] = begin(3);
    const [first] = trackers;
    assert(first !== undefined);
    const records = cluster.fill(first, keysOf(100));
    cluster.run(100);
    for (const tracker of trackers) cluster.kill(tracker);
    for (const tracker of trackers) cluster.restart(tracker, 'disk');
    cluster.expectSoon('converged', () => cluster.isConverged);
    for (const record of records) expect(cluster.holders(record)).toHaveLength(3);
  });

  it.each([
    { rule: 'with confirmation', isNaive: false },
    { rule: 'the planted bug, dropping what others own at once,', isNaive: true },
  ])('drops copies after a cut: $rule is told by what is left', ({ isNaive }) => {
    const [cluster, first, , , , ...others] = begin(7);
    const [other] = others;
    assert(first !== undefined && other !== undefined);
    const small = new Set(others.map(({ name }) => name));
    cluster.isCut = (from, to) => small.has(from) !== small.has(to);
    cluster.expectSoon(
      'both sides know',
      () => first.node.view.members.length === 4 && other.node.view.members.length === 3,
    );
    const records = cluster.fill(other, keysOf(300));
    expect(other.node.counters.writtenByCopies).toEqual([0, 0, 0, 300]);
    cluster.onEffect = ({ node, table, id }, effect) => {
      if (!isNaive || effect.kind !== 'view') return;
      for (const { slot } of records) if (!node.view.owners(slot).includes(id)) table.dropSlot(slot);
    };
    cluster.isCut = () => false;
    cluster.expectSoon('converged', () => cluster.isConverged);
    const lost = records.filter((record) => cluster.holders(record).length === 0);
    expect(lost.length > 0).toBe(isNaive);
  });
});
