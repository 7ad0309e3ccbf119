import { ManualClock, SeededRandom } from '@panal/runtime';
import { HybridClock } from '@panal/wire';
import { MemoryReplicaTable } from '../memory-replica-table.js';
import { type ClusterRecord, originOf, type TrackerId } from '../record.js';
import type { ReplicationEffect } from './effects.js';
import { FixedView, trackerId } from './fixed-view.fixture.js';
import { REPLICATION_DEFAULTS, type ReplicationOptions } from './options.js';
import { Replication, type ReplicationEvent } from './replication.js';
import type { ReplicationMessage } from './replication-message.js';

const SEED = { high: 3, low: 4 };

/** Several `Replication`s under one clock and one view, whose messages go where a test lets them. */
export class ReplicationBench {
  readonly clock = new ManualClock();
  readonly hybridClock = new HybridClock();
  readonly view: FixedView;
  readonly nodes = new Map<TrackerId, Replication>();
  readonly tables = new Map<TrackerId, MemoryReplicaTable>();
  /** What was sent and not delivered. */
  queue: { readonly from: TrackerId; readonly to: TrackerId; readonly message: ReplicationMessage }[] = [];
  readonly answers: ReplicationEffect[] = [];
  /** Other effects, of the first. */
  readonly effects: ReplicationEffect[] = [];

  /** @param nodeCount Of the members, those that are there; the others are silent. */
  constructor(memberCount: number, options: Partial<ReplicationOptions> = {}, nodeCount = memberCount) {
    this.view = new FixedView(memberCount);
    for (let number = 1; number <= nodeCount; number += 1) this.add(trackerId(number), options);
  }

  add(id: TrackerId, options: Partial<ReplicationOptions> = {}): Replication {
    const table = new MemoryReplicaTable({ seed: SEED, lives: REPLICATION_DEFAULTS.lives });
    const node = new Replication({
      selfId: id,
      clock: this.clock,
      random: new SeededRandom(Number(id)),
      hybridClock: new HybridClock(),
      table,
      view: this.view,
      options: { ...REPLICATION_DEFAULTS, ...options },
    });
    this.nodes.set(id, node);
    this.tables.set(id, table);
    this.step(id, { kind: 'view' });
    return node;
  }

  step(id: TrackerId, event: ReplicationEvent): readonly ReplicationEffect[] {
    const effects = this.nodes.get(id)?.step(event) ?? [];
    for (const effect of effects) {
      if (effect.kind === 'send') this.queue.push({ from: id, ...effect });
      else if (effect.kind === 'written' || effect.kind === 'refused') this.answers.push(effect);
      else if (id === trackerId(1)) this.effects.push(effect);
    }
    return effects;
  }

  /** Delivers what is queued, and what that causes. @param mayPass Else a message is lost. */
  deliver(mayPass: (from: TrackerId, to: TrackerId, message: ReplicationMessage) => boolean = () => true): void {
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      const { from, to, message } = next;
      if (mayPass(from, to, message)) this.step(to, { kind: 'message', from, message });
    }
  }

  tick(byMs = 25): void {
    this.clock.advance(byMs);
    for (const id of this.nodes.keys()) this.step(id, { kind: 'tick' });
  }

  viewChanged(): void {
    for (const id of this.nodes.keys()) this.step(id, { kind: 'view' });
  }

  record(key: string, slot: number, rest: Partial<ClusterRecord> = {}): ClusterRecord {
    return {
      key: Buffer.from(key),
      slot,
      recordClass: 'soft',
      clock: this.hybridClock.tick(this.clock.nowMs()),
      origin: originOf(trackerId(1)),
      isDead: false,
      serveUntilMs: this.clock.nowMs() + 60_000,
      value: Buffer.from('value'),
      ...rest,
    };
  }

  table(number: number): MemoryReplicaTable {
    const table = this.tables.get(trackerId(number));
    if (table === undefined) throw new Error('no such node');
    return table;
  }

  node(number: number): Replication {
    const node = this.nodes.get(trackerId(number));
    if (node === undefined) throw new Error('no such node');
    return node;
  }
}
