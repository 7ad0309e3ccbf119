import type { TrackerId } from '../record.js';
import { decodeSlotDigests, encodeSlotDigests, type SlotDigest, type SlotStanding } from './digest-codec.js';
import type { Digest } from './digest-tree.js';
import type { ReplicationContext } from './replication-context.js';
import type { ReplicationMessage } from './replication-message.js';
import type { SlotComparer } from './slot-comparer.js';

export interface OfferDeskOptions {
  readonly context: ReplicationContext;
  /** Sends once all that this tracker took so far, and has to keep on disk, is there. */
  readonly sendWhenDurable: (to: TrackerId, message: ReplicationMessage) => void;
}

/**
 * The owner's side of a hand-over: takes what is offered, and says of which slots it has everything. Only of slots it owns,
 * in its own view: where views differ nobody confirms, and the copy stays where it is.
 */
export class OfferDesk {
  readonly #offered = new Map<TrackerId, Set<number>>();
  readonly #ready = new Map<TrackerId, SlotDigest[]>();

  constructor(private readonly options: OfferDeskOptions) {}

  /** Slots that were offered, the latest offer of each tracker only. */
  offer(from: TrackerId, bytes: Buffer, comparer: SlotComparer): void {
    const slots = decodeSlotDigests(bytes).filter(({ slot }) => this.options.context.states.isOwner(slot));
    this.#offered.set(from, new Set(slots.map(({ slot }) => slot)));
    comparer.compare(from, slots);
  }

  /** A slot of `from` was found to be held here. */
  covered(from: TrackerId, slot: number, held: Digest & SlotStanding): void {
    const { states } = this.options.context;
    if (this.#offered.get(from)?.delete(slot) !== true || !states.isOwner(slot)) return;
    const ready = this.#ready.get(from) ?? [];
    ready.push({ slot, count: held.count, high: held.high, low: held.low, ...states.standing(slot) });
    this.#ready.set(from, ready);
  }

  /** Forgets those who are gone. */
  viewChanged(): void {
    for (const id of this.#offered.keys()) {
      const health = this.options.context.view.member(id)?.health;
      if (health === undefined || health === 'dead' || health === 'left') this.#offered.delete(id);
    }
  }

  /** Sends what there is to confirm. */
  flush(): void {
    for (const [to, slots] of this.#ready) {
      this.options.sendWhenDurable(to, { kind: 'covered', slots: encodeSlotDigests(slots) });
    }
    this.#ready.clear();
  }
}
