import type { ClusterView } from '@panal/cluster';
import { ManualClock } from '@panal/runtime';
import { HybridClock } from '@panal/wire';
import { ClusterReplicas } from './cluster-replicas.js';

/** Members that own everything, until the test says otherwise. */
class ChangingView implements ClusterView {
  version = 1;
  placementVersion = 1;
  readonly members = [];

  constructor(public ids: readonly string[]) {}

  change(ids: readonly string[]): void {
    this.ids = ids;
    this.version += 1;
  }

  member(): undefined {
    return undefined;
  }

  owners(): readonly string[] {
    return this.ids;
  }

  pendingOwners(): readonly string[] {
    return this.ids;
  }

  ranking(): readonly string[] {
    return this.ids;
  }
}

describe('ClusterReplicas', () => {
  const clock = new ManualClock();
  const hybridClock = new HybridClock();
  const stamp = (): number => hybridClock.tick(clock.nowMs());

  it('promises as many copies as there are trackers, three at most, for what is stamped among the present ones', () => {
    const view = new ChangingView(['a', 'b', 'c', 'd']);
    const replicas = new ClusterReplicas('a', { clock, hybridClock });
    replicas.attach({
      node: { view, isAuthoritative: () => true },
      links: { request: () => Promise.reject(new Error('nobody is asked')) },
      runtime: { write: () => ({ copies: 1 }) },
    });
    const { promise } = replicas;
    const first = stamp();
    expect(promise.copies).toBe(3);
    expect(first).toBeGreaterThan(promise.since);
    expect(replicas.promise).toBe(promise);
    view.change(['a', 'b']);
    expect(replicas.promise.copies).toBe(2);
    expect(replicas.promise.since).toBeGreaterThan(first);
    expect(stamp()).toBeGreaterThan(replicas.promise.since);
  });

  it('promises nothing before it is part of a cluster', () => {
    expect(stamp()).toBeLessThan(new ClusterReplicas('a', { clock, hybridClock }).promise.since);
  });
});
