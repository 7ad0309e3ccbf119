import assert from 'node:assert';
import { type Clock, type HostPort, type PanalError, SeededRandom } from '@panal/runtime';
import { HybridClock, PROTOCOL_VERSION, versionsUpTo } from '@panal/wire';
import { pack, unpack } from 'msgpackr';
import { parseClusterMessage } from './cluster-message.js';
import { ClusterNode, type NodeEffect, type NodeEvent } from './cluster-node.js';
import { parseGossip } from './membership/gossip-message.js';
import { MemoryReplicaTable } from './memory-replica-table.js';
import { OWNER_COUNT, type Placement, type PlacementNode } from './placement/placement.js';
import { EVERYWHERE, slotOf } from './placement/slot.js';
import { type ClusterRecord, compareRecords, originOf, type TrackerId } from './record.js';
import { REPLICATION_DEFAULTS, type ReplicationOptions } from './replication/options.js';

const START_MS = 1_760_000_000_000;
const TICK_MS = 25;
const FLUSH_MS = 2;
const DISK_MS = 5;
const SEED = { high: 0x0bad_cafe, low: 0x5eed_5eed };

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

/** A write of a client and what came of it. */
export interface SimulatedWrite {
  readonly records: readonly ClusterRecord[];
  readonly atMs: number;
  copies?: number;
  error?: PanalError;
  answeredAtMs?: number;
}

export interface TrackerOptions {
  readonly name: string;
  readonly seeds: readonly string[];
  readonly zone?: string;
  readonly skewMs?: number;
  /** Highest version of the protocol it speaks; that of this release unless said otherwise. */
  readonly protocolMax?: number;
  /** That of a former process. */
  readonly id?: TrackerId;
  /** What a former process left on the disk. */
  readonly disk?: readonly ClusterRecord[];
}

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
class QuickPlacement implements Placement {
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

/** One process. After `kill` it does nothing any more, and what it had in memory and in flight is gone. */
export class SimulatedTracker {
  readonly table = new MemoryReplicaTable({ seed: SEED, lives: REPLICATION_DEFAULTS.lives });
  readonly hybridClock = new HybridClock();
  readonly node: ClusterNode;
  readonly effects: NodeEffect[] = [];
  readonly writes = new Map<number, SimulatedWrite>();
  readonly disk = new Map<string, ClusterRecord>();
  isRunning = true;
  hasLeft = false;
  isFlushPlanned = false;

  constructor(
    readonly id: TrackerId,
    readonly options: TrackerOptions,
    replication: Partial<ReplicationOptions>,
    readonly clock: Clock,
    random: SeededRandom,
  ) {
    for (const record of options.disk ?? []) {
      this.table.apply(record, clock.nowMs());
      this.keep(record);
    }
    this.node = new ClusterNode({
      self: {
        id,
        name: options.name,
        startedAt: this.hybridClock.tick(clock.nowMs()),
        rpc: { host: options.name, port: 5555 },
        cluster: { host: options.name, port: 5560 },
        zone: options.zone ?? '',
        weight: 1,
        protocol: options.protocolMax ?? PROTOCOL_VERSION,
      },
      clock,
      random,
      hybridClock: this.hybridClock,
      table: this.table,
      config: {
        clusterName: 'test',
        protocols: versionsUpTo(options.protocolMax ?? PROTOCOL_VERSION),
        seeds: options.seeds.map(addressOf),
        replication,
        makePlacement: () => new QuickPlacement(),
      },
    });
  }

  get name(): string {
    return this.options.name;
  }

  keep(record: ClusterRecord): void {
    const key = `${record.slot} ${record.key.toString('hex')}`;
    const former = this.disk.get(key);
    if (former === undefined || compareRecords(record, former) > 0) this.disk.set(key, record);
  }

  holds(record: ClusterRecord): boolean {
    const held = this.table.get(record.key, record.slot);
    return held !== undefined && compareRecords(held, record) >= 0;
  }
}

/** Whole trackers on a network of their own, under a clock that moves when told to. Its seed replays it. */
export class SimulatedCluster {
  readonly trackers: SimulatedTracker[] = [];
  /** What one sends does not arrive at the other; links break. */
  isCut: (from: string, to: string) => boolean = () => false;
  /** Added to the way of every message of a link. */
  delayMs: (from: string, to: string) => number = () => 0;
  /** Whether a disk writes; it never says so when it does not. */
  isDiskWorking: (name: string) => boolean = () => true;
  /** What a node sees of its own effects; a planted bug changes them. */
  onEffect: (tracker: SimulatedTracker, effect: NodeEffect) => void = () => undefined;
  readonly #random: SeededRandom;
  readonly #lastArrival = new Map<string, number>();
  readonly #due: Due[] = [];
  #nowMs = 0;
  #order = 0;
  #token = 0;

  constructor(
    readonly seed: number,
    private readonly replication: Partial<ReplicationOptions> = {},
  ) {
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
    const clock: Clock = { nowMs: () => START_MS + this.#nowMs + skewMs, monotonicMs: () => this.#nowMs };
    const id = options.id ?? this.#random.bytes(16).toString('hex');
    const random = new SeededRandom(this.#random.below(0x1_0000_0000));
    const tracker = new SimulatedTracker(id, options, this.replication, clock, random);
    this.trackers.push(tracker);
    this.#tickLater(tracker, this.#random.below(TICK_MS));
    return tracker;
  }

  /** t1, t2, ..., whole and in sync. */
  startWhole(count: number, options: Partial<TrackerOptions> = {}): readonly SimulatedTracker[] {
    const names = Array.from({ length: count }, (_, at) => `t${at + 1}`);
    const trackers = names.map((name) => this.start({ ...options, name, seeds: names }));
    this.expectSoon('the cluster is whole', () => this.isWhole, 60_000);
    return trackers;
  }

  /** Another process with the id of a former one. @param keeps What it finds: its disk, or nothing. */
  restart(
    tracker: SimulatedTracker,
    keeps: 'disk' | 'nothing',
    changes: Partial<TrackerOptions> = {},
  ): SimulatedTracker {
    this.kill(tracker);
    const disk = keeps === 'disk' ? [...tracker.disk.values()] : [];
    const seeds = this.trackers.map(({ name }) => name);
    return this.start({ ...tracker.options, id: tracker.id, seeds, disk, ...changes });
  }

  kill(tracker: SimulatedTracker): void {
    tracker.isRunning = false;
  }

  /** Everyone who runs is active, in sync, and sees just those who run. */
  get isWhole(): boolean {
    const names = this.running.map(({ name }) => name).sort();
    return this.running.every(({ node }) => {
      const seen = node.view.members.map(({ name }) => name).sort();
      const isSettled = node.view.members.every(({ phase, health }) => phase === 'active' && health === 'alive');
      return node.isReady && isSettled && seen.join() === names.join();
    });
  }

  /** All owners of each slot have the same, and nobody else has anything of it. */
  get isConverged(): boolean {
    if (!this.isWhole) return false;
    const [first] = this.running;
    if (first === undefined) return true;
    for (let slot = 0; slot <= EVERYWHERE; slot += 1) {
      const owners = first.node.view.owners(slot);
      let model: { high: number; low: number; count: number } | undefined;
      for (const { id, table } of this.running) {
        if (!owners.includes(id)) {
          if (table.digests.countOf(slot) > 0) return false;
          continue;
        }
        model ??= table.digests.slot(slot);
        if (!table.digests.isEqual(slot, model)) return false;
      }
    }
    return true;
  }

  /** @param rest `slot` and what else is not as usual. */
  record(tracker: SimulatedTracker, key: string, rest: Partial<ClusterRecord> = {}): ClusterRecord {
    const bytes = Buffer.from(key);
    const isDead = rest.isDead ?? false;
    return {
      key: bytes,
      slot: slotOf(bytes),
      recordClass: 'soft',
      clock: tracker.hybridClock.tick(tracker.clock.nowMs()),
      origin: originOf(tracker.id),
      isDead,
      serveUntilMs: isDead ? 0 : tracker.clock.nowMs() + 600_000,
      value: isDead ? Buffer.alloc(0) : Buffer.from(`value of ${key}`),
      ...rest,
    };
  }

  write(tracker: SimulatedTracker, records: readonly ClusterRecord[]): SimulatedWrite {
    this.#token += 1;
    const token = this.#token;
    const write: SimulatedWrite = { records, atMs: this.#nowMs };
    tracker.writes.set(token, write);
    this.step(tracker, { kind: 'write', token, records });
    if (!tracker.isFlushPlanned) {
      tracker.isFlushPlanned = true;
      this.#later(FLUSH_MS, () => {
        tracker.isFlushPlanned = false;
        this.step(tracker, { kind: 'flush' });
      });
    }
    return write;
  }

  /** Writes one record of each key, and waits for the answers. */
  fill(
    tracker: SimulatedTracker,
    keys: readonly string[],
    rest: Partial<ClusterRecord> = {},
  ): readonly ClusterRecord[] {
    const writes = keys.map((key) => this.write(tracker, [this.record(tracker, key, rest)]));
    this.expectSoon('all writes are answered', () => writes.every(({ answeredAtMs }) => answeredAtMs !== undefined));
    return writes.flatMap(({ records }) => records);
  }

  holders(record: ClusterRecord): readonly SimulatedTracker[] {
    return this.running.filter((tracker) => tracker.holds(record));
  }

  owners(record: ClusterRecord): readonly SimulatedTracker[] {
    const [first] = this.running;
    return (first?.node.view.owners(record.slot) ?? []).map((id) => this.byId(id));
  }

  byId(id: TrackerId): SimulatedTracker {
    const tracker = this.trackers.findLast((one) => one.id === id);
    assert(tracker !== undefined);
    return tracker;
  }

  run(durationMs: number): void {
    this.runUntil(durationMs, () => false);
  }

  /** @returns Whether it came true within the time. It is looked at every 50 ms. */
  runUntil(durationMs: number, isTrue: () => boolean): boolean {
    const endMs = this.#nowMs + durationMs;
    let lookMs = this.#nowMs + 50;
    while (this.#nowMs < endMs) {
      const next = this.#due[0];
      if (next !== undefined && next.atMs <= Math.min(lookMs, endMs)) {
        this.#pop();
        this.#nowMs = next.atMs;
        next.act();
        continue;
      }
      this.#nowMs = Math.min(lookMs, endMs);
      lookMs += 50;
      if (isTrue()) return true;
    }
    return isTrue();
  }

  expectSoon(what: string, isTrue: () => boolean, withinMs = 30_000): void {
    assert(
      this.runUntil(withinMs, isTrue),
      `SEED=${this.seed}: not within ${withinMs} ms: ${what}\n${this.describe()}`,
    );
  }

  /** For messages of assertions. */
  describe(): string {
    const [first] = this.running;
    const lines = this.running.map((tracker) => {
      const { name, id, node, table } = tracker;
      const seen = node.view.members.map((one) => `${one.name} ${one.phase} ${one.health}`).join(', ');
      const { slots, pendingTransfers, counters } = node.status();
      const surplus = Array.from({ length: EVERYWHERE + 1 }, (_, slot) => slot).filter(
        (slot) => table.digests.countOf(slot) > 0 && first?.node.view.owners(slot).includes(id) !== true,
      );
      const state = JSON.stringify({ slots, pendingTransfers, surplus: surplus.slice(0, 5), counters });
      return `${name} sees ${seen}; ${state}`;
    });
    return lines.join('\n');
  }

  step(tracker: SimulatedTracker, event: NodeEvent): void {
    if (!tracker.isRunning) return;
    for (const effect of tracker.node.step(event)) {
      tracker.effects.push(effect);
      if (tracker.effects.length > 2_000) tracker.effects.splice(0, 1_000);
      this.onEffect(tracker, effect);
      this.#perform(tracker, effect);
    }
  }

  #perform(tracker: SimulatedTracker, effect: NodeEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(tracker, effect.to, Buffer.from(pack(effect.message)));
      case 'datagram': {
        const message = parseGossip(unpack(pack(effect.message)));
        return this.#arrive(tracker.name, effect.to.host, this.#delay(tracker.name, effect.to.host), (receiver) =>
          this.step(receiver, { kind: 'datagram', from: addressOf(tracker.name), message }),
        );
      }
      case 'persist':
        return this.#persist(tracker, effect);
      case 'erase':
        for (const key of tracker.disk.keys()) {
          if (effect.slots.includes(Number(key.split(' ')[0]))) tracker.disk.delete(key);
        }
        return;
      case 'written':
      case 'refused': {
        const write = tracker.writes.get(effect.token);
        assert(write !== undefined && write.answeredAtMs === undefined, 'a write is answered once');
        write.answeredAtMs = this.#nowMs;
        if (effect.kind === 'written') write.copies = effect.copies;
        else write.error = effect.error;
        return;
      }
      case 'left':
        tracker.hasLeft = true;
        return;
      case 'fatal':
        return this.kill(tracker);
      case 'view':
      case 'known-addresses':
      case 'log':
        return;
    }
  }

  #persist(tracker: SimulatedTracker, { sequence, records }: Extract<NodeEffect, { kind: 'persist' }>): void {
    this.#later(DISK_MS, () => {
      if (!tracker.isRunning || !this.isDiskWorking(tracker.name)) return;
      for (const record of records) tracker.keep(record);
      this.step(tracker, { kind: 'persisted', upTo: sequence });
    });
  }

  #send(tracker: SimulatedTracker, to: TrackerId | HostPort, bytes: Buffer): void {
    const host = typeof to === 'string' ? tracker.node.view.member(to)?.name : to.host;
    if (host === undefined) return;
    const way = `${tracker.name} ${host}`;
    const atMs = Math.max(this.#lastArrival.get(way) ?? 0, this.#nowMs + this.#delay(tracker.name, host));
    this.#lastArrival.set(way, atMs);
    const message = parseClusterMessage(unpack(bytes));
    this.#arrive(tracker.name, host, atMs - this.#nowMs, (receiver) =>
      this.step(receiver, { kind: 'message', from: tracker.id, message }),
    );
  }

  /** Arrives if the sender lives until then, as when a machine dies with all that is in its buffers. */
  #arrive(from: string, to: string, afterMs: number, act: (receiver: SimulatedTracker) => void): void {
    const sender = this.running.find(({ name }) => name === from);
    const target = this.running.find(({ name }) => name === to);
    if (this.isCut(from, to) || target === undefined) return;
    this.#later(afterMs, () => {
      if (sender?.isRunning === true && target.isRunning && !this.isCut(from, to)) act(target);
    });
  }

  #delay(from: string, to: string): number {
    return 0.2 + this.#random.below(1000) / 500 + this.delayMs(from, to);
  }

  #tickLater(tracker: SimulatedTracker, afterMs: number): void {
    this.#later(afterMs, () => {
      if (!tracker.isRunning || tracker.hasLeft) return;
      this.step(tracker, { kind: 'tick' });
      this.#tickLater(tracker, TICK_MS);
    });
  }

  /** A heap, by time, then order. */
  #later(afterMs: number, act: () => void): void {
    this.#order += 1;
    const due = { atMs: this.#nowMs + afterMs, order: this.#order, act };
    let at = this.#due.length;
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(due, this.#due[parent]); at = parent, parent = (at - 1) >> 1) {
      this.#due[at] = this.#due[parent] as Due;
    }
    this.#due[at] = due;
  }

  #pop(): void {
    const last = this.#due.pop();
    if (last === undefined || this.#due.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < this.#due.length && isBefore(this.#due[child + 1] as Due, this.#due[child])) child += 1;
      if (child >= this.#due.length || !isBefore(this.#due[child] as Due, last)) break;
      this.#due[at] = this.#due[child] as Due;
      at = child;
    }
    this.#due[at] = last;
  }
}

function isBefore(one: Due, other: Due | undefined): boolean {
  return other !== undefined && (one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order));
}

function addressOf(host: string): HostPort {
  return { host, port: 5560 };
}
