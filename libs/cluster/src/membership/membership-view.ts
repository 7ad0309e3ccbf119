import type { Placement, PlacementNode } from '../placement/placement.js';
import type { TrackerId } from '../record.js';
import type { Member } from './member.js';
import type { Roster } from './roster.js';
import type { ClusterView } from './view.js';

/** The roster and the placement that follows from it, as others see them. */
export class MembershipView implements ClusterView {
  #placedVersion = 0;
  #placementVersion = 0;
  #nodes: readonly PlacementNode[] = [];

  constructor(
    private readonly roster: Roster,
    private readonly placement: Placement,
  ) {
    this.refresh();
  }

  get version(): number {
    return this.#placedVersion;
  }

  get placementVersion(): number {
    return this.#placementVersion;
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
    this.#place(takers.map(({ id, zone, weight, phase }) => ({ id, zone, weight, isActive: phase === 'active' })));
    return true;
  }

  /** A suspicion and its end are frequent, and move nothing: what follows from the placement stays as it is. */
  #place(nodes: readonly PlacementNode[]): void {
    if (areSame(nodes, this.#nodes)) return;
    this.#nodes = nodes;
    this.#placementVersion += 1;
    this.placement.update(nodes);
  }
}

function areSame(some: readonly PlacementNode[], others: readonly PlacementNode[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ id, zone, weight, isActive }, at) => {
      const other = others[at];
      return other?.id === id && other.zone === zone && other.weight === weight && other.isActive === isActive;
    })
  );
}
