import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  StreamableFile,
  UseGuards,
} from '@nestjs/common';
import { type CatalogView, PEER_API_PREFIX, type TorrentView } from '@panal/wire';
import { TorrentCatalog } from '../torrents/torrent-catalog.js';
import { TrackerAgent } from '../tracking/tracker-agent.js';
import { ApiTokenGuard } from './api-token.guard.js';
import { DownloadBody } from './download-request.js';
import { ShareBody } from './share-request.js';

/** What this peer shares and fetches. */
@Controller(PEER_API_PREFIX.slice(1))
@UseGuards(ApiTokenGuard)
export class TorrentsController {
  constructor(
    private readonly catalog: TorrentCatalog,
    private readonly trackers: TrackerAgent,
  ) {}

  @Get('torrents')
  torrents(): TorrentView[] {
    return this.catalog.all().map((torrent) => torrent.view());
  }

  @Get('torrents/:id')
  torrent(@Param('id') id: string): TorrentView {
    return this.catalog.find(id).view();
  }

  @Get('torrents/:id/metainfo')
  @Header('content-type', 'application/x-bittorrent')
  metainfo(@Param('id') id: string): StreamableFile {
    return new StreamableFile(this.catalog.metainfoBytes(id));
  }

  @Post('shares')
  @HttpCode(202)
  async share(@Body() body: ShareBody): Promise<TorrentView> {
    return (await this.catalog.share(body)).view();
  }

  @Post('downloads')
  @HttpCode(202)
  async download(@Body() body: DownloadBody): Promise<TorrentView> {
    return (await this.catalog.download(body)).view();
  }

  /** Reads all of the content again; of a download what is bad is fetched anew. */
  @Post('torrents/:id/recheck')
  @HttpCode(202)
  async recheck(@Param('id') id: string): Promise<TorrentView> {
    return (await this.catalog.recheck(id)).view();
  }

  @Delete('torrents/:id')
  @HttpCode(204)
  async remove(@Param('id') id: string): Promise<void> {
    await this.catalog.remove(id);
  }

  /** What the whole cluster shares, as far as the trackers know. */
  @Get('catalog')
  async clusterCatalog(): Promise<CatalogView> {
    return { torrents: await this.trackers.catalog() };
  }
}
