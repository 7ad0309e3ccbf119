import type { TrackerId } from '../record.js';
import type { Member } from './member.js';

/** Who is in the cluster and who keeps what, as this tracker sees it now. A live object: read `version` to notice changes. */
export interface ClusterView {
  /** Local; grows with every change that matters to placement or health. */
  readonly version: number;
  /** Local; grows with the changes that move owners or stand-ins, which most changes of health do not. */
  readonly placementVersion: number;
  /** All but the dead and those who left, this tracker included, in the order of their ids. */
  readonly members: readonly Member[];
  /** Any known one, the dead and those who left included. */
  member(id: TrackerId): Member | undefined;
  /**
   * Owners, then stand-ins in the order in which they step in: active members, alive or suspect. Neither joining nor leaving
   * ones are in it. The three owners are in distinct zones where there are three. Cordoned trackers come after the others.
   * @param slot 0 to EVERYWHERE
   */
  ranking(slot: number): readonly TrackerId[];
  /**
   * The first OWNER_COUNT of the ranking, and beside them what cordoned trackers keep; all of it for EVERYWHERE. Empty when
   * nobody is active.
   */
  owners(slot: number): readonly TrackerId[];
  /** Owners as they will be once those joining are active. Writes go to these as well, but only active ones count. */
  pendingOwners(slot: number): readonly TrackerId[];
}
