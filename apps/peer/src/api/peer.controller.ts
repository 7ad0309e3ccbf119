import { Controller, Get, UseGuards } from '@nestjs/common';
import { PEER_API_PREFIX, type PeerStatus } from '@panal/wire';
import { PeerOverview } from '../peer-overview.js';
import { ApiTokenGuard } from './api-token.guard.js';

/** The peer itself: who it is, and which trackers it reaches. */
@Controller(PEER_API_PREFIX.slice(1))
@UseGuards(ApiTokenGuard)
export class PeerController {
  constructor(private readonly overview: PeerOverview) {}

  @Get('peer')
  peer(): PeerStatus {
    return this.overview.status();
  }
}
