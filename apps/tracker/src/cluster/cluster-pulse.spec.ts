import { jest } from '@jest/globals';
import type { NodeEvent } from '@panal/cluster';
import { CALM_TICK_INTERVAL_MS, HEALTH_INTERVAL_MS, TICK_INTERVAL_MS } from '../limits.js';
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
  /** The cluster of a tracker that is busy becoming ready, unless it is said to be. */
  const enter = (isReady = false): void => {
    const { cluster } = trial;
    const node = Object.create(cluster.node, { isReady: { value: isReady } }) as typeof cluster.node;
    presence.enter({ ...cluster, node, beat: () => void (beats += 1) });
  };
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

  describe('when all is ready and nothing is under way', () => {
    beforeEach(() => {
      trial.tick(1);
      enter(true);
      pulse.onApplicationBootstrap();
      jest.advanceTimersByTime(CALM_TICK_INTERVAL_MS);
      events = [];
    });

    it('ticks rarely', () => {
      jest.advanceTimersByTime(10 * CALM_TICK_INTERVAL_MS);
      expect(count('tick')).toBe(10);
    });

    it('ticks soon after a write, and rarely again when that is done', async () => {
      jest.advanceTimersByTime(CALM_TICK_INTERVAL_MS / 2);
      await trial.cluster.runtime.write([trial.record('one')]);
      jest.advanceTimersByTime(TICK_INTERVAL_MS);
      expect(count('tick')).toBe(1);
      jest.advanceTimersByTime(2 * TICK_INTERVAL_MS);
      events = [];
      jest.advanceTimersByTime(10 * CALM_TICK_INTERVAL_MS);
      expect(count('tick')).toBeLessThanOrEqual(11);
    });

    it('is not hurried by gossip', () => {
      jest.advanceTimersByTime(CALM_TICK_INTERVAL_MS / 2);
      trial.cluster.runtime.step({ kind: 'local-health', eventLoopLagMs: 1 });
      jest.advanceTimersByTime(TICK_INTERVAL_MS);
      expect(count('tick')).toBe(0);
    });
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
