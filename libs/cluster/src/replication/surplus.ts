import { EVERYWHERE } from '../placement/slot.js';
import type { TrackerId } from '../record.js';
import { decodeSlotDigests, encodeSlotDigests, type SlotDigest } from './digest-codec.js';
import type { Digest } from './digest-tree.js';
import { DROP_RECORDS_MAX, DROP_SLOTS_MAX, OFFER_SLOTS_MAX } from './limits.js';
import type { ReplicationContext } from './replication-context.js';

/** Offers that were not answered are repeated after this. */
const OFFER_INTERVAL_MS = 1_000;

/** While confirmations come, or this tracker wants to leave, the next slots follow sooner. */
const OFFER_INTERVAL_SHORT_MS = 100;

/**
 * A confirmation that others did not join in for so long is asked for again. As long as a silent tracker goes unnoticed:
 * what two owners confirmed that have died since must not be dropped while the third has the last copy.
 */
const CONFIRMATION_MS = 3_000;

interface Confirmation {
  /** What was held here when the owner had all of it. */
  readonly digest: Digest;
  /** Which process of the owner: one that restarted may have forgotten. */
  readonly startedAt: number;
  readonly atMs: number;
}

/**
 * Copies of slots that others own. Each is offered to all of its owners and dropped only when every one of them, as this
 * tracker sees them, confirmed that it owns the slot and has all that is held here, and nothing came since. However the views
 * of the members differ meanwhile, no record loses its last copies that way. Sending the records and deleting them would:
 * in simulation that lost hundreds of acknowledged writes in every run.
 */
export class Surplus {
  readonly #confirmed = new Map<number, Map<TrackerId, Confirmation>>();
  /** Where the next look begins, so that slots nobody confirms do not keep others waiting. */
  #cursor = 0;
  #offerAtMs = 0;
  #dropAtMs = 0;
  #isLeaving = false;
  /** Something was confirmed since the last look. */
  #hasNews = false;
  #slotCount = 0;
  /** A large slot that was confirmed, and of which a part is gone already. */
  #dropping: number | undefined;

  constructor(private readonly context: ReplicationContext) {}

  /** Slots held that others own, when last looked. */
  get slotCount(): number {
    return this.#slotCount;
  }

  /** Nothing is held that is not confirmed by all owners. Without any owner nobody can take it: then it is never so. */
  get isHandedOver(): boolean {
    for (let slot = 0; slot <= EVERYWHERE; slot += 1) {
      if (this.#isSurplus(slot) && !this.#isConfirmed(slot)) return false;
    }
    return true;
  }

  /** Ownership may have changed. @param dropAtMs Monotonic; until then everything is kept even if confirmed. */
  viewChanged(dropAtMs: number): void {
    this.#dropAtMs = Math.max(this.#dropAtMs, dropAtMs);
    this.#offerAtMs = Math.min(this.#offerAtMs, this.context.clock.monotonicMs() + OFFER_INTERVAL_SHORT_MS);
    for (const slot of this.#confirmed.keys()) if (!this.#isSurplus(slot)) this.#confirmed.delete(slot);
  }

  /** This tracker goes: whatever it holds is offered, and nothing dropped, for the disk is still there if it comes back. */
  leave(): void {
    this.#isLeaving = true;
    this.#dropping = undefined;
    this.#offerAtMs = 0;
  }

  /** A record came and was taken: nobody confirmed this one. What is left of a slot that is being dropped stays for now. */
  noteApplied(slot: number): void {
    if (slot === this.#dropping) this.#dropping = undefined;
  }

  /** Drops what is confirmed and offers what is not. @returns Slots dropped. */
  tick(): readonly number[] {
    const nowMs = this.context.clock.monotonicMs();
    if (this.#dropping !== undefined) return this.#dropOn(this.#dropping);
    if (nowMs < this.#offerAtMs) return [];
    const surplus = this.#look();
    this.#slotCount = surplus.length;
    const dropped = this.#isLeaving || nowMs < this.#dropAtMs ? [] : this.#dropSome(surplus);
    const isMoving = this.#hasNews || dropped.length > 0 || this.#isLeaving;
    this.#hasNews = false;
    this.#offer(surplus);
    this.#offerAtMs = nowMs + (isMoving ? OFFER_INTERVAL_SHORT_MS : OFFER_INTERVAL_MS);
    return dropped;
  }

  /** An owner has what was held here when it had that digest. */
  covered(from: TrackerId, bytes: Buffer): void {
    const { states, clock } = this.context;
    const startedAt = states.startedAt(from);
    if (startedAt === undefined) return;
    for (const { slot, isOwner, count, high, low } of decodeSlotDigests(bytes)) {
      if (!isOwner || !this.#isSurplus(slot)) continue;
      let confirmations = this.#confirmed.get(slot);
      if (confirmations === undefined) this.#confirmed.set(slot, (confirmations = new Map()));
      this.#hasNews = true;
      confirmations.set(from, { digest: { count, high, low }, startedAt, atMs: clock.monotonicMs() });
    }
  }

  /** Slots of others of which something is held, from the cursor on. */
  #look(): readonly number[] {
    const slots: number[] = [];
    for (let at = 0; at <= EVERYWHERE; at += 1) {
      const slot = (this.#cursor + at) % (EVERYWHERE + 1);
      if (this.#isSurplus(slot)) slots.push(slot);
    }
    return slots;
  }

  #isSurplus(slot: number): boolean {
    return this.context.table.digests.countOf(slot) > 0 && !this.context.states.isKeeper(slot);
  }

  #dropSome(surplus: readonly number[]): readonly number[] {
    const dropped: number[] = [];
    let left = DROP_RECORDS_MAX;
    for (const slot of surplus) {
      if (left <= 0 || dropped.length === DROP_SLOTS_MAX) break;
      if (!this.#isConfirmed(slot)) continue;
      left -= this.#dropPart(slot, left);
      if (this.#dropping === undefined) dropped.push(slot);
    }
    return dropped;
  }

  /** The next part of a slot, as long as those who confirmed it, a moment ago, are its owners and live. */
  #dropOn(slot: number): readonly number[] {
    const { view, states } = this.context;
    const isStillHeld = (owner: TrackerId): boolean => {
      const confirmation = this.#confirmed.get(slot)?.get(owner);
      if (confirmation === undefined || confirmation.startedAt !== states.startedAt(owner)) return false;
      return this.#isRecent(owner, confirmation);
    };
    const owners = view.owners(slot);
    if (states.isKeeper(slot) || owners.length === 0 || !owners.every(isStillHeld)) {
      this.#dropping = undefined;
      return [];
    }
    this.#dropPart(slot, DROP_RECORDS_MAX);
    return this.#dropping === undefined ? [slot] : [];
  }

  /** @returns How many went. What is left, if anything, is `#dropping` afterwards. */
  #dropPart(slot: number, limit: number): number {
    const { table, counters } = this.context;
    const count = table.dropSlot(slot, limit);
    counters.recordsDropped += count;
    this.#dropping = table.digests.countOf(slot) > 0 ? slot : undefined;
    if (this.#dropping === undefined) {
      this.#confirmed.delete(slot);
      counters.slotsDropped += 1;
    }
    return count;
  }

  #isConfirmed(slot: number): boolean {
    const owners = this.context.view.owners(slot);
    return owners.length > 0 && owners.every((owner) => this.#isConfirmedBy(slot, owner));
  }

  #isConfirmedBy(slot: number, owner: TrackerId): boolean {
    const confirmation = this.#confirmed.get(slot)?.get(owner);
    if (confirmation === undefined) return false;
    const { table, states } = this.context;
    return (
      table.digests.isEqual(slot, confirmation.digest) &&
      confirmation.startedAt === states.startedAt(owner) &&
      (this.#isLeaving || this.#isRecent(owner, confirmation))
    );
  }

  /** Nothing says that the owner went after it confirmed. */
  #isRecent(owner: TrackerId, { atMs }: Confirmation): boolean {
    const { clock, view } = this.context;
    return clock.monotonicMs() - atMs <= CONFIRMATION_MS && view.member(owner)?.health === 'alive';
  }

  /** To each owner what it has not confirmed, as much as one message takes. */
  #offer(surplus: readonly number[]): void {
    const { view, send, table, states } = this.context;
    const offers = new Map<TrackerId, SlotDigest[]>();
    for (const slot of surplus) {
      // Gone, or going.
      if (slot === this.#dropping || !this.#isSurplus(slot)) continue;
      for (const owner of view.owners(slot)) {
        if (this.#isConfirmedBy(slot, owner)) continue;
        const slots = offers.get(owner) ?? [];
        if (slots.length === OFFER_SLOTS_MAX) continue;
        slots.push({ slot, ...table.digests.slot(slot), ...states.standing(slot) });
        offers.set(owner, slots);
        this.#cursor = slot;
      }
    }
    for (const [owner, slots] of offers) send(owner, { kind: 'offer', slots: encodeSlotDigests(slots) });
  }
}
