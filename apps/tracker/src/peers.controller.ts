import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { Tracking } from '@panal/tracking';
import { RpcContext } from '@panal/transport-tcp';
import {
  type AnnounceReply,
  type DeregisterReply,
  type HeartbeatReply,
  type LookupReply,
  TRACKER_PATTERNS,
} from '@panal/wire';
import { AnnounceMessage, DeregisterMessage, HeartbeatMessage, LookupMessage } from './peer-messages.js';
import { TrackerMetrics } from './tracker-metrics.js';

@Controller()
export class PeersController {
  constructor(
    private readonly tracking: Tracking,
    private readonly metrics: TrackerMetrics,
  ) {}

  @MessagePattern(TRACKER_PATTERNS.announce)
  announce(@Payload() message: AnnounceMessage, @Ctx() context: RpcContext): AnnounceReply | Promise<AnnounceReply> {
    this.metrics.countMessage('announce');
    return this.tracking.peers.announce(message, context.remoteHost);
  }

  @MessagePattern(TRACKER_PATTERNS.deregister)
  deregister(@Payload() message: DeregisterMessage): Promise<DeregisterReply> {
    this.metrics.countMessage('deregister');
    return this.tracking.peers.deregister(message);
  }

  @MessagePattern(TRACKER_PATTERNS.heartbeat)
  heartbeat(@Payload() message: HeartbeatMessage): Promise<HeartbeatReply> {
    this.metrics.countMessage('heartbeat');
    const revoked = this.tracking.keys.recentlyRevoked();
    const reply = this.tracking.peers.heartbeat(message);
    return revoked.length === 0 ? reply : reply.then((plain) => ({ ...plain, revoked }));
  }

  @MessagePattern(TRACKER_PATTERNS.lookup)
  lookup(@Payload() message: LookupMessage): Promise<LookupReply> {
    this.metrics.countMessage('lookup');
    return this.tracking.peers.lookup(message);
  }
}
