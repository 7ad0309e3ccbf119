import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Tracking } from '@panal/tracking';
import {
  type MetadataGetReply,
  type MetadataPutReply,
  type NameGetReply,
  type NamePutReply,
  type TorrentListReply,
  TRACKER_PATTERNS,
  type TrackerStatusReply,
} from '@panal/wire';
import {
  MetadataPutMessage,
  NameGetMessage,
  NamePutMessage,
  StatusMessage,
  TorrentListMessage,
} from './catalog-messages.js';
import { TorrentMessage } from './torrent-message.js';
import { TrackerMetrics } from './tracker-metrics.js';
import { TRACKER_SELF, type TrackerSelf } from './tracker-self.js';

/** What there is, under which name, and what describes it. */
@Controller()
export class CatalogController {
  constructor(
    private readonly tracking: Tracking,
    private readonly metrics: TrackerMetrics,
    @Inject(TRACKER_SELF) private readonly self: TrackerSelf,
  ) {}

  @MessagePattern(TRACKER_PATTERNS.metadataPut)
  putMetadata(@Payload() message: MetadataPutMessage): Promise<MetadataPutReply> {
    this.metrics.countMessage('metadata_put');
    return this.tracking.metadata.put(message);
  }

  @MessagePattern(TRACKER_PATTERNS.metadataGet)
  getMetadata(@Payload() message: TorrentMessage): Promise<MetadataGetReply> {
    this.metrics.countMessage('metadata_get');
    return this.tracking.metadata.get(message);
  }

  @MessagePattern(TRACKER_PATTERNS.namePut)
  putName(@Payload() message: NamePutMessage): Promise<NamePutReply> {
    this.metrics.countMessage('name_put');
    return this.tracking.names.put(message);
  }

  @MessagePattern(TRACKER_PATTERNS.nameGet)
  getName(@Payload() message: NameGetMessage): Promise<NameGetReply> {
    this.metrics.countMessage('name_get');
    return this.tracking.names.get(message);
  }

  @MessagePattern(TRACKER_PATTERNS.torrentList)
  listTorrents(@Payload() message: TorrentListMessage): Promise<TorrentListReply> {
    this.metrics.countMessage('torrent_list');
    return this.tracking.catalog.list(message);
  }

  @MessagePattern(TRACKER_PATTERNS.status)
  status(@Payload() { namespace }: StatusMessage): TrackerStatusReply {
    this.metrics.countMessage('status');
    const { id, name, version } = this.self;
    return { id, name, version, uptimeMs: this.self.uptimeMs(), ...this.tracking.countsIn(namespace) };
  }
}
