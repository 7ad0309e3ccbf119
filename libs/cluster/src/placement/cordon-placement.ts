import type { TrackerId } from '../record.js';
import type { Placement, PlacementNode } from './placement.js';

/** A tracker that may be told to count for nothing. */
export interface CordonableNode extends PlacementNode {
  readonly isCordoned: boolean;
}

/**
 * Placement with trackers that count for nothing and keep what is theirs. A slot has as many owners as ever among the others,
 * and beside them, as one more, each cordoned tracker that would own it if it were not: it goes on serving, nothing of it
 * moves when the cordon ends, and no copy is missed when it stops. As a stand-in it comes last.
 *
 * A function of the nodes alone, like any placement: what a tracker had when it was cordoned is nobody's memory.
 */
export class CordonPlacement implements Placement {
  readonly #all: Placement;
  /** Without the cordoned ones; the same as `#all` where there are none. */
  #free: Placement;
  #spare: Placement | undefined;
  #cordoned: ReadonlySet<TrackerId> = new Set();
  #owners: (readonly TrackerId[] | undefined)[] = [];
  #pendingOwners: (readonly TrackerId[] | undefined)[] = [];

  constructor(private readonly create: () => Placement) {
    this.#all = create();
    this.#free = this.#all;
  }

  update(nodes: readonly CordonableNode[]): void {
    this.#all.update(nodes);
    this.#cordoned = new Set(nodes.flatMap(({ id, isCordoned }) => (isCordoned ? [id] : [])));
    this.#owners = [];
    this.#pendingOwners = [];
    if (this.#cordoned.size === 0) {
      this.#free = this.#all;
      this.#spare = undefined;
      return;
    }
    this.#spare ??= this.create();
    this.#spare.update(nodes.filter(({ isCordoned }) => !isCordoned));
    this.#free = this.#spare;
  }

  ranking(slot: number): readonly TrackerId[] {
    if (this.#free === this.#all) return this.#all.ranking(slot);
    // A set keeps the order in which its members came.
    return [...new Set([...this.owners(slot), ...this.#free.ranking(slot), ...this.#all.ranking(slot)])];
  }

  owners(slot: number): readonly TrackerId[] {
    if (this.#free === this.#all) return this.#all.owners(slot);
    return (this.#owners[slot] ??= this.#beside(this.#free.owners(slot), this.#all.owners(slot)));
  }

  pendingOwners(slot: number): readonly TrackerId[] {
    if (this.#free === this.#all) return this.#all.pendingOwners(slot);
    return (this.#pendingOwners[slot] ??= this.#beside(this.#free.pendingOwners(slot), this.#all.pendingOwners(slot)));
  }

  #beside(free: readonly TrackerId[], natural: readonly TrackerId[]): readonly TrackerId[] {
    const beside = natural.filter((id) => this.#cordoned.has(id));
    return beside.length === 0 ? free : [...free, ...beside];
  }
}
