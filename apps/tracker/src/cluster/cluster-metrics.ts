import { Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@panal/nest';
import { Counter, Gauge } from 'prom-client';
import { ClusterPresence } from './cluster-presence.js';
import type { OpenCluster } from './open-cluster.js';

type Reading = readonly [name: string, help: string, value: (cluster: OpenCluster) => number];

const GAUGES: readonly Reading[] = [
  ['members', 'Trackers that live, this one included.', ({ node }) => node.view.members.length],
  ['slots_owned', 'Slots this tracker owns.', ({ node }) => node.status().slots.owned],
  ['slots_unsynced', 'Slots it owns, or will, that it does not know all of.', unsynced],
  [
    'slots_under_replicated',
    'Slots it owns with fewer than three owners.',
    ({ node }) => node.status().slots.underReplicated,
  ],
  [
    'slots_surplus',
    'Slots it keeps for others until they confirm that they have them.',
    ({ node }) => node.status().slots.surplus,
  ],
  ['records', 'Records it keeps, tombstones included.', ({ table }) => table.recordCount],
  ['pending_writes', 'Records of writes that wait for their copies.', ({ node }) => node.status().pendingWrites],
  [
    'pending_transfers',
    'Slots being compared, and parts of slots on their way to others.',
    ({ node }) => node.status().pendingTransfers,
  ],
  [
    'clock_offset_seconds',
    'Its clock against the median of all.',
    ({ node }) => node.status().ownClockOffsetMs / 1_000,
  ],
];

/** What Prometheus learns of a tracker's part in the cluster. */
@Injectable()
export class ClusterMetrics {
  constructor(registry: MetricsRegistry, presence: ClusterPresence) {
    const registers = [registry];
    for (const [name, help, value] of GAUGES) {
      new Gauge({
        name: `panal_tracker_cluster_${name}`,
        help,
        registers,
        collect() {
          const { cluster } = presence;
          this.set(cluster === undefined ? 0 : value(cluster));
        },
      });
    }
    new Counter({
      name: 'panal_tracker_cluster_events_total',
      help: 'What happened in replication since the start, by kind.',
      labelNames: ['kind'],
      registers,
      collect() {
        this.reset();
        const counters = presence.cluster?.node.counters;
        if (counters === undefined) return;
        const { writtenByCopies, ...counts } = counters;
        for (const [kind, count] of Object.entries(counts)) this.inc({ kind: snake(kind) }, count);
        for (const [copies, count] of writtenByCopies.entries()) {
          if (copies > 0) this.inc({ kind: `written_with_${copies}_copies` }, count);
        }
      },
    });
  }
}

function unsynced({ node }: OpenCluster): number {
  const { owned, pending, synced } = node.status().slots;
  return owned + pending - synced;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
