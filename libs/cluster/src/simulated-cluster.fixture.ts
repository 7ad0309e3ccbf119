import assert from 'node:assert';
import { type Clock, type HostPort, SeededRandom } from '@panal/runtime';
import { pack, unpack } from 'msgpackr';
import { Agenda } from './agenda.fixture.js';
import { parseClusterMessage } from './cluster-message.js';
import type { NodeEffect, NodeEvent } from './cluster-node.js';
import { parseGossip } from './membership/gossip-message.js';
import { EVERYWHERE, slotOf } from './placement/slot.js';
import { type ClusterRecord, originOf, type TrackerId } from './record.js';
import type { ReplicationOptions } from './replication/options.js';
import { addressOf, SimulatedTracker, type SimulatedWrite, type TrackerOptions } from './simulated-tracker.fixture.js';

const START_MS = 1_760_000_000_000;
const TICK_MS = 25;
const FLUSH_MS = 2;
const DISK_MS = 5;
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
  readonly #agenda = new Agenda();
  #nowMs = 0;
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
      const nextAtMs = this.#agenda.nextAtMs;
      if (nextAtMs !== undefined && nextAtMs <= Math.min(lookMs, endMs)) {
        this.#nowMs = nextAtMs;
        this.#agenda.take()?.();
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

  #later(afterMs: number, act: () => void): void {
    this.#agenda.add(this.#nowMs + afterMs, act);
  }
}
