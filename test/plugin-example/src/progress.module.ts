import { Controller, Get, Inject, Module } from '@nestjs/common';
import type { PeerView } from 'panal/plugin-api';
import { PEER_VIEW } from 'panal/plugin-api';

/** `GET /plugins/example/progress` */
@Controller('plugins/example')
class ProgressController {
  constructor(@Inject(PEER_VIEW) private readonly peer: PeerView) {}

  @Get('progress')
  progress(): { readonly doneBytes: number; readonly sizeBytes: number } {
    const torrents = this.peer.torrents();
    return {
      doneBytes: torrents.reduce((sum, { doneBytes }) => sum + doneBytes, 0),
      sizeBytes: torrents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    };
  }
}

@Module({ controllers: [ProgressController] })
export class ProgressModule {}
