import type { TrackerId } from '../record.js';
import { OWNER_COUNT, type Placement, type PlacementNode } from './placement.js';
import { RendezvousOrder } from './rendezvous-order.js';
import { EVERYWHERE } from './slot.js';

/** Nodes that count for one question, and in how many zones they are. */
class Crew {
  readonly zones = new Map<TrackerId, string>();
  readonly owners: (readonly TrackerId[] | undefined)[] = [];
  readonly isZoned: boolean;

  constructor(nodes: readonly PlacementNode[]) {
    for (const { id, zone } of nodes) this.zones.set(id, zone);
    this.isZoned = new Set(this.zones.values()).size >= OWNER_COUNT;
  }
}

/**
 * Placement by weighted rendezvous hashing: a tracker that comes takes its share evenly from all others, one that goes leaves
 * its share evenly to all, and nothing else moves. An owner is the best of its zone, and the owners are the best three zones;
 * so also with zones one change moves one copy at most. A zone with few trackers gets as much data as one with many.
 */
export class RendezvousPlacement implements Placement {
  readonly #order = new RendezvousOrder();
  #active = new Crew([]);
  #pending = this.#active;

  update(nodes: readonly PlacementNode[]): void {
    const wanted = new Map(nodes.map((node) => [node.id, node.weight]));
    const removed = [...this.#order.ids()].filter((id) => wanted.get(id) !== this.#order.weightOf(id));
    const gone = new Set(removed);
    const added = nodes.filter(({ id }) => gone.has(id) || this.#order.weightOf(id) === undefined);
    this.#order.change(removed, added);

    const active = nodes.filter(({ isActive }) => isActive);
    this.#active = new Crew(active);
    this.#pending = active.length === nodes.length ? this.#active : new Crew(nodes);
  }

  ranking(slot: number): readonly TrackerId[] {
    const ranked = [...this.owners(slot)];
    if (ranked.length === this.#active.zones.size) return ranked;
    const owners = new Set(ranked);
    this.#order.walk(slot, (id) => {
      if (this.#active.zones.has(id) && !owners.has(id)) ranked.push(id);
      return false;
    });
    return ranked;
  }

  owners(slot: number): readonly TrackerId[] {
    return this.#ownersIn(this.#active, slot);
  }

  pendingOwners(slot: number): readonly TrackerId[] {
    return this.#ownersIn(this.#pending, slot);
  }

  #ownersIn(crew: Crew, slot: number): readonly TrackerId[] {
    const known = crew.owners[slot];
    if (known !== undefined) return known;
    const owners = this.#chooseOwners(crew, slot);
    crew.owners[slot] = owners;
    return owners;
  }

  #chooseOwners(crew: Crew, slot: number): readonly TrackerId[] {
    const ownerCount = slot === EVERYWHERE ? crew.zones.size : OWNER_COUNT;
    const isZoned = crew.isZoned && slot !== EVERYWHERE;
    const owners: TrackerId[] = [];
    const taken = new Set<string>();
    this.#order.walk(slot, (id) => {
      const zone = crew.zones.get(id);
      if (zone === undefined || (isZoned && taken.has(zone))) return false;
      taken.add(zone);
      owners.push(id);
      return owners.length >= ownerCount;
    });
    return owners;
  }
}
