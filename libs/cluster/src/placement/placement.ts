import type { TrackerId } from '../record.js';

/** Copies of every record, and so owners of every slot: two trackers may fail at once and nothing is lost. */
export const OWNER_COUNT = 3;

/** A tracker that takes data, or soon will. Leaving ones are not given to a placement. */
export interface PlacementNode {
  readonly id: TrackerId;
  readonly zone: string;
  /** Share of the slots it gets against others; above 0. */
  readonly weight: number;
  /** False: joining. It counts for `pendingOwners` only. */
  readonly isActive: boolean;
}

/**
 * Which trackers keep which slot. Trackers that are given the same nodes, in whatever order and by whatever steps, must come to
 * the same answer, and a change of one node should move as little as possible. Slots are 0 to EVERYWHERE.
 */
export interface Placement {
  /** Replaces the nodes; ids are unique. Only what differs from before may cost much. */
  update(nodes: readonly PlacementNode[]): void;
  /**
   * The owners, then all other active nodes in the order in which they stand in. Where the nodes are in OWNER_COUNT zones or
   * more, no two owners share one.
   */
  ranking(slot: number): readonly TrackerId[];
  /** The first OWNER_COUNT of the ranking, all of it for EVERYWHERE. Do not change the array. */
  owners(slot: number): readonly TrackerId[];
  /** The owners, were all that join active already. Do not change the array. */
  pendingOwners(slot: number): readonly TrackerId[];
}
