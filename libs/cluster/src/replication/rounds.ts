import { EVERYWHERE } from '../placement/slot.js';
import type { TrackerId } from '../record.js';
import { encodeGroups, encodeSlotDigests, GROUP_COUNT, GROUP_SIZE, type SlotDigest } from './digest-codec.js';
import { ASK_SLOTS_MAX, RECOUNT_RECORDS_MAX } from './limits.js';
import type { ReplicationContext } from './replication-context.js';
import type { SlotComparer } from './slot-comparer.js';
import { sumDigests } from './slot-server.js';

/** How often unsynced slots are looked at. */
const SYNC_INTERVAL_MS = 100;

/** A tracker that has not answered is asked again after this. */
const ASK_PATIENCE_MS = 1_000;

/** One slot is counted anew so often. */
const RECOUNT_INTERVAL_MS = 60_000;

/** Slots next to each other that two trackers own. */
interface SharedGroup {
  readonly group: number;
  readonly maskLow: number;
  readonly maskHigh: number;
  readonly slots: readonly number[];
}

/**
 * When what is compared with whom. All the time, every second or two, the slots shared with one other owner, chosen by
 * chance; right after something changed, and while slots are unsynced, those slots with whoever there is to learn from.
 */
export class Rounds {
  #roundAtMs = 0;
  #syncAtMs = 0;
  #recountAtMs: number;
  /** By tracker: when it was asked and has not answered yet. */
  readonly #askedAtMs = new Map<TrackerId, number>();
  readonly #shared = new Map<TrackerId, readonly SharedGroup[]>();
  /** The placement they were looked up in. */
  #sharedVersion = 0;
  #cursor = 0;
  #turn = 0;

  constructor(
    private readonly context: ReplicationContext,
    private readonly comparer: SlotComparer,
  ) {
    this.#recountAtMs = context.clock.monotonicMs() + RECOUNT_INTERVAL_MS;
  }

  /** The members changed: compare at once. */
  viewChanged(): void {
    this.#roundAtMs = 0;
    this.#syncAtMs = 0;
    this.#askedAtMs.clear();
    const { placementVersion } = this.context.view;
    if (placementVersion === this.#sharedVersion) return;
    this.#sharedVersion = placementVersion;
    this.#shared.clear();
  }

  /** The digests of a tracker came. */
  answered(from: TrackerId): void {
    this.#askedAtMs.delete(from);
  }

  tick(): void {
    const { clock, options, random, states } = this.context;
    const nowMs = clock.monotonicMs();
    if (states.unsyncedCount > 0 && nowMs >= this.#syncAtMs) {
      this.#syncAtMs = nowMs + SYNC_INTERVAL_MS;
      this.#sync(nowMs);
    }
    if (nowMs >= this.#roundAtMs) {
      this.#roundAtMs = nowMs + options.roundMs + random.below(Math.max(1, options.roundMs));
      this.#round();
    }
    if (nowMs >= this.#recountAtMs) {
      this.#recountAtMs = nowMs + RECOUNT_INTERVAL_MS;
      this.#recount();
    }
  }

  /** With one other owner: all slots both own, in groups. */
  #round(): void {
    const { view, random, send, selfId } = this.context;
    const others = view.owners(EVERYWHERE).filter((id) => id !== selfId && view.member(id)?.health === 'alive');
    const partner = others[others.length === 0 ? 0 : random.below(others.length)];
    if (partner === undefined) return;
    const groups = this.#sharedWith(partner).map((group) => ({ ...group, ...sumDigests(this.context, group.slots) }));
    if (groups.length > 0) send(partner, { kind: 'groups', groups: encodeGroups(groups) });
  }

  /** Looked up once for each view. */
  #sharedWith(partner: TrackerId): readonly SharedGroup[] {
    let shared = this.#shared.get(partner);
    if (shared === undefined) {
      const owned = (slots: readonly number[]): readonly number[] => {
        const { states, view } = this.context;
        return slots.filter((slot) => states.isOwner(slot) && view.owners(slot).includes(partner));
      };
      shared = groupsOf(owned);
      this.#shared.set(partner, shared);
    }
    return shared;
  }

  /** Asks about unsynced slots; slots with several sources ask them in turn. What everybody keeps comes first. */
  #sync(nowMs: number): void {
    const { view, selfId } = this.context;
    if (view.members.every(({ id }) => id === selfId || this.#isBusy(id, nowMs))) return;
    const asks = new Map<TrackerId, SlotDigest[]>();
    this.#turn += 1;
    this.#askAbout(EVERYWHERE, asks, nowMs);
    for (let at = 0; at < EVERYWHERE; at += 1) {
      const slot = (this.#cursor + at) % EVERYWHERE;
      if (!this.#askAbout(slot, asks, nowMs)) continue;
      this.#cursor = slot;
      break;
    }
    for (const [to, slots] of asks) {
      this.#askedAtMs.set(to, nowMs);
      this.context.send(to, { kind: 'ask', slots: encodeSlotDigests(slots) });
    }
  }

  /** @returns Whether there is no room for this slot, nor any after it. */
  #askAbout(slot: number, asks: Map<TrackerId, SlotDigest[]>, nowMs: number): boolean {
    const { states, table } = this.context;
    if (!states.isKeeper(slot) || states.isSynced(slot)) return false;
    const sources = states.sourcesLeft(slot);
    for (let at = 0; at < sources.length; at += 1) {
      const source = sources[(slot + this.#turn + at) % sources.length];
      if (source === undefined || this.#isBusy(source, nowMs)) continue;
      if (this.comparer.isComparing(source, slot)) return false;
      const slots = asks.get(source) ?? [];
      if (slots.length === ASK_SLOTS_MAX) continue;
      slots.push({ slot, ...table.digests.slot(slot), ...states.standing(slot) });
      asks.set(source, slots);
      return false;
    }
    return sources.length > 0 && asks.size > 0;
  }

  #isBusy(id: TrackerId, nowMs: number): boolean {
    const askedAtMs = this.#askedAtMs.get(id);
    return askedAtMs !== undefined && nowMs - askedAtMs < ASK_PATIENCE_MS;
  }

  /** Digests are changed step by step for days; memory that lies, or a bug, would go unnoticed and spread. */
  #recount(): void {
    const { table, random, counters } = this.context;
    const slot = random.below(EVERYWHERE);
    if (table.digests.countOf(slot) > RECOUNT_RECORDS_MAX) return;
    if (!table.digests.recount(slot, table.records(slot))) counters.digestsMended += 1;
  }
}

/** All groups, with those of their slots that `choose` leaves; without the groups it leaves nothing of. */
function groupsOf(choose: (slots: readonly number[]) => readonly number[]): readonly SharedGroup[] {
  const groups: SharedGroup[] = [];
  for (let group = 0; group < GROUP_COUNT; group += 1) {
    const first = group * GROUP_SIZE;
    const size = Math.min(GROUP_SIZE, EVERYWHERE + 1 - first);
    const slots = choose(Array.from({ length: size }, (_, at) => first + at));
    if (slots.length === 0) continue;
    let [maskLow, maskHigh] = [0, 0];
    for (const slot of slots) {
      const at = slot - first;
      if (at < 32) maskLow |= 1 << at;
      else maskHigh |= 1 << (at - 32);
    }
    groups.push({ group, maskLow: maskLow >>> 0, maskHigh: maskHigh >>> 0, slots });
  }
  return groups;
}
