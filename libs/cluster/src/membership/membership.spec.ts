import { coordinatorOf } from './coordinator-election.js';
import { type SimulatedTracker, SimulatedTrackers } from './simulated-trackers.fixture.js';

const SEEDS = [1, 2, 3, 4, 5];

function begun(trackers: readonly SimulatedTracker[]): readonly SimulatedTracker[] {
  return trackers.filter(({ effects }) => effects.some(({ kind }) => kind === 'bootstrap'));
}

function sides(cluster: SimulatedTrackers, hosts: readonly string[]): void {
  cluster.isCut = (from, to) => hosts.includes(from) !== hosts.includes(to);
}

describe('Membership: forming a cluster', () => {
  it.each(SEEDS)('makes one cluster of trackers that start together, begun by the lowest id (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    const started = cluster.startWhole(5);
    expect(begun(started).map(({ id }) => id)).toEqual([started.map(({ id }) => id).sort()[0]]);
    expect(cluster.nowMs).toBeLessThan(5_000);
  });

  it.each(SEEDS)('makes one cluster whoever of them is first, and whoever is late (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    const hosts = ['t1', 't2', 't3', 't4'];
    for (const host of [...hosts].reverse()) {
      cluster.start({ host, seeds: hosts });
      cluster.run(seed * 1_300);
    }
    expect(cluster.runUntil(30_000, () => cluster.isWhole)).toBe(true);
    cluster.run(5_000);
    expect(cluster.isWhole).toBe(true);
  });

  it('begins at once without anyone to look for, also where the only seed is itself', () => {
    const cluster = new SimulatedTrackers(1);
    const only = cluster.start({ host: 't1' });
    const own = cluster.start({ host: 't2', seeds: ['t2'] });
    expect(
      cluster.runUntil(1_000, () => [only, own].every(({ membership }) => membership.self.phase === 'active')),
    ).toBe(true);
  });

  it('begins without seeds that do not answer, after a while, and is found by them later', () => {
    const cluster = new SimulatedTrackers(2);
    const first = cluster.start({ host: 't1', seeds: ['t1', 't2'] });
    cluster.run(9_000);
    expect(first.membership.self.phase).toBe('joining');
    cluster.run(3_000);
    expect(first.membership.self.phase).toBe('active');
    const second = cluster.start({ host: 't2', seeds: ['t1', 't2'] });
    expect(cluster.runUntil(5_000, () => cluster.isWhole)).toBe(true);
    expect(begun([second])).toEqual([]);
  });

  it('waits for as many as are expected', () => {
    const cluster = new SimulatedTrackers(3);
    const hosts = ['t1', 't2', 't3'];
    const options = { bootstrapExpect: 3, seeds: hosts };
    cluster.start({ ...options, host: 't1' });
    cluster.start({ ...options, host: 't2' });
    cluster.run(60_000);
    expect(cluster.running.map(({ membership }) => membership.self.phase)).toEqual(['joining', 'joining']);
    cluster.start({ ...options, host: 't3' });
    expect(cluster.runUntil(10_000, () => cluster.isWhole)).toBe(true);
  });

  it('merges two clusters that meet later', () => {
    const cluster = new SimulatedTrackers(4);
    sides(cluster, ['t1', 't2']);
    for (const host of ['t1', 't2', 't3', 't4']) cluster.start({ host, seeds: ['t1', 't2', 't3', 't4'] });
    cluster.run(20_000);
    expect(cluster.trackers.map(({ sees }) => sees)).toEqual(['t1 t2', 't1 t2', 't3 t4', 't3 t4']);
    expect(begun(cluster.trackers)).toHaveLength(2);
    cluster.isCut = () => false;
    expect(cluster.runUntil(40_000, () => cluster.isWhole)).toBe(true);
  });

  it('finds the others again by what it remembers, without seeds', () => {
    const cluster = new SimulatedTrackers(5);
    const [first] = cluster.startWhole(3);
    const known = first?.effects.filter((effect) => effect.kind === 'known-addresses').at(-1);
    expect(known?.addresses.map(({ host }) => host).sort()).toEqual(['t2', 't3']);
  });
});

describe('Membership: refusals', () => {
  it.each([
    ['another cluster name', { clusterName: 'other' }],
    ['a protocol nobody speaks', { protocols: { min: 99, max: 99 } }],
  ])('turns away a tracker with %s, which then stops and says why', (_what, options) => {
    const cluster = new SimulatedTrackers(6);
    cluster.startWhole(2);
    const stranger = cluster.start({ host: 'x', seeds: ['t1'], ...options });
    cluster.run(5_000);
    expect(stranger.fatal).toBe('cluster_join_refused');
    expect(cluster.running.map(({ sees }) => sees)).toEqual(['t1 t2', 't1 t2']);
  });

  it('goes on with a cluster that has it, whatever another one says', () => {
    const cluster = new SimulatedTrackers(7);
    cluster.start({ host: 'x', clusterName: 'other' });
    const hosts = ['x', 't1', 't2'];
    const both = ['t1', 't2'].map((host) => cluster.start({ host, seeds: hosts }));
    cluster.run(40_000);
    expect(both.map(({ fatal, sees }) => [fatal, sees])).toEqual([
      [undefined, 't1 t2'],
      [undefined, 't1 t2'],
    ]);
  });

  it.each(SEEDS)('keeps the later of two processes with one id; the other stops (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    const [original] = cluster.startWhole(3);
    const copy = cluster.start({ host: 'copy', ...(original === undefined ? {} : { id: original.id }), seeds: ['t2'] });
    expect(cluster.runUntil(10_000, () => cluster.isWhole)).toBe(true);
    expect(original?.fatal).toBe('tracker_duplicate');
    expect(copy.fatal).toBeUndefined();
  });

  it('stops a process that comes back from a long pause and was replaced meanwhile', () => {
    const cluster = new SimulatedTrackers(8);
    const [original] = cluster.startWhole(3);
    if (original === undefined) throw new Error('none');
    cluster.pause(original);
    cluster.run(20_000);
    const next = cluster.start({ host: 'next', id: original.id, seeds: ['t2'] });
    cluster.run(10_000);
    cluster.resume(original);
    cluster.run(10_000);
    expect([original.fatal, next.fatal]).toEqual(['tracker_duplicate', undefined]);
    expect(cluster.isWhole).toBe(true);
  });
});

describe('Membership: deaths', () => {
  // Expected: 1.6 probe intervals until somebody asks it, one to give up, 2 s of suspicion (with two confirmations).
  it.each([3, 5, 10])('notices a dead one of %d in some 3 s, and not before it could object', (count) => {
    const tookMs = SEEDS.map((seed) => {
      const cluster = new SimulatedTrackers(seed);
      const [victim] = cluster.startWhole(count);
      if (victim === undefined) throw new Error('none');
      cluster.run(5_000);
      const killedAtMs = cluster.nowMs;
      cluster.kill(victim);
      if (!cluster.runUntil(15_000, () => cluster.isWhole)) throw new Error(`seed ${seed}: still there`);
      return (cluster.deaths[0]?.atMs ?? 0) - killedAtMs;
    });
    expect(Math.min(...tookMs)).toBeGreaterThan(2_000);
    expect(Math.max(...tookMs)).toBeLessThan(8_000);
  });

  it.each(SEEDS)('finds nobody dead in two minutes of 20 % loss (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    cluster.startWhole(6);
    cluster.lossPercent = 20;
    cluster.run(120_000);
    expect(cluster.deaths).toEqual([]);
    cluster.lossPercent = 0;
    expect(cluster.runUntil(10_000, () => cluster.isWhole)).toBe(true);
  });

  it.each(SEEDS)('lets one that was stopped for a second object (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    const trackers = cluster.startWhole(5);
    for (let round = 0; round < 20; round += 1) {
      const sleeper = trackers[round % 5];
      if (sleeper === undefined) throw new Error('none');
      cluster.pause(sleeper);
      cluster.run(1_500);
      cluster.resume(sleeper);
      cluster.run(3_000);
    }
    expect(cluster.deaths).toEqual([]);
    expect(cluster.runUntil(5_000, () => cluster.isWhole)).toBe(true);
  });

  it.each(SEEDS)('does not take the others for dead after a long stop, and is taken back (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    const [sleeper] = cluster.startWhole(5);
    if (sleeper === undefined) throw new Error('none');
    cluster.pause(sleeper);
    cluster.run(30_000);
    expect(cluster.deaths.map(({ of }) => of)).toEqual(['t1', 't1', 't1', 't1']);
    cluster.resume(sleeper);
    expect(cluster.runUntil(10_000, () => cluster.isWhole)).toBe(true);
    expect(cluster.deaths.filter(({ of }) => of !== 't1')).toEqual([]);
  });

  it.each(SEEDS)('does not condemn whom it suspected before it was stopped itself (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    const [one, other] = cluster.startWhole(2);
    if (one === undefined || other === undefined) throw new Error('none');
    cluster.pause(other);
    expect(cluster.runUntil(5_000, () => one.healthOf(other) === 'suspect')).toBe(true);
    cluster.pause(one);
    cluster.run(500);
    cluster.resume(other);
    cluster.run(20_000);
    const { length } = cluster.deaths.filter(({ seenBy }) => seenBy === 't1');
    cluster.resume(one);
    expect(cluster.runUntil(20_000, () => cluster.isWhole)).toBe(true);
    expect(cluster.deaths.filter(({ seenBy }) => seenBy === 't1')).toHaveLength(length);
    expect(length).toBe(0);
  });

  it.each(SEEDS)('keeps everyone when two cannot hear each other, in one direction or both (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    cluster.startWhole(5);
    cluster.isCut = (from, to) => from === 't1' && to === 't2';
    cluster.run(60_000);
    cluster.isCut = (from, to) => [from, to].sort().join() === 't1,t2';
    cluster.run(60_000);
    expect(cluster.deaths).toEqual([]);
    cluster.isCut = () => false;
    expect(cluster.runUntil(10_000, () => cluster.isWhole)).toBe(true);
  });
});

describe('Membership: cuts and restarts', () => {
  it.each(SEEDS)('makes two halves of a cut network, and one whole again when it heals (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    cluster.startWhole(6);
    sides(cluster, ['t1', 't2', 't3']);
    cluster.run(40_000);
    expect(cluster.trackers.map(({ sees }) => sees)).toEqual([
      ...Array.from({ length: 3 }, () => 't1 t2 t3'),
      ...Array.from({ length: 3 }, () => 't4 t5 t6'),
    ]);
    cluster.isCut = () => false;
    const healedAtMs = cluster.nowMs;
    expect(cluster.runUntil(15_000, () => cluster.isWhole)).toBe(true);
    expect(cluster.nowMs - healedAtMs).toBeLessThan(10_000);
  });

  it('heals a cut of an hour', () => {
    const cluster = new SimulatedTrackers(9);
    cluster.startWhole(4);
    sides(cluster, ['t1']);
    cluster.run(3_600_000);
    cluster.isCut = () => false;
    expect(cluster.runUntil(15_000, () => cluster.isWhole)).toBe(true);
  });

  it.each(SEEDS)('takes back one that restarts ten times, at once each time (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    const trackers = cluster.startWhole(4);
    let current = trackers[0];
    for (let round = 0; round < 10; round += 1) {
      if (current === undefined) throw new Error('none');
      cluster.kill(current);
      cluster.run(round * 700);
      current = cluster.start({ host: 't1', id: current.id, seeds: ['t1', 't2', 't3', 't4'] });
      expect(cluster.runUntil(15_000, () => cluster.isWhole)).toBe(true);
    }
    expect(cluster.running.flatMap(({ fatal }) => fatal ?? [])).toEqual([]);
  });

  it('restarts with a new address while another tracker has its old one', () => {
    const cluster = new SimulatedTrackers(10);
    const [first] = cluster.startWhole(4);
    if (first === undefined) throw new Error('none');
    cluster.kill(first);
    cluster.start({ host: 't5', id: first.id, seeds: ['t2'] });
    cluster.start({ host: 't1', seeds: ['t2'] });
    expect(cluster.runUntil(15_000, () => cluster.isWhole)).toBe(true);
    expect(cluster.running.map(({ sees }) => sees)).toEqual(Array.from({ length: 5 }, () => 't1 t2 t3 t4 t5'));
    cluster.run(20_000);
    expect(cluster.isWhole).toBe(true);
  });

  it('lets one leave without anybody looking for it', () => {
    const cluster = new SimulatedTrackers(11);
    const [leaver, other] = cluster.startWhole(4);
    if (leaver === undefined || other === undefined) throw new Error('none');
    cluster.tell(leaver, { kind: 'phase', phase: 'leaving' });
    cluster.run(2_000);
    expect(other.membership.view.member(leaver.id)).toMatchObject({ phase: 'leaving', health: 'alive' });
    expect(other.membership.view.ranking(0)).not.toContain(leaver.id);
    cluster.tell(leaver, { kind: 'phase', phase: 'left' });
    cluster.run(1_000);
    cluster.kill(leaver);
    cluster.run(60_000);
    expect(cluster.running.map((one) => one.healthOf(leaver))).toEqual(['left', 'left', 'left']);
    expect(cluster.deaths).toEqual([]);
  });
});

describe('Membership: clocks and the coordinator', () => {
  it('measures the clocks of others, and knows when its own is wrong', () => {
    const cluster = new SimulatedTrackers(12);
    const hosts = ['t1', 't2', 't3', 't4', 't5'];
    const skews = [0, 100, -100, 0, 5_000];
    const trackers = hosts.map((host, at) => cluster.start({ host, seeds: hosts, skewMs: skews[at] ?? 0 }));
    cluster.run(40_000);
    const [right, , , , wrong] = trackers;
    expect(trackers.map(({ membership }) => membership.isClockHealthy)).toEqual([true, true, true, true, false]);
    expect(Math.abs((wrong?.membership.ownClockOffsetMs ?? 0) - 5_000)).toBeLessThan(20);
    const measured = right?.membership.clockOffsets.find(({ id }) => id === wrong?.id);
    expect(Math.abs((measured?.offsetMs ?? 0) - 5_000)).toBeLessThan(20);
    expect(wrong?.membership.self.isFit).toBe(false);
  });

  it.each(SEEDS)('has the highest id that may coordinate, and another one after its death (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    const trackers = [...cluster.startWhole(5)].sort((a, b) => (a.id < b.id ? -1 : 1));
    cluster.run(20_000);
    expect(trackers.map(({ membership }) => membership.coordinator)).toEqual(trackers.map(() => undefined));
    cluster.run(25_000);
    const highest = trackers[4];
    const next = trackers[3];
    if (highest === undefined || next === undefined) throw new Error('none');
    expect(trackers.map(({ membership }) => membership.coordinator)).toEqual(trackers.map(() => highest.id));
    cluster.kill(highest);
    cluster.run(15_000);
    expect(trackers.slice(0, 4).map(({ membership }) => membership.coordinator)).toEqual([
      next.id,
      next.id,
      next.id,
      next.id,
    ]);
    expect(coordinatorOf(next.membership.view.members, 1_760_000_000_000 + cluster.nowMs)).toBe(next.id);
  });

  it.each([13, ...SEEDS])('has one on each side of a cut, and one again soon after it (seed %d)', (seed) => {
    const cluster = new SimulatedTrackers(seed);
    cluster.startWhole(6);
    cluster.run(40_000);
    sides(cluster, ['t1', 't2', 't3']);
    cluster.run(40_000);
    const named = (): readonly unknown[] => [
      ...new Set(cluster.running.map(({ membership }) => membership.coordinator)),
    ];
    expect(named()).toHaveLength(2);
    expect(named()).not.toContain(undefined);
    cluster.isCut = () => false;
    cluster.run(20_000);
    expect(named()).toEqual([
      cluster.trackers
        .map(({ id }) => id)
        .sort()
        .at(-1),
    ]);
  });
});
