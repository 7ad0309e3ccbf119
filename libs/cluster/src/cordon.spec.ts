import type { NodeEffect } from './cluster-node.js';
import { EVERYWHERE } from './placement/slot.js';
import { SimulatedCluster } from './simulated-cluster.fixture.js';
import type { SimulatedTracker } from './simulated-tracker.fixture.js';

const KEYS = Array.from({ length: 60 }, (_, at) => `key ${at}`);

function cordon(cluster: SimulatedCluster, tracker: SimulatedTracker | undefined, isCordoned = true): void {
  if (tracker !== undefined) cluster.step(tracker, { kind: 'cordon', isCordoned });
}

/** Who sees whom cordoned. */
function seen(cluster: SimulatedCluster): string[] {
  return cluster.running.map(({ node }) =>
    node.view.members.flatMap(({ name, isCordoned }) => (isCordoned === true ? [name] : [])).join(),
  );
}

/** Everyone has three owners without `id`. */
function areOthersEnough(cluster: SimulatedCluster, { id }: SimulatedTracker): boolean {
  return cluster.running.every(({ node }) => {
    for (let slot = 0; slot < EVERYWHERE; slot += 1) {
      if (node.view.owners(slot).filter((owner) => owner !== id).length < 3) return false;
    }
    return node.isReady;
  });
}

describe('a cordoned tracker', () => {
  it('keeps and serves what it has, while three others have all of it; then its end costs no copy', () => {
    const cluster = new SimulatedCluster(3, { dropDelayMs: 0 });
    const trackers = cluster.startWhole(5);
    const [first, cordoned] = trackers as [SimulatedTracker, SimulatedTracker];
    const records = cluster.fill(first, KEYS);
    cluster.expectSoon('records are where they belong', () => cluster.isConverged);
    const before = cordoned.node.status();

    cordon(cluster, cordoned);
    cluster.expectSoon('the others have it too', () => areOthersEnough(cluster, cordoned) && cluster.isConverged);

    const after = cordoned.node.status();
    expect(after.slots.owned).toBe(before.slots.owned);
    expect(after.recordCount).toBe(before.recordCount);
    expect(cordoned.node.isReady).toBe(true);
    for (const record of records) {
      const others = cluster.holders(record).filter((one) => one !== cordoned);
      expect(others.length).toBeGreaterThanOrEqual(3);
    }
    cluster.kill(cordoned);
    for (const record of records) expect(cluster.holders(record).length).toBeGreaterThanOrEqual(3);
  });

  it('takes part as before when the cordon ends, and what was copied goes', () => {
    const cluster = new SimulatedCluster(4, { dropDelayMs: 0 });
    const [first, cordoned] = cluster.startWhole(4) as [SimulatedTracker, SimulatedTracker];
    const records = cluster.fill(first, KEYS);
    cordon(cluster, cordoned);
    cluster.expectSoon('it is cordoned', () => areOthersEnough(cluster, cordoned) && cluster.isConverged);
    cordon(cluster, cordoned, false);
    const isAsBefore = () => cluster.isConverged && records.every((record) => cluster.holders(record).length === 3);
    cluster.expectSoon('it is as before', isAsBefore, 60_000);
    expect(seen(cluster)).toEqual(['', '', '', '']);
  });

  it('does not coordinate, and hands over the lease', () => {
    const cluster = new SimulatedCluster(5);
    const trackers = cluster.startWhole(3);
    cluster.expectSoon(
      'somebody coordinates',
      () => trackers.every(({ node }) => node.coordinator !== undefined),
      60_000,
    );
    const leader = cluster.byId(trackers[0]?.node.coordinator ?? '');
    cordon(cluster, leader);
    const isHandedOver = () =>
      trackers.every(({ node }) => node.coordinator !== undefined && node.coordinator !== leader.id);
    expect(cluster.runUntil(30_000, isHandedOver)).toBe(true);
  });

  it('owns and serves as ever where the others are too few', () => {
    const cluster = new SimulatedCluster(6);
    const [first, cordoned] = cluster.startWhole(3) as [SimulatedTracker, SimulatedTracker];
    cordon(cluster, cordoned);
    cluster.expectSoon('all know it', () => seen(cluster).every((names) => names === cordoned.name));
    const [record] = cluster.fill(first, ['a']);
    expect(record === undefined ? 0 : cluster.holders(record).length).toBe(3);
  });
});

describe('trackers of two versions in one cluster', () => {
  function makeMixed(seed: number): { cluster: SimulatedCluster; sentToOlder: string[] } {
    const cluster = new SimulatedCluster(seed, { dropDelayMs: 0 });
    const sentToOlder: string[] = [];
    cluster.onEffect = (_, effect) => {
      if (isToOlder(cluster, effect)) sentToOlder.push(JSON.stringify(effect));
    };
    const names = ['t1', 't2', 't3', 't4', 't5'];
    for (const name of names) cluster.start({ name, seeds: names, protocolMax: Number(name.slice(1)) > 3 ? 2 : 3 });
    cluster.expectSoon('the cluster is whole', () => cluster.isWhole, 60_000);
    return { cluster, sentToOlder };
  }

  function isToOlder(cluster: SimulatedCluster, effect: NodeEffect): boolean {
    if (effect.kind !== 'send' && effect.kind !== 'datagram') return false;
    const name = typeof effect.to === 'string' ? cluster.byId(effect.to).name : effect.to.host;
    return cluster.running.find((one) => one.name === name)?.options.protocolMax === 2;
  }

  it('place alike: a cordon waits until all know of it; and nobody is told what it does not know', () => {
    const { cluster, sentToOlder } = makeMixed(7);
    const [first, cordoned] = cluster.running as [SimulatedTracker, SimulatedTracker];
    const records = cluster.fill(first, KEYS);
    cordon(cluster, cordoned);
    cluster.run(8_000);
    cluster.expectSoon('all agree', () => cluster.isConverged);
    for (const record of records) expect(cluster.holders(record)).toHaveLength(3);
    expect(sentToOlder.length).toBeGreaterThan(100);
    expect(sentToOlder.filter((message) => message.includes('isCordoned'))).toEqual([]);
  });

  it('put a cordon in force once the last one is upgraded, whoever told whom of it', () => {
    const { cluster } = makeMixed(8);
    const [first, cordoned] = cluster.running as [SimulatedTracker, SimulatedTracker];
    cluster.fill(first, KEYS);
    cordon(cluster, cordoned);
    cluster.run(5_000);
    for (const older of cluster.running.filter(({ options }) => options.protocolMax === 2)) {
      cluster.restart(older, 'disk', { protocolMax: 3 });
      cluster.expectSoon('it is back', () => cluster.isWhole, 60_000);
    }
    const isInForce = () => seen(cluster).every((names) => names === cordoned.name) && cluster.isConverged;
    cluster.expectSoon('all know of the cordon', isInForce, 120_000);
    expect(areOthersEnough(cluster, cordoned)).toBe(true);
  });

  it('lose nothing to the death of any two at once', () => {
    const { cluster } = makeMixed(9);
    const [first] = cluster.running as [SimulatedTracker];
    const records = cluster.fill(first, KEYS);
    for (const { name } of cluster.running.slice(2, 4)) {
      const dying = cluster.running.find((one) => one.name === name);
      if (dying !== undefined) cluster.kill(dying);
    }
    for (const record of records) expect(cluster.holders(record).length).toBeGreaterThan(0);
    cluster.expectSoon('three copies again', () => cluster.isConverged, 60_000);
    for (const record of records) expect(cluster.holders(record)).toHaveLength(3);
  });
});
