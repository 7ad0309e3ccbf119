import type { ClusterView } from '../membership/view.js';
import { EVERYWHERE } from '../placement/slot.js';
import type { TrackerId } from '../record.js';
import { SLOTS_MAX } from './limits.js';

/** Who gets the writes of a slot. One object for all slots with the same owners, so that writes are gathered by it. */
export interface WriteTargets {
  /** Active owners. Their copies count. */
  readonly owners: readonly TrackerId[];
  /** All that are sent to at once: owners, those that will own it once they are active, and stand-ins for suspected owners. */
  readonly first: readonly TrackerId[];
}

const NOBODY: WriteTargets = { owners: [], first: [] };

/** Targets by slot, looked up once for each view. */
export class WriteTargetMap {
  readonly #bySlot: (WriteTargets | undefined)[] = Array.from({ length: SLOTS_MAX });
  readonly #same = new Map<string, WriteTargets>();
  #active: ReadonlySet<TrackerId> = new Set();
  #alive: ReadonlySet<TrackerId> = new Set();

  constructor(private view: ClusterView) {
    this.setView(view);
  }

  /** Whose copies count: active ones that are not known to be dead. */
  get active(): ReadonlySet<TrackerId> {
    return this.#active;
  }

  setView(view: ClusterView): void {
    this.view = view;
    this.#bySlot.fill(undefined);
    this.#same.clear();
    this.#active = new Set(view.owners(EVERYWHERE));
    this.#alive = new Set(view.members.filter(({ health }) => health === 'alive').map(({ id }) => id));
  }

  of(slot: number): WriteTargets {
    return this.#bySlot[slot] ?? this.#find(slot);
  }

  /** Who steps in next for a slot: the first of the ranking that lives and is not in `asked`. */
  standIn(slot: number, asked: readonly TrackerId[]): TrackerId | undefined {
    return this.view.ranking(slot).find((id) => this.#alive.has(id) && !asked.includes(id));
  }

  #find(slot: number): WriteTargets {
    const owners = this.view.owners(slot);
    const first = [...owners, ...this.view.pendingOwners(slot).filter((id) => !owners.includes(id))];
    for (const owner of owners) {
      const standIn = this.#alive.has(owner) ? undefined : this.standIn(slot, first);
      if (standIn !== undefined) first.push(standIn);
    }
    const key = first.join();
    const targets = this.#same.get(key) ?? (first.length === 0 ? NOBODY : { owners, first });
    this.#same.set(key, targets);
    this.#bySlot[slot] = targets;
    return targets;
  }
}
