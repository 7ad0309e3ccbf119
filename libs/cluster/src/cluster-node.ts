import { type Clock, formatAddress, type HostPort, type Random } from '@panal/runtime';
import type { HybridClock } from '@panal/wire';
import { type ClusterMessage, isMembershipMessage } from './cluster-message.js';
import type { ClusterStatus, MemberStatus } from './cluster-status.js';
import type { GossipMessage } from './membership/gossip-message.js';
import type { Member } from './membership/member.js';
import { Membership, type MembershipEvent, type MembershipOptions } from './membership/membership.js';
import type { MembershipEffect } from './membership/membership-effect.js';
import type { ClusterView } from './membership/view.js';
import type { ClusterRecord, TrackerId } from './record.js';
import type { ReplicaTable } from './replica-table.js';
import type { ReplicationCounters } from './replication/counters.js';
import type { ReplicationEffect } from './replication/effects.js';
import { REPLICATION_DEFAULTS, type ReplicationOptions } from './replication/options.js';
import { Replication, type ReplicationEvent } from './replication/replication.js';

export interface ClusterNodeOptions {
  readonly self: MembershipOptions['self'];
  readonly clock: Clock;
  readonly random: Random;
  /** Of this process, shared with whoever stamps records. */
  readonly hybridClock: HybridClock;
  /** Filled from the disk before the first step, if there is something on it. Only the node changes it from then on. */
  readonly table: ReplicaTable;
  readonly config: ClusterNodeConfig;
}

export type ClusterNodeConfig = Omit<MembershipOptions, 'self' | 'clock' | 'random' | 'hybridClock'> & {
  /** What differs from REPLICATION_DEFAULTS. */
  readonly replication?: Partial<ReplicationOptions>;
};

export type NodeEvent =
  /** Every 20 to 50 ms. Time is read from the clock. */
  | { readonly kind: 'tick' }
  /** By TCP, in order, parsed by `parseClusterMessage`; `from` is who the link was proven to be. */
  | { readonly kind: 'message'; readonly from: TrackerId; readonly message: ClusterMessage }
  /** By UDP, parsed by `parseGossip`. */
  | { readonly kind: 'datagram'; readonly from: HostPort; readonly message: GossipMessage }
  /** A client's write, already stamped. Answered with `written` or `refused` and this token, sooner or later. */
  | { readonly kind: 'write'; readonly token: number; readonly records: readonly ClusterRecord[] }
  /** A millisecond or two after a write: sends what was gathered. The next tick does so as well. */
  | { readonly kind: 'flush' }
  /** The log has everything up to this sequence. */
  | { readonly kind: 'persisted'; readonly upTo: number }
  /** Hand over everything, then say `left`. Goes on serving meanwhile. */
  | { readonly kind: 'leave' }
  /** Compare everything with the other owners now, as an operator may ask. */
  | { readonly kind: 'repair' }
  /** No record shall depend on this tracker, which keeps and serves what it has; or an end to that. */
  | { readonly kind: 'cordon'; readonly isCordoned: boolean }
  | Extract<MembershipEvent, { readonly kind: 'local-health' | 'seeds' }>;

export type NodeEffect =
  | Exclude<MembershipEffect, { readonly kind: 'bootstrap' }>
  | ReplicationEffect
  /** Everything is handed over, or there is nobody to hand it to, and goodbye is said: the process may end. */
  | { readonly kind: 'left'; readonly isHandedOver: boolean };

/**
 * One tracker's part in the cluster: who the members are, and that every record is on three of them. Pure, with one writer:
 * `step` takes an event and returns what is to be done, in this order. A simulation runs many of them under one clock.
 */
export class ClusterNode {
  readonly #membership: Membership;
  readonly #replication: Replication;
  #effects: NodeEffect[] = [];
  #isLeaving = false;
  #hasLeft = false;
  #isFatal = false;
  #wasSynced = false;

  constructor(private readonly options: ClusterNodeOptions) {
    const { self, clock, random, hybridClock, table, config } = options;
    const { replication = {}, ...membership } = config;
    this.#membership = new Membership({ ...membership, self, clock, random, hybridClock });
    this.#replication = new Replication({
      selfId: self.id,
      clock,
      random,
      hybridClock,
      table,
      view: this.#membership.view,
      options: { ...REPLICATION_DEFAULTS, ...replication },
    });
  }

  get view(): ClusterView {
    return this.#membership.view;
  }

  get self(): Member {
    return this.#membership.self;
  }

  /** Who gives advice at present, as far as this tracker knows. Two at once are harmless. */
  get coordinator(): TrackerId | undefined {
    return this.#membership.coordinator;
  }

  get counters(): Readonly<ReplicationCounters> {
    return this.#replication.counters;
  }

  /** Active, and in sync for all slots it owns: readiness. */
  get isReady(): boolean {
    return this.self.phase === 'active' && this.#replication.isCaughtUp;
  }

  /** False: the clock of this machine is off that of most others. */
  get isClockHealthy(): boolean {
    return this.#membership.isClockHealthy;
  }

  /** Whether this tracker owns the slot and "not found" here means that there is nothing. @param slot 0 to EVERYWHERE */
  isAuthoritative(slot: number): boolean {
    return this.#replication.states.standing(slot).isSynced;
  }

  step(event: NodeEvent): readonly NodeEffect[] {
    if (this.#hasLeft || this.#isFatal) return [];
    // Writes come most often, and concern nobody else.
    if (event.kind === 'write' || event.kind === 'flush') return this.#replication.step(event);
    this.#handle(event);
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  status(): ClusterStatus {
    const { counts } = this.#replication.states;
    return {
      members: this.#memberStatuses(),
      slots: { ...counts, surplus: this.#replication.surplus.slotCount },
      recordCount: this.options.table.recordCount,
      pendingWrites: this.#replication.pendingCount,
      pendingTransfers: this.#replication.transferCount,
      isSynced: this.#replication.isCaughtUp,
      awareness: this.#membership.awareness,
      ownClockOffsetMs: this.#membership.ownClockOffsetMs,
      counters: this.#replication.counters,
    };
  }

  #handle(event: Exclude<NodeEvent, { readonly kind: 'write' | 'flush' }>): void {
    switch (event.kind) {
      case 'tick':
        this.#member(event);
        this.#replicate(event);
        return this.#advance();
      case 'message':
        if (isMembershipMessage(event.message)) this.#member({ ...event, message: event.message });
        else this.#replicate({ ...event, message: event.message });
        return;
      case 'persisted':
      case 'repair':
        return this.#replicate(event);
      case 'leave':
        return this.#leave();
      case 'datagram':
      case 'cordon':
      case 'local-health':
      case 'seeds':
        return this.#member(event);
    }
  }

  #member(event: MembershipEvent): void {
    for (const effect of this.#membership.step(event)) {
      if (effect.kind === 'bootstrap') this.#begin();
      else this.#effects.push(effect);
      if (effect.kind === 'view') this.#replicate({ kind: 'view' });
      if (effect.kind === 'fatal') this.#isFatal = true;
    }
  }

  #replicate(event: ReplicationEvent): void {
    for (const effect of this.#replication.step(event)) this.#effects.push(effect);
  }

  /** Nobody is active: whatever this tracker has is what there is, and the others that wait will learn from it. */
  #begin(): void {
    this.#replication.allowAlone();
    this.#member({ kind: 'phase', phase: 'active' });
  }

  /** From joining to active, once it has what it will own; from leaving to left, once others have what it holds. */
  #advance(): void {
    const { isCaughtUp } = this.#replication;
    const { phase } = this.self;
    if (phase === 'joining' && isCaughtUp && this.view.owners(0).length > 0) {
      this.#replication.allowAlone();
      this.#member({ kind: 'phase', phase: 'active' });
    }
    if (this.#isLeaving) this.#leaveIfDone();
    const isSynced = phase === 'active' && isCaughtUp;
    if (isSynced === this.#wasSynced) return;
    this.#wasSynced = isSynced;
    this.#member({ kind: 'synced', isSynced });
  }

  #leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#member({ kind: 'phase', phase: 'leaving' });
    this.#replicate({ kind: 'leave' });
  }

  /** Writes that were taken are answered first. With nobody left to take them the records stay on the disk only. */
  #leaveIfDone(): void {
    const isNobodyThere = this.view.owners(0).length === 0;
    const { isHandedOver } = this.#replication.surplus;
    if ((!isHandedOver && !isNobodyThere) || this.#replication.pendingCount > 0) return;
    this.#member({ kind: 'phase', phase: 'left' });
    this.#effects.push({ kind: 'left', isHandedOver });
    this.#hasLeft = true;
  }

  #memberStatuses(): readonly MemberStatus[] {
    const offsets = new Map(this.#membership.clockOffsets.map(({ id, offsetMs }) => [id, offsetMs]));
    const { coordinator } = this;
    const self = this.options.self.id;
    return this.#membership.roster
      .map(({ id, name, phase, health, zone, cluster, protocol, isCordoned }) => {
        const isSelf = id === self;
        const clockOffsetMs = isSelf ? 0 : offsets.get(id);
        const address = formatAddress(cluster);
        const standing = { phase, health, isCordoned: isCordoned === true, protocol };
        return { id, name, isSelf, isCoordinator: id === coordinator, ...standing, zone, address, clockOffsetMs };
      })
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }
}
