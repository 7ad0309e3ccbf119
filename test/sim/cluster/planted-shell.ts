import {
  type ClusterMessage,
  type ClusterRecord,
  type ClusterView,
  EVERYWHERE,
  type ReplicaTable,
  type TrackerId,
} from '@panal/cluster';
import type { HybridClock } from '@panal/wire';
import { EPOCH_MS } from '../kernel/node-clock.js';
import type { PlantedBug } from './planted-bugs.js';

/** What a tracker shell without bugs does where a bug is planted: nothing. With one, the mistake. */
export class PlantedShell {
  readonly #waiting: { readonly token: number; readonly applyIdMin: number }[] = [];
  readonly #kept = new Set<number>();
  #applyIdLast = 0;
  #lamport = EPOCH_MS * 4096;

  constructor(readonly bug: PlantedBug | undefined) {}

  /** Messages kept for sending them again. */
  get keptCount(): number {
    return this.#kept.size;
  }

  stamp(hybridClock: HybridClock, nowMs: number): number {
    if (this.bug !== 'lamport stamps') return hybridClock.tick(nowMs);
    this.#lamport += 1;
    return this.#lamport;
  }

  /** Records that the node took, its own or those of others. */
  persisted(records: readonly ClusterRecord[]): void {
    for (const { clock } of records) this.#lamport = Math.max(this.#lamport, clock);
  }

  wrote(token: number): void {
    if (this.bug === 'ack at two') this.#waiting.push({ token, applyIdMin: this.#applyIdLast + 1 });
  }

  /** @returns Whether the message goes out. */
  sends(message: ClusterMessage): boolean {
    if (message.kind === 'apply') {
      this.#applyIdLast = message.id;
      if (this.bug === 'queue never drained') this.#kept.add(message.id);
    }
    return !(this.bug === 'no comparison' && message.kind === 'groups');
  }

  received(message: ClusterMessage, acknowledge: (token: number) => void): void {
    if (message.kind !== 'applied') return;
    this.#kept.delete(message.id);
    const isAnswered = this.#waiting.filter(({ applyIdMin }) => applyIdMin <= message.id);
    for (const one of isAnswered) {
      this.#waiting.splice(this.#waiting.indexOf(one), 1);
      acknowledge(one.token);
    }
  }

  /** Slots to forget because somebody else owns them now. */
  slotsToDrop(selfId: TrackerId, view: ClusterView, table: ReplicaTable): readonly number[] {
    if (this.bug !== 'drop before confirmation') return [];
    const slots: number[] = [];
    for (let slot = 0; slot <= EVERYWHERE; slot += 1) {
      const isKeeper = view.owners(slot).includes(selfId) || view.pendingOwners(slot).includes(selfId);
      if (!isKeeper && view.owners(slot).length >= 3 && table.recordCountIn(slot) > 0) slots.push(slot);
    }
    return slots;
  }
}
