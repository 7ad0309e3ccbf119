import { setTimeout as wait } from 'node:timers/promises';
import type { OpenCluster } from './open-cluster.js';

const LOOK_INTERVAL_MS = 10;

/** This tracker's part of the cluster, once it has one: Nest makes its modules before the tracker has read its records. */
export class ClusterPresence {
  #cluster: OpenCluster | undefined;

  get cluster(): OpenCluster | undefined {
    return this.#cluster;
  }

  enter(cluster: OpenCluster): void {
    this.#cluster = cluster;
  }

  /** Settles when the tracker is ready, or after `timeoutMs`: whoever started it may ask at once. */
  async settle(timeoutMs: number): Promise<void> {
    for (let leftMs = timeoutMs; leftMs > 0 && this.whyNotReady() !== undefined; leftMs -= LOOK_INTERVAL_MS) {
      await wait(LOOK_INTERVAL_MS);
    }
  }

  /** Why clients should better ask another tracker, as a sentence; undefined when there is no reason. */
  whyNotReady(): string | undefined {
    const node = this.#cluster?.node;
    if (node === undefined) return 'It reads its records.';
    const { phase } = node.self;
    if (phase !== 'active') return phase === 'joining' ? 'It is joining the cluster.' : 'It is leaving the cluster.';
    if (!node.isReady) return 'It is still comparing its records with the other trackers.';
    return node.isClockHealthy ? undefined : 'The clock of this machine differs from that of most other trackers.';
  }
}
