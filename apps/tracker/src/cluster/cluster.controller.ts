import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { SLOT_COUNT } from '@panal/cluster';
import {
  type ClusterMembersReply,
  type ClusterSlotsReply,
  type ClusterStatusReply,
  type DrainReply,
  type RepairReply,
  TRACKER_MEMBERS_MAX,
  TRACKER_PATTERNS,
} from '@panal/wire';
import { TrackerNotReadyError } from '../errors.js';
import { TrackerMetrics } from '../tracker-metrics.js';
import { TRACKER_SELF, type TrackerSelf } from '../tracker-self.js';
import { AdminMessage, ClusterMessage, SlotsMessage } from './cluster-messages.js';
import { ClusterPresence } from './cluster-presence.js';
import { ClusterPulse } from './cluster-pulse.js';
import { Fence } from './fence.js';
import type { OpenCluster } from './open-cluster.js';
import { slotViews, statusReply } from './status-reply.js';

/** Who the trackers are, and what an operator asks of them. */
@Controller()
export class ClusterController {
  readonly #fence = new Fence();

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
      .map(({ health, id, name, rpc, zone, weight, phase }) => ({
        id,
        name,
        rpc,
        zone,
        weight,
        phase,
        isAlive: health === 'alive',
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

  /** Hands everything over and owns nothing from now on. Answered at once; the status tells how far it is. */
  @MessagePattern(TRACKER_PATTERNS.clusterDrain)
  drain(@Payload() { fence }: AdminMessage): DrainReply {
    this.metrics.countMessage('cluster_drain');
    const { runtime, node } = this.#cluster();
    this.#fence.pass(fence);
    runtime.step({ kind: 'leave' });
    return { phase: node.self.phase };
  }

  /** Compares all that this tracker owns with the other owners again. */
  @MessagePattern(TRACKER_PATTERNS.clusterRepair)
  repair(@Payload() { fence }: AdminMessage): RepairReply {
    this.metrics.countMessage('cluster_repair');
    const { runtime, node } = this.#cluster();
    this.#fence.pass(fence);
    runtime.step({ kind: 'repair' });
    return { slotCount: node.status().slots.owned };
  }

  #cluster(): OpenCluster {
    const { cluster } = this.presence;
    if (cluster === undefined) throw new TrackerNotReadyError();
    return cluster;
  }
}
