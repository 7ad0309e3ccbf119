import { Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@panal/nest';
import { Tracking, type TrackingTotals } from '@panal/tracking';
import { Counter, Gauge } from 'prom-client';

/** Names of the messages in the metrics. */
export type MessageName =
  | 'announce'
  | 'deregister'
  | 'heartbeat'
  | 'lookup'
  | 'metadata_put'
  | 'metadata_get'
  | 'name_put'
  | 'name_get'
  | 'torrent_list'
  | 'status'
  | 'cluster_members'
  | 'cluster_status'
  | 'cluster_slots'
  | 'cluster_drain'
  | 'cluster_repair'
  | 'cluster_cordon'
  | 'cluster_uncordon'
  | 'cluster_snapshot'
  | 'ticket'
  | 'access_watch'
  | 'key_create'
  | 'key_rotate'
  | 'key_revoke'
  | 'key_list';

const GAUGES: readonly (readonly [name: string, help: string, value: (totals: TrackingTotals) => number])[] = [
  ['torrents', 'Torrents that are shared, named or described.', ({ torrentCount }) => torrentCount],
  ['peers', 'Living peers.', ({ peerCount }) => peerCount],
  ['entries', 'Pairs of a torrent and a living peer that has or fetches it.', ({ entryCount }) => entryCount],
  ['names', 'Names that mean a torrent.', ({ nameCount }) => nameCount],
  ['metadata_bytes', 'Size of all torrent files kept.', ({ metadataBytes }) => metadataBytes],
];

/** What Prometheus learns of a tracker. Counters begin at 0 with the process, as Prometheus expects. */
@Injectable()
export class TrackerMetrics {
  /** Counted here, and told to the counter when somebody asks: its own count of one costs as much as the rest of a lookup. */
  readonly #messages = new Map<MessageName, number>();
  readonly #refusals: Counter<'code'>;

  constructor(registry: MetricsRegistry, tracking: Tracking) {
    const registers = [registry];
    const messages = this.#messages;
    new Counter({
      name: 'panal_tracker_messages_total',
      help: 'Messages that were well formed, by message.',
      labelNames: ['message'],
      registers,
      collect() {
        this.reset();
        for (const [message, count] of messages) this.inc({ message }, count);
      },
    });
    this.#refusals = new Counter({
      name: 'panal_tracker_refused_messages_total',
      help: 'Messages that were answered with an error, by its code.',
      labelNames: ['code'],
      registers,
    });
    new Counter({
      name: 'panal_tracker_expired_total',
      help: 'What was dropped because its time was over, by kind.',
      labelNames: ['kind'],
      registers,
      collect() {
        const { peerCount, metadataCount } = tracking.totals().expired;
        this.reset();
        this.inc({ kind: 'peer' }, peerCount);
        this.inc({ kind: 'metadata' }, metadataCount);
      },
    });
    for (const [name, help, value] of GAUGES) {
      new Gauge({
        name: `panal_tracker_${name}`,
        help,
        registers,
        collect() {
          this.set(value(tracking.totals()));
        },
      });
    }
  }

  countMessage(message: MessageName): void {
    this.#messages.set(message, (this.#messages.get(message) ?? 0) + 1);
  }

  countRefusal(code: string): void {
    this.#refusals.inc({ code });
  }
}
