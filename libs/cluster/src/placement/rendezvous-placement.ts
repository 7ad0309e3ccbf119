import type { TrackerId } from '../record.js';
import { OWNER_COUNT, type Placement, type PlacementNode } from './placement.js';
import { RendezvousOrder } from './rendezvous-order.js';
import { EVERYWHERE } from './slot.js';

/** A list of ids, and those that begin with it: few different lists for many slots. */
class Branch {
  readonly next: (Branch | undefined)[] = [];

  constructor(readonly ids: readonly TrackerId[]) {}
}

/** Nodes that count for one question, by their numbers in the order, and in how many zones they are. */
class Crew {
  readonly owners: (readonly TrackerId[] | undefined)[] = [];
  readonly root = new Branch([]);
  readonly size: number;
  readonly isZoned: boolean;
  /** By number: its zone, counted from 1; 0: not in the crew. */
  readonly #zones: number[] = [];

  constructor(nodes: readonly PlacementNode[], order: RendezvousOrder) {
    const zones = new Map<string, number>();
    for (const { id, zone } of nodes) {
      if (!zones.has(zone)) zones.set(zone, zones.size + 1);
      this.#zones[order.indexOf(id)] = zones.get(zone) ?? 0;
    }
    this.size = nodes.length;
    this.isZoned = zones.size >= OWNER_COUNT;
  }

  /** 0: this number is none of the crew. */
  zoneOf(index: number): number {
    return this.#zones[index] ?? 0;
  }
}

/**
 * Placement by weighted rendezvous hashing: a tracker that comes takes its share evenly from all others, one that goes leaves
 * its share evenly to all, and nothing else moves. An owner is the best of its zone, and the owners are the best three zones;
 * so also with zones one change moves one copy at most. A zone with few trackers gets as much data as one with many.
 */
export class RendezvousPlacement implements Placement {
  readonly #order = new RendezvousOrder();
  #active = new Crew([], this.#order);
  #pending = this.#active;

  update(nodes: readonly PlacementNode[]): void {
    const wanted = new Map(nodes.map((node) => [node.id, node.weight]));
    const removed = [...this.#order.ids()].filter((id) => wanted.get(id) !== this.#order.weightOf(id));
    const gone = new Set(removed);
    const added = nodes.filter(({ id }) => gone.has(id) || this.#order.weightOf(id) === undefined);
    this.#order.change(removed, added);

    const active = nodes.filter(({ isActive }) => isActive);
    this.#active = new Crew(active, this.#order);
    this.#pending = active.length === nodes.length ? this.#active : new Crew(nodes, this.#order);
  }

  ranking(slot: number): readonly TrackerId[] {
    const owners = this.owners(slot);
    if (owners.length === this.#active.size) return owners;
    const ranked = [...owners];
    const begin = this.#order.begin(slot);
    for (let place = begin; place < begin + this.#order.size; place += 1) {
      const index = this.#order.indexAt(place);
      const id = this.#order.idOf(index);
      if (this.#active.zoneOf(index) > 0 && !owners.includes(id)) ranked.push(id);
    }
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
    const ownerCount = slot === EVERYWHERE ? crew.size : Math.min(OWNER_COUNT, crew.size);
    const isZoned = crew.isZoned && slot !== EVERYWHERE;
    const taken: number[] = [];
    const begin = this.#order.begin(slot);
    let branch = crew.root;
    for (let place = begin; branch.ids.length < ownerCount; place += 1) {
      const index = this.#order.indexAt(place);
      const zone = crew.zoneOf(index);
      if (zone === 0 || (isZoned && taken.includes(zone))) continue;
      if (isZoned) taken.push(zone);
      branch = branch.next[index] ??= new Branch([...branch.ids, this.#order.idOf(index)]);
    }
    return branch.ids;
  }
}
