import type { Clock, HostPort } from '@panal/runtime';
import { formatAddress } from '@panal/runtime';
import type { PeerStatus, TorrentView } from '@panal/wire';
import type { TorrentCatalog } from './torrents/torrent-catalog.js';
import type { TrackerAgent } from './tracking/tracker-agent.js';

export interface PeerFacts {
  readonly name: string;
  readonly peerId: Buffer;
  readonly cluster: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  readonly startedAtMs: number;
  readonly dataAddress: HostPort;
}

/** The peer in one object: who it is, and the sums of what it does. */
export class PeerOverview {
  constructor(
    private readonly facts: PeerFacts,
    private readonly catalog: TorrentCatalog,
    private readonly trackers: TrackerAgent,
    private readonly clock: Clock,
  ) {}

  status(): PeerStatus {
    const { name, peerId, cluster, labels, version, startedAtMs, dataAddress } = this.facts;
    const views = this.catalog.all().map((torrent) => torrent.view());
    return {
      name,
      peerId: peerId.toString('hex'),
      cluster,
      labels,
      version,
      pid: process.pid,
      startedAtMs,
      dataAddress: formatAddress(dataAddress),
      uptimeMs: this.clock.nowMs() - startedAtMs,
      rssBytes: process.memoryUsage.rss(),
      trackers: this.trackers.views(),
      shareCount: views.filter(({ kind, state }) => kind === 'share' && state === 'complete').length,
      downloadCount: views.filter(({ kind, state }) => kind === 'download' && state !== 'complete').length,
      downRate: sum(views, (view) => view.downRate),
      upRate: sum(views, (view) => view.upRate),
    };
  }
}

function sum(views: readonly TorrentView[], of: (view: TorrentView) => number): number {
  return views.reduce((total, view) => total + of(view), 0);
}
