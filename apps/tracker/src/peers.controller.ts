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
import { PeerIdGuard } from './access/peer-id-guard.js';
import { AnnounceMessage, DeregisterMessage, HeartbeatMessage, LookupMessage } from './peer-messages.js';
import { TrackerMetrics } from './tracker-metrics.js';

@Controller()
export class PeersController {
  constructor(
    private readonly tracking: Tracking,
    private readonly ids: PeerIdGuard,
    private readonly metrics: TrackerMetrics,
  ) {}

  @MessagePattern(TRACKER_PATTERNS.announce)
  announce(@Payload() message: AnnounceMessage, @Ctx() context: RpcContext): AnnounceReply | Promise<AnnounceReply> {
    this.metrics.countMessage('announce');
    this.ids.check(message.peer.id, context.remote);
    return this.tracking.peers.announce(message, context.remoteHost);
  }

  @MessagePattern(TRACKER_PATTERNS.deregister)
  deregister(@Payload() message: DeregisterMessage, @Ctx() { remote }: RpcContext): Promise<DeregisterReply> {
    this.metrics.countMessage('deregister');
    this.ids.check(message.peerId, remote);
    return this.tracking.peers.deregister(message);
  }

  @MessagePattern(TRACKER_PATTERNS.heartbeat)
  heartbeat(@Payload() message: HeartbeatMessage, @Ctx() { remote }: RpcContext): Promise<HeartbeatReply> {
    this.metrics.countMessage('heartbeat');
    this.ids.check(message.peerId, remote);
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
