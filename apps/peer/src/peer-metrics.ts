import { Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@panal/nest';
import { Counter, Gauge } from 'prom-client';
import { PeerNode } from './peer-node.js';

/** What a peer tells Prometheus. Read when it is scraped, so it costs nothing in between. */
@Injectable()
export class PeerMetrics {
  constructor(registry: MetricsRegistry, node: PeerNode) {
    const registers = [registry];
    const torrents = new Gauge({
      name: 'panal_peer_torrents',
      help: 'Shares and downloads by state',
      labelNames: ['kind', 'state'],
      registers,
      collect() {
        this.reset();
        for (const { kind, state } of views()) this.inc({ kind, state });
      },
    });
    const bytes = new Gauge({
      name: 'panal_peer_content_bytes',
      help: 'Content bytes moved by the torrents this peer has now, by direction; wasted ones were received in vain',
      labelNames: ['direction'],
      registers,
      collect() {
        this.reset();
        for (const { uploadedBytes, downloadedBytes, wastedBytes } of views()) {
          this.inc({ direction: 'up' }, uploadedBytes);
          this.inc({ direction: 'down' }, downloadedBytes);
          this.inc({ direction: 'wasted' }, wastedBytes);
        }
      },
    });
    const badChunks = new Gauge({
      name: 'panal_peer_bad_chunks',
      help: 'Chunks that failed verification, by the peer that sent them',
      labelNames: ['source'],
      registers,
      collect() {
        this.reset();
        for (const { sources } of views())
          for (const source of sources) this.inc({ source: source.name }, source.badChunks);
      },
    });
    const connections = new Gauge({
      name: 'panal_peer_data_connections',
      help: 'Open connections to the data port',
      registers,
      collect() {
        this.set(node.dataServer.connectionCount);
      },
    });
    const refused = new Counter({
      name: 'panal_peer_handshakes_refused_total',
      help: 'Connections to the data port that were refused, by reason',
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset();
        for (const [reason, count] of node.dataServer.refusals) this.inc({ reason }, count);
      },
    });
    this.all = [torrents, bytes, badChunks, connections, refused];
    function views() {
      return node.catalog.all().map((torrent) => torrent.view());
    }
  }

  readonly all: readonly (Counter | Gauge)[];
}
