import { MetricsRegistry } from '@panal/nest';
import { ClusterMetrics } from './cluster-metrics.js';
import { ClusterPresence } from './cluster-presence.js';
import { openTrialCluster, type TrialCluster } from './trial-cluster.fixture.js';

const PREFIX = 'panal_tracker_cluster_';

describe('ClusterMetrics', () => {
  let trial: TrialCluster;
  let presence: ClusterPresence;
  let registry: MetricsRegistry;
  beforeEach(async () => {
    trial = await openTrialCluster();
    presence = new ClusterPresence();
    registry = new MetricsRegistry();
  });
  afterEach(async () => {
    registry.clear();
    await trial.cluster.close();
  });
  /** As Nest makes it: for what it registers. */
  const enter = (): ClusterMetrics => new ClusterMetrics(registry, presence);
  const read = async (): Promise<Record<string, number>> => {
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith(PREFIX));
    return Object.fromEntries(
      lines.map((line) => line.slice(PREFIX.length).split(' ')).map(([k, v]) => [k, Number(v)]),
    );
  };
  const events = (kind: string): string => `events_total{kind="${kind}"}`;

  it('are nothing before the tracker has a cluster', async () => {
    enter();
    const values = await read();
    expect(values).toMatchObject({ members: 0, slots_owned: 0, records: 0, pending_writes: 0 });
    expect(new Set(Object.values(values))).toEqual(new Set([0]));
    expect(values).not.toHaveProperty(events('hedges'));
  });

  it('tell what it owns, and that it is alone with it', async () => {
    enter();
    presence.enter(trial.cluster);
    trial.tick(4);
    const { owned, underReplicated } = trial.cluster.node.status().slots;
    expect(owned).toBeGreaterThan(16_000);
    const values = await read();
    expect(values).toMatchObject({ members: 1, slots_owned: owned, slots_unsynced: 0, slots_surplus: 0 });
    expect(values).toMatchObject({ slots_under_replicated: underReplicated, clock_offset_seconds: 0 });
    expect(underReplicated).toBeGreaterThan(0);
  });

  it('count what happened, by kind, however often they are read', async () => {
    enter();
    presence.enter(trial.cluster);
    trial.tick(4);
    const writes = ['a', 'b', 'c'].map((name) => trial.cluster.runtime.write([trial.record(name)]));
    trial.tick(8);
    for (const write of writes) await write;
    await read();
    expect(await read()).toMatchObject({
      records: 3,
      pending_writes: 0,
      [events('written_with_1_copies')]: 3,
      [events('degraded')]: 3,
      [events('writes_refused')]: 0,
    });
    expect(await read()).not.toHaveProperty(events('written_with_0_copies'));
  });
});
