import { Controller, Inject } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { SLOT_COUNT } from '@panal/cluster';
import { RpcContext } from '@panal/transport-tcp';
import {
  type ClusterMembersReply,
  type ClusterSlotsReply,
  type ClusterStatusReply,
  type CordonReply,
  type DrainReply,
  type RepairReply,
  type SnapshotReply,
  TRACKER_MEMBERS_MAX,
  TRACKER_PATTERNS,
} from '@panal/wire';
import { requireAdmin } from '../access/require-admin.js';
import { TrackerNotReadyError } from '../errors.js';
import { TrackerMetrics } from '../tracker-metrics.js';
import { TRACKER_SELF, type TrackerSelf } from '../tracker-self.js';
import { AdminMessage, ClusterMessage, SlotsMessage, SnapshotMessage } from './cluster-messages.js';
import { ClusterPresence } from './cluster-presence.js';
import { ClusterPulse } from './cluster-pulse.js';
import type { OpenCluster } from './open-cluster.js';
import { slotViews, statusReply } from './status-reply.js';

/** Who the trackers are, and what an operator asks of them. */
@Controller()
export class ClusterController {
  constructor(
    private readonly presence: ClusterPresence,
    private readonly pulse: ClusterPulse,
    private readonly metrics: TrackerMetrics,
    @Inject(TRACKER_SELF) private readonly self: TrackerSelf,
  ) {}

  @MessagePattern(TRACKER_PATTERNS.clusterMembers)
  members(@Payload() _message: ClusterMessage): ClusterMembersReply {
    this.metrics.countMessage('cluster_members');
    const { node, clusterId } = this.#cluster();
    const { view, self } = node;
    const members = view.members
      .slice(0, TRACKER_MEMBERS_MAX)
      .map(({ health, id, name, rpc, zone, weight, phase, isCordoned }) => ({
        id,
        name,
        rpc,
        zone,
        weight,
        phase,
        isAlive: health === 'alive',
        isCordoned: isCordoned === true,
      }));
    return { clusterId, epoch: view.version, slotCount: SLOT_COUNT, members, self: self.id };
  }

  @MessagePattern(TRACKER_PATTERNS.clusterStatus)
  status(@Payload() _message: ClusterMessage): ClusterStatusReply {
    this.metrics.countMessage('cluster_status');
    const { self, pulse, presence } = this;
    const whyNotReady = presence.whyNotReady();
    return statusReply(this.#cluster(), { self, whyNotReady, eventLoopLagMs: pulse.eventLoopLagMs });
  }

  @MessagePattern(TRACKER_PATTERNS.clusterSlots)
  slots(@Payload() { from, countMax }: SlotsMessage): ClusterSlotsReply {
    this.metrics.countMessage('cluster_slots');
    return { slots: slotViews(this.#cluster(), from, countMax), slotCount: SLOT_COUNT };
  }

  @MessagePattern(TRACKER_PATTERNS.clusterDrain)
  drain(@Payload() { fence }: AdminMessage, @Ctx() context: RpcContext): Promise<DrainReply> {
    this.metrics.countMessage('cluster_drain');
    requireAdmin(context, 'let trackers hand over');
    return this.#cluster().orders.drain(fence);
  }

  @MessagePattern(TRACKER_PATTERNS.clusterRepair)
  repair(@Payload() { fence }: AdminMessage, @Ctx() context: RpcContext): Promise<RepairReply> {
    this.metrics.countMessage('cluster_repair');
    requireAdmin(context, 'let trackers compare their records');
    return this.#cluster().orders.repair(fence);
  }

  @MessagePattern(TRACKER_PATTERNS.clusterCordon)
  cordon(@Payload() { fence }: AdminMessage, @Ctx() context: RpcContext): Promise<CordonReply> {
    this.metrics.countMessage('cluster_cordon');
    requireAdmin(context, 'cordon trackers');
    return this.#cluster().orders.cordon(fence, true);
  }

  @MessagePattern(TRACKER_PATTERNS.clusterUncordon)
  uncordon(@Payload() { fence }: AdminMessage, @Ctx() context: RpcContext): Promise<CordonReply> {
    this.metrics.countMessage('cluster_uncordon');
    requireAdmin(context, 'uncordon trackers');
    return this.#cluster().orders.cordon(fence, false);
  }

  @MessagePattern(TRACKER_PATTERNS.clusterSnapshot)
  snapshot(@Payload() { fence, name }: SnapshotMessage, @Ctx() context: RpcContext): Promise<SnapshotReply> {
    this.metrics.countMessage('cluster_snapshot');
    requireAdmin(context, 'copy records');
    return this.#cluster().orders.snapshot(fence, name);
  }

  #cluster(): OpenCluster {
    const { cluster } = this.presence;
    if (cluster === undefined) throw new TrackerNotReadyError();
    return cluster;
  }
}
