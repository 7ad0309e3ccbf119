import { SLOT_COUNT } from '@panal/cluster';
import type { ClusterStatusReply, SlotView } from '@panal/wire';
import type { TrackerSelf } from '../tracker-self.js';
import type { OpenCluster } from './open-cluster.js';

export interface StatusParts {
  readonly self: TrackerSelf;
  readonly whyNotReady: string | undefined;
  readonly eventLoopLagMs: number;
}

/** What `panal cluster status` shows of one tracker. */
export function statusReply(
  cluster: OpenCluster,
  { self, whyNotReady, eventLoopLagMs }: StatusParts,
): ClusterStatusReply {
  const { members, slots, counters, ...status } = cluster.node.status();
  const { writtenByCopies, ...counts } = counters;
  return {
    id: self.id,
    name: self.name,
    version: self.version,
    uptimeMs: self.uptimeMs(),
    whyNotReady: whyNotReady ?? null,
    members: members.map((member) => ({ ...member, clockOffsetMs: member.clockOffsetMs ?? null })),
    slots,
    recordCount: status.recordCount,
    pendingWrites: status.pendingWrites,
    pendingTransfers: status.pendingTransfers,
    eventLoopLagMs,
    clockOffsetMs: status.ownClockOffsetMs,
    counters: {
      ...counts,
      ...Object.fromEntries(writtenByCopies.map((count, copies) => [`writtenWith${copies}Copies`, count]).slice(1)),
    },
    diskTrouble: cluster.log?.trouble?.message ?? null,
  };
}

/** At most `countMax` slots from `from` on, as this tracker sees them. */
export function slotViews({ node, table }: OpenCluster, from: number, countMax: number): SlotView[] {
  const { view } = node;
  const count = Math.max(0, Math.min(countMax, SLOT_COUNT + 1 - from));
  return Array.from({ length: count }, (_, at) => {
    const slot = from + at;
    const owners = view.owners(slot).map((id) => view.member(id)?.name ?? id);
    return { slot, owners, recordCount: table.recordCountIn(slot), isAuthoritative: node.isAuthoritative(slot) };
  });
}
