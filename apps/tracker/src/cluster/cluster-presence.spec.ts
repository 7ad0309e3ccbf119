import { ClusterPresence } from './cluster-presence.js';
import { openTrialCluster, type TrialCluster } from './trial-cluster.fixture.js';

describe('ClusterPresence', () => {
  const open: TrialCluster[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map(({ cluster }) => cluster.close()));
  });
  const enter = async (...argv: string[]) => {
    const trial = await openTrialCluster(...argv);
    open.push(trial);
    const presence = new ClusterPresence();
    presence.enter(trial.cluster);
    return { ...trial, presence };
  };

  it('keeps clients away until the records are read', () => {
    expect(new ClusterPresence().whyNotReady()).toBe('It reads its records.');
  });

  it('keeps clients away until it has a cluster, and again when it leaves it', async () => {
    const { presence, cluster, tick } = await enter();
    expect(presence.whyNotReady()).toBe('It is joining the cluster.');
    tick(4);
    expect(presence.whyNotReady()).toBeUndefined();
    cluster.runtime.step({ kind: 'leave' });
    expect(presence.whyNotReady()).toBe('It is leaving the cluster.');
  });

  it('keeps clients away while it looks for those it shall join', async () => {
    const { presence, tick } = await enter('--join', '127.0.0.1:1');
    tick(4);
    expect(presence.whyNotReady()).toBe('It is joining the cluster.');
  });

  it('settles when it is ready, and after a while when it is not', async () => {
    const { presence, tick } = await enter();
    const settled = presence.settle(1_000_000);
    tick(4);
    await settled;
    expect(presence.whyNotReady()).toBeUndefined();
    const other = new ClusterPresence();
    await other.settle(20);
    expect(other.whyNotReady()).toBeDefined();
  });
});
