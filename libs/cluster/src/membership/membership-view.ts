import { type CordonableNode, CordonPlacement } from '../placement/cordon-placement.js';
import type { Placement } from '../placement/placement.js';
import type { TrackerId } from '../record.js';
import { areCordonsKnown, type Member } from './member.js';
import type { Roster } from './roster.js';
import type { ClusterView } from './view.js';

/** The roster and the placement that follows from it, as others see them. */
export class MembershipView implements ClusterView {
  #placedVersion = 0;
  #placementVersion = 0;
  #nodes: readonly CordonableNode[] = [];
  readonly #placement: CordonPlacement;

  constructor(
    private readonly roster: Roster,
    makePlacement: () => Placement,
  ) {
    this.#placement = new CordonPlacement(makePlacement);
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
    return this.#placement.ranking(slot);
  }

  owners(slot: number): readonly TrackerId[] {
    return this.#placement.owners(slot);
  }

  pendingOwners(slot: number): readonly TrackerId[] {
    return this.#placement.pendingOwners(slot);
  }

  /** Follows the roster. @returns Whether anything was new. */
  refresh(): boolean {
    if (this.#placedVersion === this.roster.version) return false;
    this.#placedVersion = this.roster.version;
    const { living } = this.roster;
    const isInForce = areCordonsKnown(living);
    const takers = living.filter(({ phase }) => phase !== 'leaving');
    this.#place(
      takers.map(({ id, zone, weight, phase, isCordoned }) => {
        return { id, zone, weight, isActive: phase === 'active', isCordoned: isInForce && isCordoned === true };
      }),
    );
    return true;
  }

  /** A suspicion and its end are frequent, and move nothing: what follows from the placement stays as it is. */
  #place(nodes: readonly CordonableNode[]): void {
    if (areSame(nodes, this.#nodes)) return;
    this.#nodes = nodes;
    this.#placementVersion += 1;
    this.#placement.update(nodes);
  }
}

function areSame(some: readonly CordonableNode[], others: readonly CordonableNode[]): boolean {
  return some.length === others.length && some.every((node, at) => isSame(node, others[at]));
}

function isSame(one: CordonableNode, other: CordonableNode | undefined): boolean {
  return (
    one.id === other?.id &&
    one.zone === other.zone &&
    one.weight === other.weight &&
    one.isActive === other.isActive &&
    one.isCordoned === other.isCordoned
  );
}
