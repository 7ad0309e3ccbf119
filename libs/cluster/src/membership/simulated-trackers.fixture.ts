import assert from 'node:assert';
import { type Clock, type HostPort, SeededRandom } from '@panal/runtime';
import { DATAGRAM_BODY_SIZE_MAX, HybridClock } from '@panal/wire';
import { pack, unpack } from 'msgpackr';
import type { TrackerId } from '../record.js';
import { parseGossip } from './gossip-message.js';
import { Membership, type MembershipEvent, type MembershipOptions } from './membership.js';
import type { MembershipEffect } from './membership-effect.js';
import { parseMembershipMessage } from './membership-message.js';

const START_MS = 1_760_000_000_000;
const TICK_MS = 50;
/** What a tracker needs to take over its data once another one is active. */
const SYNC_MS = 500;

interface Delivery {
  readonly atMs: number;
  readonly order: number;
  readonly to: string;
  readonly event: MembershipEvent;
}

export interface TrackerOptions
  extends Partial<Pick<MembershipOptions, 'clusterName' | 'bootstrapExpect' | 'protocols'>> {
  readonly host: string;
  readonly id?: TrackerId;
  readonly seeds?: readonly string[];
  readonly zone?: string;
  /** Wall clock against the true time. */
  readonly skewMs?: number;
}

/** One tracker process of the simulation. */
export class SimulatedTracker {
  readonly id: TrackerId;
  readonly address: HostPort;
  readonly membership: Membership;
  readonly effects: MembershipEffect[] = [];
  isRunning = true;
  isPaused = false;
  /** What arrived while it was paused; its socket keeps it. */
  readonly backlog: MembershipEvent[] = [];
  syncAtMs: number | undefined;
  tickAtMs: number;
  /** Where messages by TCP came from. */
  readonly links = new Map<TrackerId, HostPort>();

  constructor(
    readonly options: TrackerOptions & { readonly id: TrackerId },
    clock: Clock,
    random: SeededRandom,
    startMs: number,
  ) {
    this.id = options.id;
    this.address = addressOf(options.host);
    this.tickAtMs = startMs + random.below(TICK_MS);
    const hybridClock = new HybridClock();
    this.membership = new Membership({
      clusterName: options.clusterName ?? 'test',
      self: {
        id: options.id,
        name: options.host,
        startedAt: hybridClock.tick(clock.nowMs()),
        rpc: { host: options.host, port: 5555 },
        cluster: this.address,
        zone: options.zone ?? '',
        weight: 1,
        protocol: 1,
      },
      seeds: (options.seeds ?? []).map(addressOf),
      ...(options.bootstrapExpect === undefined ? {} : { bootstrapExpect: options.bootstrapExpect }),
      ...(options.protocols === undefined ? {} : { protocols: options.protocols }),
      clock,
      hybridClock,
      random,
    });
  }

  /** Living members in its view, by name, in the order of the names. */
  get sees(): string {
    return this.membership.view.members
      .map(({ name }) => name)
      .sort()
      .join(' ');
  }

  get fatal(): string | undefined {
    const effect = this.effects.find(({ kind }) => kind === 'fatal');
    return effect?.kind === 'fatal' ? effect.error.code : undefined;
  }

  healthOf(other: SimulatedTracker): string | undefined {
    return this.membership.view.member(other.id)?.health;
  }
}

/** Trackers on a network of their own, under a clock that moves when told to. */
export class SimulatedTrackers {
  readonly trackers: SimulatedTracker[] = [];
  /** Share of datagrams that are lost, in percent. */
  lossPercent = 0;
  /** Whether what one host sends does not arrive at the other. */
  isCut: (from: string, to: string) => boolean = () => false;
  /** Every "a tracker is dead" of anyone. */
  readonly deaths: { readonly of: string; readonly seenBy: string; readonly atMs: number }[] = [];
  readonly #random: SeededRandom;
  #nowMs = 0;
  #order = 0;
  #deliveries: Delivery[] = [];

  constructor(readonly seed: number) {
    this.#random = new SeededRandom(seed);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get running(): readonly SimulatedTracker[] {
    return this.trackers.filter(({ isRunning }) => isRunning);
  }

  start(options: TrackerOptions): SimulatedTracker {
    const skewMs = options.skewMs ?? 0;
    const clock: Clock = {
      nowMs: () => START_MS + this.#nowMs + skewMs,
      monotonicMs: () => this.#nowMs,
    };
    const random = new SeededRandom(this.#random.below(0x1_0000_0000));
    const id = options.id ?? this.#random.bytes(16).toString('hex');
    const tracker = new SimulatedTracker({ ...options, id }, clock, random, this.#nowMs);
    this.trackers.push(tracker);
    return tracker;
  }

  /** A cluster of t1, t2, ... that is whole. */
  startWhole(count: number, options: Partial<TrackerOptions> = {}): readonly SimulatedTracker[] {
    const hosts = Array.from({ length: count }, (_, at) => `t${at + 1}`);
    const started = hosts.map((host) => this.start({ ...options, host, seeds: hosts }));
    assert(
      this.runUntil(60_000, () => this.isWhole),
      `seed ${this.seed}: the cluster did not form`,
    );
    return started;
  }

  /** Everyone who runs is active and sees just those who run. */
  get isWhole(): boolean {
    const names = this.running
      .map(({ options }) => options.host)
      .sort()
      .join(' ');
    return this.running.every(
      ({ sees, membership }) =>
        sees === names &&
        membership.view.members.every(({ phase, health }) => phase === 'active' && health === 'alive'),
    );
  }

  kill(tracker: SimulatedTracker): void {
    tracker.isRunning = false;
  }

  pause(tracker: SimulatedTracker): void {
    tracker.isPaused = true;
  }

  /** As in Node, timers that are due come before what sockets have. */
  resume(tracker: SimulatedTracker): void {
    tracker.isPaused = false;
    this.#tick(tracker);
    for (const event of tracker.backlog.splice(0)) this.#step(tracker, event);
  }

  tell(tracker: SimulatedTracker, event: MembershipEvent): void {
    this.#step(tracker, event);
  }

  run(durationMs: number): void {
    this.runUntil(durationMs, () => false);
  }

  /** @returns Whether it came true within the time. */
  runUntil(durationMs: number, isTrue: () => boolean): boolean {
    const endMs = this.#nowMs + durationMs;
    while (this.#nowMs < endMs) {
      this.#nowMs += 5;
      this.#deliver();
      for (const tracker of this.running) if (!tracker.isPaused) this.#tick(tracker);
      if (this.#nowMs % TICK_MS === 0 && isTrue()) return true;
    }
    return isTrue();
  }

  #tick(tracker: SimulatedTracker): void {
    if (this.#nowMs < tracker.tickAtMs) return;
    tracker.tickAtMs = this.#nowMs + TICK_MS;
    this.#step(tracker, { kind: 'tick' });
    const { self, view } = tracker.membership;
    if (self.phase !== 'joining') return;
    if (view.members.some(({ phase }) => phase === 'active')) tracker.syncAtMs ??= this.#nowMs + SYNC_MS;
    if (this.#nowMs >= (tracker.syncAtMs ?? Number.POSITIVE_INFINITY)) this.#activate(tracker);
  }

  #activate(tracker: SimulatedTracker): void {
    this.#step(tracker, { kind: 'phase', phase: 'active' });
    this.#step(tracker, { kind: 'synced', isSynced: true });
  }

  #deliver(): void {
    const due = this.#deliveries.filter(({ atMs }) => atMs <= this.#nowMs);
    if (due.length === 0) return;
    this.#deliveries = this.#deliveries.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { to, event } of due.sort((a, b) => a.atMs - b.atMs || a.order - b.order)) {
      const receiver = this.running.find(({ options }) => options.host === to);
      if (receiver === undefined) continue;
      if (receiver.isPaused) receiver.backlog.push(event);
      else this.#step(receiver, event);
    }
  }

  #step(tracker: SimulatedTracker, event: MembershipEvent): void {
    for (const effect of tracker.membership.step(event)) {
      tracker.effects.push(effect);
      this.#perform(tracker, effect);
    }
  }

  #perform(tracker: SimulatedTracker, effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'datagram':
        return this.#datagram(tracker, effect);
      case 'send':
        return this.#send(tracker, effect);
      case 'bootstrap':
        tracker.syncAtMs = this.#nowMs;
        return;
      case 'log':
        if (effect.message !== 'a tracker is dead') return;
        this.deaths.push({ of: String(effect.fields.tracker), seenBy: tracker.options.host, atMs: this.#nowMs });
        return;
      case 'fatal':
        return this.kill(tracker);
      case 'view':
      case 'known-addresses':
        return;
    }
  }

  #datagram(tracker: SimulatedTracker, { to, message }: Extract<MembershipEffect, { kind: 'datagram' }>): void {
    const bytes = pack(message);
    assert(bytes.length <= DATAGRAM_BODY_SIZE_MAX, `a datagram of ${bytes.length} bytes`);
    if (this.#random.below(100) < this.lossPercent) return;
    this.#post(tracker, to, { kind: 'datagram', from: tracker.address, message: parseGossip(unpack(bytes)) });
  }

  #send(tracker: SimulatedTracker, { to, message }: Extract<MembershipEffect, { kind: 'send' }>): void {
    const address =
      typeof to === 'string' ? (tracker.links.get(to) ?? tracker.membership.view.member(to)?.cluster) : to;
    if (address === undefined) return;
    const parsed = parseMembershipMessage(unpack(pack(message)));
    const receiver = this.running.find(({ options }) => options.host === address.host);
    receiver?.links.set(tracker.id, tracker.address);
    this.#post(tracker, address, { kind: 'message', from: tracker.id, message: parsed });
  }

  #post(tracker: SimulatedTracker, { host }: HostPort, event: MembershipEvent): void {
    if (this.isCut(tracker.options.host, host)) return;
    this.#order += 1;
    const atMs = this.#nowMs + 1 + this.#random.below(5);
    this.#deliveries.push({ atMs, order: this.#order, to: host, event });
  }
}

function addressOf(host: string): HostPort {
  return { host, port: 5560 };
}
