import assert from 'node:assert';
import type { TrackerId } from '../record.js';
import { finish, murmur3 } from './murmur.js';
import { EVERYWHERE } from './slot.js';

const ROW_COUNT = EVERYWHERE + 1;
const CAPACITY_MIN = 8;
/** Up to so many changes at once move nodes within the rows that are there; more of them, and making rows anew is cheaper. */
const CHANGES_IN_PLACE_MAX = 8;

interface Contender {
  readonly id: TrackerId;
  readonly weight: number;
  readonly seedHigh: number;
  readonly seedLow: number;
}

/**
 * For every slot all nodes, best first. A node's rank depends on the slot, its id and its weight alone; so when one comes or
 * goes, the others keep their order (rendezvous hashing), and the chance to be first is in proportion to the weight.
 *
 * Rows are made when they are first read: for 200 nodes that spreads half a second of work, and one row is two bytes a node.
 * @see Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998; Schindelhauer and Schomaker,
 * "Weighted distributed hash tables", 2005 (logarithmic method)
 */
export class RendezvousOrder {
  readonly #contenders: (Contender | undefined)[] = [];
  readonly #indexes = new Map<TrackerId, number>();
  readonly #isMade = new Uint8Array(ROW_COUNT);
  #capacity = CAPACITY_MIN;
  #rows = new Uint16Array(ROW_COUNT * CAPACITY_MIN);

  get size(): number {
    return this.#indexes.size;
  }

  weightOf(id: TrackerId): number | undefined {
    const index = this.#indexes.get(id);
    return index === undefined ? undefined : this.#contenders[index]?.weight;
  }

  ids(): Iterable<TrackerId> {
    return this.#indexes.keys();
  }

  /** Takes nodes out, then others in; a node in both changes its weight. */
  change(removed: readonly TrackerId[], added: readonly { readonly id: TrackerId; readonly weight: number }[]): void {
    if (removed.length + added.length > CHANGES_IN_PLACE_MAX) this.#isMade.fill(0);
    for (const id of removed) this.#remove(id);
    for (const { id, weight } of added) this.#add(id, weight);
  }

  /** Makes the row of a slot, if need be. @returns Where it begins, for `indexAt`, until the next change. */
  begin(slot: number): number {
    assert(slot >= 0 && slot < ROW_COUNT, 'a slot is 0 to EVERYWHERE');
    if (this.#isMade[slot] === 0) this.#make(slot);
    return slot * this.#capacity;
  }

  /** The number of the node at a place of a row, best first: a small one, free again when the node goes. */
  indexAt(place: number): number {
    return this.#rows[place] ?? 0;
  }

  idOf(index: number): TrackerId {
    return this.#contender(index).id;
  }

  /** The number of a node that is there. */
  indexOf(id: TrackerId): number {
    const index = this.#indexes.get(id);
    assert(index !== undefined, 'only a known node has a number');
    return index;
  }

  #add(id: TrackerId, weight: number): void {
    assert(!this.#indexes.has(id) && weight > 0, 'a node is added once, with a weight');
    const bytes = Buffer.from(id, 'latin1');
    const contender = { id, weight, seedHigh: murmur3(bytes, 1), seedLow: murmur3(bytes, 2) };
    if (this.size === this.#capacity) this.#grow();
    const free = this.#contenders.indexOf(undefined);
    const index = free === -1 ? this.#contenders.length : free;
    this.#contenders[index] = contender;
    for (let slot = 0; slot < ROW_COUNT; slot += 1) if (this.#isMade[slot] === 1) this.#insert(slot, index, contender);
    this.#indexes.set(id, index);
  }

  #insert(slot: number, index: number, contender: Contender): void {
    const begin = slot * this.#capacity;
    const end = begin + this.size;
    const cost = costOf(contender, slot);
    let low = begin;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#contender(this.#rows[middle]);
      if (isBefore(costOf(other, slot), other.id, cost, contender.id)) low = middle + 1;
      else high = middle;
    }
    this.#rows.copyWithin(low + 1, low, end);
    this.#rows[low] = index;
  }

  #remove(id: TrackerId): void {
    const index = this.#indexes.get(id);
    assert(index !== undefined, 'only a known node is removed');
    for (let slot = 0; slot < ROW_COUNT; slot += 1) {
      if (this.#isMade[slot] === 0) continue;
      const begin = slot * this.#capacity;
      const end = begin + this.size;
      let at = begin;
      while (this.#rows[at] !== index) at += 1;
      this.#rows.copyWithin(at, at + 1, end);
    }
    this.#contenders[index] = undefined;
    this.#indexes.delete(id);
  }

  #make(slot: number): void {
    const costs = new Float64Array(this.#contenders.length);
    const order: number[] = [];
    for (const [index, contender] of this.#contenders.entries()) {
      if (contender === undefined) continue;
      costs[index] = costOf(contender, slot);
      order.push(index);
    }
    order.sort((a, b) => (costs[a] ?? 0) - (costs[b] ?? 0) || (this.#contender(a).id < this.#contender(b).id ? -1 : 1));
    this.#rows.set(order, slot * this.#capacity);
    this.#isMade[slot] = 1;
  }

  #grow(): void {
    const wider = new Uint16Array(ROW_COUNT * this.#capacity * 2);
    for (let slot = 0; slot < ROW_COUNT; slot += 1) {
      const row = this.#rows.subarray(slot * this.#capacity, (slot + 1) * this.#capacity);
      if (this.#isMade[slot] === 1) wider.set(row, slot * this.#capacity * 2);
    }
    this.#capacity *= 2;
    this.#rows = wider;
  }

  #contender(index: number | undefined): Contender {
    const contender = this.#contenders[index ?? -1];
    assert(contender !== undefined, 'rows name nodes that are there');
    return contender;
  }
}

/** The lower, the better: an exponential variable whose rate is the weight. */
function costOf({ weight, seedHigh, seedLow }: Contender, slot: number): number {
  const hash = finish(finish((slot + seedHigh) | 0) ^ seedLow);
  return -Math.log((hash + 0.5) / 0x1_0000_0000) / weight;
}

function isBefore(cost: number, id: TrackerId, otherCost: number, otherId: TrackerId): boolean {
  return cost < otherCost || (cost === otherCost && id < otherId);
}
