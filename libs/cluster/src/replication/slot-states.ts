import type { ClusterView } from '../membership/view.js';
import { EVERYWHERE } from '../placement/slot.js';
import type { TrackerId } from '../record.js';
import type { SlotStanding } from './digest-codec.js';
import { COPY_COUNT, SLOTS_MAX } from './limits.js';

const NONE = 0;
const PENDING = 1;
const OWNER = 2;

export interface SlotCounts {
  /** Slots this tracker owns. */
  readonly owned: number;
  /** Slots it will own once it is active. */
  readonly pending: number;
  /** Of both, those that were compared with whom to learn from, and found complete. */
  readonly synced: number;
  /** Of the owned, those with fewer than COPY_COUNT owners. */
  readonly underReplicated: number;
}

/**
 * What this tracker is to each slot, and whether it knows all that the others do. A slot that was newly gained, and every
 * slot of a tracker that just started, is unsynced: "not found" there may be ignorance. It is synced once all that a synced
 * owner had is held as well; where no owner is synced, all that each of them had; where there is no other, at once.
 */
export class SlotStates {
  readonly #roles = new Uint8Array(SLOTS_MAX);
  readonly #synced = new Uint8Array(SLOTS_MAX);
  /** Whose copy of an unsynced slot was taken over, with the start of that process. */
  readonly #covered = new Map<number, Map<TrackerId, number>>();
  /** Start of the process of each member. */
  #startedAt: ReadonlyMap<TrackerId, number> = new Map();
  #placementVersion = -1;
  #isPatient = true;
  #unsyncedCount = 0;
  #counts: Omit<SlotCounts, 'synced'> = { owned: 0, pending: 0, underReplicated: 0 };

  constructor(
    private readonly selfId: TrackerId,
    private view: ClusterView,
  ) {}

  /** Slots owned, or soon to be, that are not yet synced. */
  get unsyncedCount(): number {
    return this.#unsyncedCount;
  }

  get counts(): SlotCounts {
    const { owned, pending } = this.#counts;
    return { ...this.#counts, synced: owned + pending - this.#unsyncedCount };
  }

  /** Start of the process of a member, as far as the view had it at the last update. */
  startedAt(id: TrackerId): number | undefined {
    return this.#startedAt.get(id);
  }

  isOwner(slot: number): boolean {
    return this.#roles[slot] === OWNER;
  }

  /** Owner now, or once it is active. */
  isKeeper(slot: number): boolean {
    return this.#roles[slot] !== NONE;
  }

  isSynced(slot: number): boolean {
    return this.#synced[slot] === 1;
  }

  standing(slot: number): SlotStanding {
    const isOwner = this.isOwner(slot);
    return { isOwner, isSynced: isOwner && this.isSynced(slot) };
  }

  /**
   * Takes the view as it is now.
   * @param canBeAlone Whether having nobody to learn from means that there is nothing to learn.
   */
  update(view: ClusterView, canBeAlone: boolean): void {
    this.view = view;
    this.#startedAt = new Map(view.members.map(({ id, startedAt }) => [id, startedAt]));
    if (view.placementVersion !== this.#placementVersion) this.#setRoles(view);
    if (this.#unsyncedCount > 0) this.#trySyncAll(canBeAlone);
  }

  /** From now on owners are enough to learn from: those that join had time. */
  waitNoMore(canBeAlone: boolean): void {
    if (!this.#isPatient) return;
    this.#isPatient = false;
    if (this.#unsyncedCount > 0) this.#trySyncAll(canBeAlone);
  }

  /** Forgets that anything was ever compared: after a pause nobody knows what was missed. */
  unsyncAll(): void {
    this.#covered.clear();
    this.#synced.fill(0);
    this.#unsyncedCount = this.#counts.owned + this.#counts.pending;
  }

  /**
   * Whom to learn an unsynced slot from: the other owners and, at first, those that will be. The latter matter when a whole
   * cluster starts again: nobody is synced then, and what one has on its disk no other may have.
   */
  sources(slot: number): readonly TrackerId[] {
    const owners = this.view.owners(slot);
    const pending = this.view.pendingOwners(slot);
    const others = owners.filter((id) => id !== this.selfId);
    if (pending !== owners && (this.#isPatient || owners.length === 0)) {
      for (const id of pending) if (id !== this.selfId && !owners.includes(id)) others.push(id);
    }
    return others;
  }

  /** Those of the sources whose copy is not taken over yet. */
  sourcesLeft(slot: number): readonly TrackerId[] {
    const covered = this.#covered.get(slot);
    const sources = this.sources(slot);
    return covered === undefined ? sources : sources.filter((id) => covered.get(id) !== this.#startedAt.get(id));
  }

  /** All that `from` holds of the slot is held here as well. */
  noteCovered(slot: number, from: TrackerId, { isOwner, isSynced }: SlotStanding): void {
    if (!this.isKeeper(slot) || this.isSynced(slot)) return;
    if (isOwner && isSynced) return this.#sync(slot);
    const startedAt = this.#startedAt.get(from);
    if (startedAt === undefined) return;
    let covered = this.#covered.get(slot);
    if (covered === undefined) this.#covered.set(slot, (covered = new Map()));
    covered.set(from, startedAt);
    if (this.sourcesLeft(slot).length === 0) this.#sync(slot);
  }

  #setRoles(view: ClusterView): void {
    this.#placementVersion = view.placementVersion;
    let owned = 0;
    let pending = 0;
    let underReplicated = 0;
    for (let slot = 0; slot < SLOTS_MAX; slot += 1) {
      const owners = view.owners(slot);
      const role = owners.includes(this.selfId)
        ? OWNER
        : view.pendingOwners(slot).includes(this.selfId)
          ? PENDING
          : NONE;
      this.#setRole(slot, role);
      if (role === OWNER) {
        owned += 1;
        if (owners.length < COPY_COUNT) underReplicated += 1;
      } else if (role === PENDING) pending += 1;
    }
    this.#counts = { owned, pending, underReplicated };
  }

  #setRole(slot: number, role: number): void {
    const former = this.#roles[slot] ?? NONE;
    if (former === role) return;
    this.#roles[slot] = role;
    if (former === NONE) this.#unsyncedCount += 1;
    else if (role === NONE) {
      if (!this.isSynced(slot)) this.#unsyncedCount -= 1;
      this.#synced[slot] = 0;
      this.#covered.delete(slot);
    }
  }

  #trySyncAll(canBeAlone: boolean): void {
    for (let slot = 0; slot <= EVERYWHERE; slot += 1) {
      if (!this.isKeeper(slot) || this.isSynced(slot)) continue;
      if (this.sourcesLeft(slot).length > 0) continue;
      if (canBeAlone || this.sources(slot).length > 0) this.#sync(slot);
    }
  }

  #sync(slot: number): void {
    this.#synced[slot] = 1;
    this.#unsyncedCount -= 1;
    this.#covered.delete(slot);
  }
}
