import { Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@panal/nest';
import { Tracking } from '@panal/tracking';
import { TcpRpcServer } from '@panal/transport-tcp';
import { Counter, Gauge } from 'prom-client';
import { ClusterPresence } from '../cluster/cluster-presence.js';
import { RevocationNotices } from './revocation-notices.js';

/** What Prometheus learns of who may come in, and who may not. */
@Injectable()
export class AccessMetrics {
  constructor(
    registry: MetricsRegistry,
    { keys }: Tracking,
    rpc: TcpRpcServer,
    presence: ClusterPresence,
    notices: RevocationNotices,
  ) {
    const registers = [registry];
    new Counter({
      name: 'panal_tracker_handshakes_refused_total',
      help: 'Connections that were refused before they could say anything, by port and reason.',
      labelNames: ['port', 'reason'],
      registers,
      collect() {
        this.reset();
        for (const [reason, count] of rpc.refusals) this.inc({ port: 'rpc', reason }, count);
        const refused = presence.cluster?.links.counters.refused ?? {};
        for (const [reason, count] of Object.entries(refused)) this.inc({ port: 'cluster', reason }, count);
      },
    });
    new Gauge({
      name: 'panal_tracker_revocation_watchers',
      help: 'Connections that are told of revocations as they happen.',
      registers,
      collect() {
        this.set(notices.watcherCount);
      },
    });
    new Gauge({
      name: 'panal_tracker_client_keys',
      help: 'Client keys, by state; unreadable ones are sealed with a cluster key this tracker does not have.',
      labelNames: ['state'],
      registers,
      collect() {
        this.reset();
        for (const [state, count] of Object.entries(keys.counts)) this.set({ state }, count);
      },
    });
  }
}
