import { jest } from '@jest/globals';
import type { NodeEvent } from '@panal/cluster';
import { HEALTH_INTERVAL_MS, TICK_INTERVAL_MS } from '../limits.js';
import { ClusterPresence } from './cluster-presence.js';
import { ClusterPulse } from './cluster-pulse.js';
import { openTrialCluster, type TrialCluster } from './trial-cluster.fixture.js';

describe('ClusterPulse', () => {
  let trial: TrialCluster;
  let presence: ClusterPresence;
  let pulse: ClusterPulse;
  let events: NodeEvent[];
  let beats: number;
  beforeEach(async () => {
    trial = await openTrialCluster();
    presence = new ClusterPresence();
    pulse = new ClusterPulse(presence);
    events = [];
    beats = 0;
    const { cluster } = trial;
    const step = cluster.runtime.step.bind(cluster.runtime);
    cluster.runtime.step = (event) => {
      events.push(event);
      step(event);
    };
    jest.useFakeTimers();
  });
  afterEach(async () => {
    pulse.onModuleDestroy();
    jest.useRealTimers();
    await trial.cluster.close();
  });
  const enter = (): void => presence.enter({ ...trial.cluster, beat: () => void (beats += 1) });
  const count = (kind: NodeEvent['kind']): number => events.filter((event) => event.kind === kind).length;

  it('has nothing to drive before there is a cluster, and does no harm', () => {
    pulse.onApplicationBootstrap();
    jest.advanceTimersByTime(2 * HEALTH_INTERVAL_MS);
    expect(events).toEqual([]);
    enter();
    jest.advanceTimersByTime(TICK_INTERVAL_MS);
    expect(count('tick')).toBe(1);
  });

  it('ticks evenly, and tells once a second how well the process keeps up', () => {
    enter();
    pulse.onApplicationBootstrap();
    jest.advanceTimersByTime(2 * HEALTH_INTERVAL_MS);
    expect(count('tick')).toBe((2 * HEALTH_INTERVAL_MS) / TICK_INTERVAL_MS);
    expect(count('local-health')).toBe(2);
    expect(beats).toBe(2);
    const health = events.find((event) => event.kind === 'local-health');
    expect(health).toMatchObject({ eventLoopLagMs: expect.any(Number) as number });
  });

  it('beats once though Nest starts it twice', () => {
    enter();
    pulse.onApplicationBootstrap();
    pulse.onApplicationBootstrap();
    jest.advanceTimersByTime(HEALTH_INTERVAL_MS);
    expect(beats).toBe(1);
    expect(count('tick')).toBe(HEALTH_INTERVAL_MS / TICK_INTERVAL_MS);
  });

  it('is still after its end', () => {
    enter();
    pulse.onApplicationBootstrap();
    pulse.onModuleDestroy();
    jest.advanceTimersByTime(2 * HEALTH_INTERVAL_MS);
    expect(events).toEqual([]);
    expect(beats).toBe(0);
  });
});
