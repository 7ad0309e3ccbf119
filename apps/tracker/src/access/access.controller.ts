import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { TicketOffice } from '@panal/access';
import { Tracking } from '@panal/tracking';
import { RpcContext } from '@panal/transport-tcp';
import {
  type AccessNotice,
  type KeyCreateReply,
  type KeyListReply,
  type KeyRevokeReply,
  type KeyRotateReply,
  type TicketReply,
  TRACKER_PATTERNS,
} from '@panal/wire';
import type { Observable } from 'rxjs';
import { TrackerMetrics } from '../tracker-metrics.js';
import {
  AccessWatchMessage,
  KeyCreateMessage,
  KeyListMessage,
  KeyMessage,
  KeyRotateMessage,
  TicketMessage,
} from './access-messages.js';
import { PeerIdGuard } from './peer-id-guard.js';
import { requireAdmin } from './require-admin.js';
import { RevocationNotices } from './revocation-notices.js';

/** Who may belong to the cluster, and what peers show each other of it. */
@Controller()
export class AccessController {
  constructor(
    private readonly tracking: Tracking,
    private readonly office: TicketOffice,
    private readonly notices: RevocationNotices,
    private readonly ids: PeerIdGuard,
    private readonly metrics: TrackerMetrics,
  ) {}

  /** The connection has proved who asks; the ticket says so to other peers. */
  @MessagePattern(TRACKER_PATTERNS.ticket)
  ticket(@Payload() { peerId, publicKey }: TicketMessage, @Ctx() context: RpcContext): TicketReply {
    this.metrics.countMessage('ticket');
    const { access, role, principal } = context;
    this.ids.check(peerId, context.remote);
    const { ticket, expiresAtMs } = this.office.issue({ principal: { role, principal }, access, peerId, publicKey });
    const revoked = this.tracking.keys.recentlyRevoked();
    return { ticket, expiresAt: expiresAtMs, signingKeys: this.office.publicKeys, revoked };
  }

  /** Peers hear of a revocation while it matters; see docs/designs/0008. */
  @MessagePattern(TRACKER_PATTERNS.accessWatch)
  watch(@Payload() _message: AccessWatchMessage, @Ctx() { remote }: RpcContext): Observable<AccessNotice> {
    this.metrics.countMessage('access_watch');
    return this.notices.watch(remote);
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
