import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { TicketOffice } from '@panal/access';
import { Tracking } from '@panal/tracking';
import { RpcContext } from '@panal/transport-tcp';
import {
  type KeyCreateReply,
  type KeyListReply,
  type KeyRevokeReply,
  type KeyRotateReply,
  type TicketReply,
  TRACKER_PATTERNS,
} from '@panal/wire';
import { TrackerMetrics } from '../tracker-metrics.js';
import { KeyCreateMessage, KeyListMessage, KeyMessage, KeyRotateMessage, TicketMessage } from './access-messages.js';
import { requireAdmin } from './require-admin.js';

/** Who may belong to the cluster, and what peers show each other of it. */
@Controller()
export class AccessController {
  constructor(
    private readonly tracking: Tracking,
    private readonly office: TicketOffice,
    private readonly metrics: TrackerMetrics,
  ) {}

  /** The connection has proved who asks; the ticket says so to other peers. */
  @MessagePattern(TRACKER_PATTERNS.ticket)
  ticket(@Payload() { peerId, publicKey }: TicketMessage, @Ctx() context: RpcContext): TicketReply {
    this.metrics.countMessage('ticket');
    const { access, role, principal } = context;
    const { ticket, expiresAtMs } = this.office.issue({ principal: { role, principal }, access, peerId, publicKey });
    const revoked = this.tracking.keys.recentlyRevoked();
    return { ticket, expiresAt: expiresAtMs, signingKeys: this.office.publicKeys, revoked };
  }

  @MessagePattern(TRACKER_PATTERNS.keyCreate)
  create(@Payload() message: KeyCreateMessage, @Ctx() context: RpcContext): Promise<KeyCreateReply> {
    this.metrics.countMessage('key_create');
    requireAdmin(context, 'make keys');
    return this.tracking.keys.create(message, context.access);
  }

  @MessagePattern(TRACKER_PATTERNS.keyRotate)
  rotate(@Payload() message: KeyRotateMessage, @Ctx() context: RpcContext): Promise<KeyRotateReply> {
    this.metrics.countMessage('key_rotate');
    requireAdmin(context, 'replace the secrets of keys');
    return this.tracking.keys.rotate(message, context.access);
  }

  @MessagePattern(TRACKER_PATTERNS.keyRevoke)
  revoke(@Payload() message: KeyMessage, @Ctx() context: RpcContext): Promise<KeyRevokeReply> {
    this.metrics.countMessage('key_revoke');
    requireAdmin(context, 'revoke keys');
    return this.tracking.keys.revoke(message);
  }

  @MessagePattern(TRACKER_PATTERNS.keyList)
  list(@Payload() message: KeyListMessage, @Ctx() context: RpcContext): KeyListReply {
    this.metrics.countMessage('key_list');
    requireAdmin(context, 'list keys');
    return this.tracking.keys.list(message);
  }
}
