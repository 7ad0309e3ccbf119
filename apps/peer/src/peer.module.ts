import { type DynamicModule, Module } from '@nestjs/common';
import { HealthModule, MetricsModule, type PluginHost } from '@panal/nest';
import type { PeerView } from '@panal/plugin-api';
import { ApiToken } from './api/api-token.guard.js';
import { PeerController } from './api/peer.controller.js';
import { TorrentsController } from './api/torrents.controller.js';
import { PeerMetrics } from './peer-metrics.js';
import { PeerNode } from './peer-node.js';
import { PeerOverview } from './peer-overview.js';
import { TorrentCatalog } from './torrents/torrent-catalog.js';
import { TrackerAgent } from './tracking/tracker-agent.js';

export interface PeerModuleOptions {
  readonly node: PeerNode;
  readonly overview: PeerOverview;
  readonly token: ApiToken;
  readonly plugins: PluginHost | undefined;
}

/** The REST interface, health and metrics of one running peer. */
@Module({})
export class PeerModule {
  static register({ node, overview, token, plugins }: PeerModuleOptions): DynamicModule {
    const readiness = { name: 'data port', whyNotReady: () => undefined };
    return {
      module: PeerModule,
      imports: [
        HealthModule.register({
          useFactory: () => [readiness, trackerCheck(node)],
          plugins: plugins && (() => plugins.health()),
        }),
        MetricsModule,
        ...(plugins?.modules({ peer: peerView(node, overview) }) ?? []),
      ],
      controllers: [PeerController, TorrentsController],
      providers: [
        { provide: PeerNode, useValue: node },
        { provide: PeerOverview, useValue: overview },
        { provide: TorrentCatalog, useValue: node.catalog },
        { provide: TrackerAgent, useValue: node.trackers },
        { provide: ApiToken, useValue: token },
        PeerMetrics,
      ],
    };
  }
}

/** What plugins may ask. */
function peerView(node: PeerNode, overview: PeerOverview): PeerView {
  const { peerId } = overview.status();
  return Object.freeze({ id: peerId, torrents: () => node.catalog.all().map((torrent) => torrent.view()) });
}

function trackerCheck(node: PeerNode) {
  return {
    name: 'trackers',
    whyNotReady: () => {
      const views = node.trackers.views();
      if (views.length === 0 || views.some(({ state }) => state === 'connected')) return undefined;
      return `none of the ${views.length} trackers is connected`;
    },
  };
}
