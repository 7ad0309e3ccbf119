import type { Placement } from '../placement/placement.js';
import type { TrackerId } from '../record.js';
import type { Member } from './member.js';
import type { Roster } from './roster.js';
import type { ClusterView } from './view.js';

/** The roster and the placement that follows from it, as others see them. */
export class MembershipView implements ClusterView {
  #placedVersion = 0;

  constructor(
    private readonly roster: Roster,
    private readonly placement: Placement,
  ) {
    this.refresh();
  }

  get version(): number {
    return this.#placedVersion;
  }

  get members(): readonly Member[] {
    return this.roster.living;
  }

  member(id: TrackerId): Member | undefined {
    return this.roster.get(id);
  }

  ranking(slot: number): readonly TrackerId[] {
    return this.placement.ranking(slot);
  }

  owners(slot: number): readonly TrackerId[] {
    return this.placement.owners(slot);
  }

  pendingOwners(slot: number): readonly TrackerId[] {
    return this.placement.pendingOwners(slot);
  }

  /** Follows the roster. @returns Whether anything was new. */
  refresh(): boolean {
    if (this.#placedVersion === this.roster.version) return false;
    this.#placedVersion = this.roster.version;
    const takers = this.roster.living.filter(({ phase }) => phase !== 'leaving');
    this.placement.update(
      takers.map(({ id, zone, weight, phase }) => ({ id, zone, weight, isActive: phase === 'active' })),
    );
    return true;
  }
}
