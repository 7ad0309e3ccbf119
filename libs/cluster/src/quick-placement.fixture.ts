import { OWNER_COUNT, type Placement, type PlacementNode } from './placement/placement.js';
import { EVERYWHERE } from './placement/slot.js';
import type { TrackerId } from './record.js';

/** A score for each slot. */
class Scores {
  static readonly #known = new Map<TrackerId, Uint32Array>();

  static of(id: TrackerId): Uint32Array {
    let scores = Scores.#known.get(id);
    if (scores === undefined) {
      const word = Number.parseInt(id.slice(0, 8), 16);
      scores = Uint32Array.from({ length: EVERYWHERE + 1 }, (_, slot) => scoreOf(word, slot));
      Scores.#known.set(id, scores);
    }
    return scores;
  }
}

/** Rankings by slot, of certain members. */
class Rankings {
  readonly #rankings: (readonly TrackerId[] | undefined)[] = [];
  readonly #owners: (readonly TrackerId[] | undefined)[] = [];
  readonly #scored: readonly { readonly id: TrackerId; readonly scores: Uint32Array }[];

  constructor(ids: readonly TrackerId[]) {
    this.#scored = ids.map((id) => ({ id, scores: Scores.of(id) }));
  }

  ranking(slot: number): readonly TrackerId[] {
    return (this.#rankings[slot] ??= this.#scored
      .toSorted((one, other) => (one.scores[slot] ?? 0) - (other.scores[slot] ?? 0))
      .map(({ id }) => id));
  }

  owners(slot: number): readonly TrackerId[] {
    return (this.#owners[slot] ??= slot === EVERYWHERE ? this.ranking(slot) : this.ranking(slot).slice(0, OWNER_COUNT));
  }
}

/** Rendezvous hashing with the cheapest of hashes, worked out once for all trackers that see the same members. */
export class QuickPlacement implements Placement {
  static readonly #known = new Map<string, Rankings>();
  #active = new Rankings([]);
  #pending = this.#active;

  update(nodes: readonly PlacementNode[]): void {
    this.#active = this.#rankings(nodes.filter(({ isActive }) => isActive));
    this.#pending = this.#rankings(nodes);
  }

  ranking(slot: number): readonly TrackerId[] {
    return this.#active.ranking(slot);
  }

  owners(slot: number): readonly TrackerId[] {
    return this.#active.owners(slot);
  }

  pendingOwners(slot: number): readonly TrackerId[] {
    return this.#pending.owners(slot);
  }

  #rankings(nodes: readonly PlacementNode[]): Rankings {
    const ids = nodes.map(({ id }) => id);
    const known = QuickPlacement.#known.get(ids.join());
    if (known !== undefined) return known;
    const rankings = new Rankings(ids);
    QuickPlacement.#known.set(ids.join(), rankings);
    return rankings;
  }
}

function scoreOf(word: number, slot: number): number {
  const mixed = Math.imul(word ^ Math.imul(slot + 1, 0x9e3779b1), 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) >>> 0;
}
