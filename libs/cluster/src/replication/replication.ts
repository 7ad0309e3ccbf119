import type { Clock, Random } from '@panal/runtime';
import { PanalError } from '@panal/runtime';
import type { HybridClock } from '@panal/wire';
import type { Member } from '../membership/member.js';
import type { ClusterView } from '../membership/view.js';
import type { ClusterRecord, TrackerId } from '../record.js';
import type { ReplicaTable } from '../replica-table.js';
import { ReplicationCounters } from './counters.js';
import type { SlotStanding } from './digest-codec.js';
import type { Digest } from './digest-tree.js';
import type { ReplicationEffect } from './effects.js';
import { PURGE_PER_TICK_MAX } from './limits.js';
import { OfferDesk } from './offer-desk.js';
import type { ReplicationOptions } from './options.js';
import { PersistQueue } from './persist-queue.js';
import { decodeRecords } from './record-codec.js';
import { RecordIntake } from './record-intake.js';
import type { ReplicationContext } from './replication-context.js';
import type { Apply, ReplicationMessage } from './replication-message.js';
import { Rounds } from './rounds.js';
import { SlotComparer } from './slot-comparer.js';
import { SlotServer } from './slot-server.js';
import { SlotStates } from './slot-states.js';
import { Surplus } from './surplus.js';
import { TokenBucket } from './token-bucket.js';
import { TransferQueue } from './transfer-queue.js';
import { WriteCoordinator } from './write-coordinator.js';
import { WriteGroup } from './write-group.js';
import { WriteOutbox } from './write-outbox.js';

/** A step later than this after the last means that the process stood still, and may have missed what others did. */
const STALL_MS = 5_000;

/** Where nobody is synced, those that join have so long to bring what their disks have; then it goes on without them. */
const NEWCOMERS_MS = 30_000;

/** If more than one in three members goes at once it is the network rather than they: copies are kept for twice as long. */
const SPLIT_CAUTION = 2;

export type ReplicationEvent =
  | { readonly kind: 'tick' }
  /** Sends the writes gathered so far. Call it a millisecond or two after a write, or count on the tick. */
  | { readonly kind: 'flush' }
  | { readonly kind: 'message'; readonly from: TrackerId; readonly message: ReplicationMessage }
  | { readonly kind: 'write'; readonly token: number; readonly records: readonly ClusterRecord[] }
  /** The log has all up to this sequence. */
  | { readonly kind: 'persisted'; readonly upTo: number }
  /** The view says something else than at the last step. */
  | { readonly kind: 'view' }
  /** Compare everything with the other owners now. */
  | { readonly kind: 'repair' }
  /** From now on hand over whatever is held. */
  | { readonly kind: 'leave' };

export interface ReplicationParts {
  readonly selfId: TrackerId;
  readonly clock: Clock;
  readonly random: Random;
  readonly hybridClock: HybridClock;
  readonly table: ReplicaTable;
  readonly view: ClusterView;
  readonly options: ReplicationOptions;
}

/** How the members differ from before. */
interface MemberChanges {
  readonly restarted: ReadonlySet<TrackerId>;
  readonly gone: number;
  /** Slots may have other owners. */
  readonly hasMoved: boolean;
}

interface Letter {
  readonly to: TrackerId;
  readonly message: ReplicationMessage;
}

/**
 * Keeps records on the trackers that own them: acknowledges writes, compares copies, fills newcomers, hands over what others
 * own. Pure: events in, effects out, one writer. It knows members by the view only.
 */
export class Replication {
  readonly counters = new ReplicationCounters();
  readonly states: SlotStates;
  readonly surplus: Surplus;
  readonly #context: ReplicationContext;
  readonly #transfers = new Map<TrackerId, TransferQueue>();
  readonly #persist = new PersistQueue<WriteGroup | Letter>();
  readonly #intake: RecordIntake;
  readonly #outbox: WriteOutbox;
  readonly #coordinator: WriteCoordinator;
  readonly #comparer: SlotComparer;
  readonly #server: SlotServer;
  readonly #desk: OfferDesk;
  readonly #rounds: Rounds;
  /** Members at the last look. */
  #known = new Map<TrackerId, Member>();
  #canBeAlone = false;
  readonly #startedAtMs: number;
  #tickedAtMs: number;
  #effects: ReplicationEffect[] = [];

  constructor(private readonly parts: ReplicationParts) {
    const { selfId, clock, random, table, view, options, hybridClock } = parts;
    const { counters } = this;
    this.states = new SlotStates(selfId, view);
    const send = (to: TrackerId, message: ReplicationMessage): void =>
      void this.#effects.push({ kind: 'send', to, message });
    const transfersTo = (to: TrackerId): TransferQueue => this.#transfersTo(to);
    this.#context = { selfId, clock, random, table, view, states: this.states, options, counters, send, transfersTo };
    const context = this.#context;
    this.#intake = new RecordIntake({
      table,
      clock,
      hybridClock,
      counters,
      onApplied: (one) => {
        this.#persist.add(one);
        this.surplus.noteApplied(one.slot);
      },
    });
    this.#outbox = new WriteOutbox(clock, send);
    this.#coordinator = new WriteCoordinator({
      context,
      intake: this.#intake,
      outbox: this.#outbox,
      waitForDurable: (group) => this.#persist.waitForDurable(group),
      answer: (effect) => void this.#effects.push(effect),
    });
    this.#comparer = new SlotComparer(context, (from, slot, held) => this.#covered(from, slot, held));
    this.#server = new SlotServer(context);
    this.#desk = new OfferDesk({ context, sendWhenDurable: (to, message) => this.#sendWhenDurable(to, message) });
    this.#rounds = new Rounds(context, this.#comparer);
    this.surplus = new Surplus(context);
    this.#startedAtMs = clock.monotonicMs();
    this.#tickedAtMs = this.#startedAtMs;
  }

  /** Records of writes that wait for their copies. */
  get pendingCount(): number {
    return this.#coordinator.pendingCount;
  }

  /** Slots being compared, here and for others, and leaves and lists on their way to them. */
  get transferCount(): number {
    let count = this.#comparer.exchangeCount + this.#server.jobCount;
    for (const { jobCount } of this.#transfers.values()) count += jobCount;
    return count;
  }

  /** All that this tracker owns, or will own, was compared with whom to learn from and found complete. */
  get isCaughtUp(): boolean {
    return this.states.unsyncedCount === 0;
  }

  /**
   * Whether having nobody to compare with means that there is nothing to learn: the founder of a cluster says so, a tracker
   * that still looks for one does not.
   */
  allowAlone(): void {
    if (this.#canBeAlone) return;
    this.#canBeAlone = true;
    this.states.update(this.parts.view, true);
  }

  step(event: ReplicationEvent): readonly ReplicationEffect[] {
    this.#handle(event);
    // What a client wrote goes to the log with the next flush, as it goes to the other trackers.
    if (event.kind === 'write') return this.#take();
    this.#desk.flush();
    const persists = this.#persist.take();
    const effects = this.#take();
    return persists.length === 0 ? effects : [...persists, ...effects];
  }

  #take(): readonly ReplicationEffect[] {
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  #handle(event: ReplicationEvent): void {
    switch (event.kind) {
      case 'tick':
        return this.#tick();
      case 'flush':
        return this.#outbox.flush();
      case 'message':
        return this.#message(event.from, event.message);
      case 'write':
        return this.#coordinator.write(event.token, event.records);
      case 'persisted':
        for (const waiter of this.#persist.persisted(event.upTo)) this.#release(waiter);
        return;
      case 'view':
        return this.#viewChanged();
      case 'repair':
        return this.#rounds.viewChanged();
      case 'leave':
        return this.surplus.leave();
    }
  }

  #tick(): void {
    const { clock, table } = this.parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#tickedAtMs > STALL_MS) {
      this.states.unsyncAll();
      this.states.update(this.parts.view, this.#canBeAlone);
    }
    this.#tickedAtMs = nowMs;
    if (nowMs - this.#startedAtMs > NEWCOMERS_MS) this.states.waitNoMore(this.#canBeAlone);
    this.counters.recordsPurged += table.purge(clock.nowMs(), PURGE_PER_TICK_MAX);
    this.#coordinator.tick();
    this.#comparer.tick();
    this.#server.tick();
    this.#rounds.tick();
    const dropped = this.surplus.tick();
    if (dropped.length > 0) this.#effects.push({ kind: 'erase', slots: dropped });
    this.#outbox.flush();
    for (const to of this.#transfers.keys()) this.#pump(to);
  }

  #message(from: TrackerId, message: ReplicationMessage): void {
    try {
      this.#dispatch(from, message);
    } catch (error) {
      if (!(error instanceof PanalError)) throw error;
      this.counters.messagesInvalid += 1;
      const fields = { from, kind: message.kind, fault: error.message };
      this.#effects.push({ kind: 'log', level: 'warn', message: 'a message of another tracker was ignored', fields });
    }
    if (this.#transfers.has(from)) this.#pump(from);
  }

  #dispatch(from: TrackerId, message: ReplicationMessage): void {
    switch (message.kind) {
      case 'apply':
        return this.#apply(from, message);
      case 'applied':
        return this.#coordinator.applied(from, message.id, message.refused);
      case 'groups':
        return this.#server.groups(from, message.groups);
      case 'ask':
        return this.#server.ask(from, message.slots);
      case 'slots':
        this.#rounds.answered(from);
        return this.#comparer.slots(from, message.slots);
      case 'leaves':
        return this.#server.leaves(from, message.leaves);
      case 'versions':
        return this.#comparer.versions(from, message.lists);
      case 'fetch':
        return this.#server.fetch(from, message.keys);
      case 'push': {
        const { appliedCount, refusedSlots } = this.#intake.take(decodeRecords(message.records));
        this.counters.repairs += appliedCount;
        return this.#comparer.pushed(from, message.ends, refusedSlots);
      }
      case 'offer':
        return this.#desk.offer(from, message.slots, this.#comparer);
      case 'covered':
        return this.surplus.covered(from, message.slots);
    }
  }

  /** Answered once taken; with a durable record among them, once that is on disk. */
  #apply(from: TrackerId, { id, batches }: Apply): void {
    const refused: number[] = [];
    let isDurable = false;
    for (const [at, batch] of batches.entries()) {
      const records = decodeRecords(batch);
      isDurable ||= records.some(({ recordClass }) => recordClass === 'durable');
      if (this.#intake.take(records).refusedSlots.length > 0) refused.push(at);
    }
    const answer = { kind: 'applied', id, refused } as const;
    if (isDurable) this.#sendWhenDurable(from, answer);
    else this.#context.send(from, answer);
  }

  #covered(from: TrackerId, slot: number, held: Digest & SlotStanding): void {
    this.states.noteCovered(slot, from, held);
    this.#desk.covered(from, slot, held);
  }

  #sendWhenDurable(to: TrackerId, message: ReplicationMessage): void {
    if (!this.#persist.waitForDurable({ to, message })) this.#context.send(to, message);
  }

  #release(waiter: WriteGroup | Letter): void {
    if (waiter instanceof WriteGroup) this.#coordinator.selfHolds(waiter);
    else this.#context.send(waiter.to, waiter.message);
  }

  #viewChanged(): void {
    const { view, clock, options } = this.parts;
    const { restarted, gone, hasMoved } = this.#noteMembers();
    const isSplit = gone * 3 > this.#known.size + gone;
    const dropAtMs = clock.monotonicMs() + options.dropDelayMs * (isSplit ? SPLIT_CAUTION : 1);
    this.states.update(view, this.#canBeAlone);
    this.#coordinator.viewChanged(restarted);
    this.#desk.viewChanged();
    this.#rounds.viewChanged();
    this.surplus.viewChanged(hasMoved ? dropAtMs : 0);
    for (const id of this.#transfers.keys()) if (!this.#known.has(id)) this.#transfers.delete(id);
    this.#outbox.flush();
  }

  /** What is different since the last look. That somebody is suspected moves nothing. */
  #noteMembers(): MemberChanges {
    const known = new Map(this.parts.view.members.map((member) => [member.id, member]));
    const restarted = new Set<TrackerId>();
    let gone = 0;
    let hasMoved = known.size !== this.#known.size;
    for (const [id, former] of this.#known) {
      const now = known.get(id);
      if (now === undefined) gone += 1;
      else if (now.startedAt !== former.startedAt) restarted.add(id);
      if (now?.phase !== former.phase) hasMoved = true;
    }
    this.#known = known;
    return { restarted, gone, hasMoved };
  }

  #transfersTo(to: TrackerId): TransferQueue {
    let queue = this.#transfers.get(to);
    if (queue === undefined) {
      const { table, options, clock } = this.parts;
      const rate = options.transferBytesPerSecond;
      const bucket = new TokenBucket(rate, rate / 4, clock.monotonicMs());
      queue = new TransferQueue({ table, lives: options.lives, bucket, counters: this.counters });
      this.#transfers.set(to, queue);
    }
    return queue;
  }

  #pump(to: TrackerId): void {
    const { clock } = this.parts;
    this.#transfers
      .get(to)
      ?.pump(clock.nowMs(), clock.monotonicMs(), (message) => void this.#effects.push({ kind: 'send', to, message }));
  }
}
