import {
  type ClusterMessage,
  ClusterNode,
  type ClusterRecord,
  type ClusterView,
  isServed,
  type NodeEffect,
  originOf,
  parseClusterMessage,
  parseGossip,
  type ReplicaTable,
  type TrackerId,
} from '@panal/cluster';
import { type HostPort, PanalError } from '@panal/runtime';
import { DATAGRAM_BODY_SIZE_MAX, PROTOCOL_VERSION, versionsUpTo, withoutNewer } from '@panal/wire';
import { pack, unpack } from 'msgpackr';
import type { NodeWorld, SimulatedNode } from '../kernel/host.js';
import { DataFolder } from './data-folder.js';
import {
  type ClientReply,
  type ClientRequest,
  decodeParcel,
  encodeParcel,
  type ReadRequest,
  type WriteRequest,
} from './messages.js';
import { makeTable } from './planted-bugs.js';
import { PlantedShell } from './planted-shell.js';
import { SimulatedRecordLog } from './record-log.js';
import type { ServedProbe } from './served-probe.js';
import type { ClusterSettings } from './settings.js';

const PORT = 5560;
const TICK_MS = 50;
/** How long writes are gathered, as the product does it. */
const FLUSH_MS = 1.5;
/** Of a process that said goodbye, until its last messages are out. */
const LINGER_MS = 300;
/** Secret of this cluster, so to say. */
const DIGEST_SEED = { high: 0x1234_5678, low: 0x9abc_def0 };
/** Writes and transfers that wait at this load; more means that something is never taken out. */
const QUEUE_MAX = 20_000;
/** What version 3 brought, where a message between trackers has it. */
const PROFILE = { isCordoned: 3 };
const NEWER_FIELDS = { member: PROFILE, members: PROFILE, news: { member: PROFILE } };

export interface TrackerNodeOptions {
  readonly seeds: readonly string[];
  readonly settings: ClusterSettings;
  readonly probe: ServedProbe;
  /** Highest version of the protocol it speaks. */
  readonly protocolMax: number;
}

interface PendingWrite {
  readonly client: string;
  readonly request: WriteRequest;
  readonly record: ClusterRecord;
}

/** A tracker process: the real cluster node in a shell that does what the tracker application does around it, on the simulated world. */
export class TrackerNode implements SimulatedNode {
  readonly table: ReplicaTable;
  readonly id: TrackerId;
  readonly #node: ClusterNode;
  readonly #folder: DataFolder;
  readonly #log: SimulatedRecordLog;
  readonly #planted: PlantedShell;
  readonly #startedAt: number;
  /** Where the links come from that others opened. */
  readonly #links = new Map<TrackerId, string>();
  readonly #writes = new Map<number, PendingWrite>();
  #tokens = 0;
  #isFlushPlanned = false;
  #onLeft: ((isHandedOver: boolean) => void) | undefined;

  constructor(
    private readonly world: NodeWorld,
    private readonly options: TrackerNodeOptions,
  ) {
    const { settings, seeds } = options;
    this.#planted = new PlantedShell(settings.bug);
    this.#folder = new DataFolder(world, { forgetsClock: settings.bug === 'clock not kept' });
    this.id = this.#folder.id;
    this.table = makeTable({ seed: DIGEST_SEED, lives: settings.lives }, settings.bug);
    this.#log = new SimulatedRecordLog(world, (upTo) => this.#step({ kind: 'persisted', upTo }));
    this.#log.load(this.table, world.clock.nowMs());
    const { hybridClock } = this.#folder;
    this.#startedAt = hybridClock.tick(world.clock.nowMs());
    this.#node = new ClusterNode({
      self: {
        id: this.id,
        name: world.name,
        startedAt: this.#startedAt,
        rpc: { host: world.name, port: 5555 },
        cluster: { host: world.name, port: PORT },
        zone: '',
        weight: 1,
        protocol: options.protocolMax,
      },
      clock: world.clock,
      random: world.random,
      hybridClock,
      table: this.table,
      config: {
        clusterName: 'sim',
        protocols: versionsUpTo(options.protocolMax),
        seeds: seeds.map((host) => ({ host, port: PORT })),
        bootstrapExpect: settings.bootstrapExpect,
        replication: { lives: settings.lives, dropDelayMs: settings.dropDelayMs },
      },
    });
  }

  get name(): string {
    return this.world.name;
  }

  get view(): ClusterView {
    return this.#node.view;
  }

  status() {
    return this.#node.status();
  }

  get isLeaving(): boolean {
    return this.#onLeft !== undefined;
  }

  get coordinator(): TrackerId | undefined {
    return this.#planted.bug === 'everyone leads' && this.#node.isReady ? this.id : this.#node.coordinator;
  }

  isAuthoritative(slot: number): boolean {
    return this.#node.isAuthoritative(slot);
  }

  /** I8. @param isCalm When nothing happens any more, nothing may wait either. */
  overfullQueue(isCalm: boolean): string | undefined {
    const { pendingWrites, pendingTransfers } = this.#node.status();
    const sizes = { pendingWrites, pendingTransfers, unanswered: this.#writes.size, unsent: this.#planted.keptCount };
    const limit = isCalm ? 0 : QUEUE_MAX;
    const full = Object.entries(sizes).filter(([, size]) => size > limit);
    return full.length === 0 ? undefined : `${this.name} has waiting ${JSON.stringify(sizes)}`;
  }

  get isCordoned(): boolean {
    return this.#node.self.isCordoned === true;
  }

  cordon(isCordoned: boolean): void {
    this.#step({ kind: 'cordon', isCordoned });
  }

  start(): void {
    this.#folder.keepClock();
    const tick = (): void => {
      this.#step({ kind: 'tick' });
      this.#folder.keepClock();
    };
    this.world.after(this.world.random.below(TICK_MS), () => {
      tick();
      this.world.every(TICK_MS, tick);
    });
  }

  leave(onLeft: (isHandedOver: boolean) => void): void {
    this.#onLeft = onLeft;
    this.#step({ kind: 'leave' });
  }

  onMessage(from: string, bytes: Buffer): void {
    const parcel = decodeParcel(bytes);
    if (parcel.to === 'tracker') return this.#request(from, parcel.body);
    if (parcel.to !== 'cluster' || (parcel.toId !== undefined && parcel.toId !== this.id)) return;
    this.#links.set(parcel.from, from);
    const message = parseClusterMessage(this.#understood(parcel.body));
    this.#step({ kind: 'message', from: parcel.from, message });
    this.#planted.received(message, (token) => this.#written(token, 3));
  }

  onDatagram(from: string, bytes: Buffer): void {
    this.#step({
      kind: 'datagram',
      from: { host: from, port: PORT },
      message: parseGossip(this.#understood(unpack(bytes))),
    });
  }

  onStreamDown(peer: string): void {
    for (const [id, host] of this.#links) if (host === peer) this.#links.delete(id);
  }

  /** What a process of this version makes of a message: of fields it does not know nothing. */
  #understood(body: unknown): unknown {
    return this.options.protocolMax < PROTOCOL_VERSION
      ? withoutNewer(body, NEWER_FIELDS, this.options.protocolMax)
      : body;
  }

  #step(event: Parameters<ClusterNode['step']>[0]): void {
    for (const effect of this.#node.step(event)) this.#perform(effect);
  }

  #perform(effect: NodeEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.to, effect.message);
      case 'datagram':
        return this.#datagram(effect.to, effect.message);
      case 'persist':
        this.#planted.persisted(effect.records);
        return this.#log.append(effect.sequence, effect.records, effect.isDurable);
      case 'erase':
        for (const slot of effect.slots) this.#log.eraseSlot(slot);
        return;
      case 'written':
        return this.#written(effect.token, effect.copies);
      case 'refused':
        return this.#refused(effect.token, effect.error.code);
      case 'view':
        return this.#viewChanged();
      case 'log':
        return this.world.note(`${effect.message} ${JSON.stringify(effect.fields ?? {})}`);
      case 'left':
        this.world.after(LINGER_MS, () => this.#onLeft?.(effect.isHandedOver));
        return;
      case 'fatal':
        this.world.note(`must not go on: ${effect.error.message}`);
        return this.world.exit();
      case 'known-addresses':
        return;
    }
  }

  #send(to: TrackerId | HostPort, message: ClusterMessage): void {
    if (!this.#planted.sends(message)) return;
    const host = typeof to === 'string' ? (this.#links.get(to) ?? this.view.member(to)?.cluster.host) : to.host;
    if (host === undefined || host === this.name) return this.#toSelf(host, message);
    const toId = typeof to === 'string' ? to : undefined;
    const bytes = encodeParcel({ to: 'cluster', from: this.id, toId, startedAt: this.#startedAt, body: message });
    this.world.send(host, bytes);
  }

  /** A seed may be the tracker itself: its own address answers, too. */
  #toSelf(host: string | undefined, message: ClusterMessage): void {
    if (host === undefined) return;
    const copy = parseClusterMessage(unpack(pack(message)));
    this.world.after(0.1, () => this.#step({ kind: 'message', from: this.id, message: copy }));
  }

  #datagram(to: HostPort, message: unknown): void {
    const bytes = pack(message);
    if (bytes.length > DATAGRAM_BODY_SIZE_MAX) throw new Error(`a datagram of ${bytes.length} bytes`);
    this.world.datagram(to.host, bytes);
  }

  #request(client: string, request: ClientRequest): void {
    if (request.kind === 'read') return this.#read(client, request);
    const { clock } = this.world;
    const { hybridClock } = this.#folder;
    try {
      hybridClock.observe(request.token, clock.nowMs());
    } catch (error) {
      if (!(error instanceof PanalError)) throw error;
      return this.#reply(client, { kind: 'refused', request: request.request, code: error.code });
    }
    const record: ClusterRecord = {
      key: request.key,
      slot: request.slot,
      recordClass: request.recordClass,
      clock: this.#planted.stamp(hybridClock, clock.nowMs()),
      origin: originOf(this.id),
      isDead: request.isDead,
      serveUntilMs: request.isDead
        ? 0
        : request.leaseMs === 0
          ? Number.POSITIVE_INFINITY
          : clock.nowMs() + request.leaseMs,
      value: Buffer.from(request.isDead ? '' : `${request.name} operation ${request.operation}`),
    };
    this.#folder.keepClock();
    this.#folder.whenKept(record.clock, () => this.#write(client, request, record));
  }

  #write(client: string, request: WriteRequest, record: ClusterRecord): void {
    const { clock } = this.world;
    const { name, operation, leaseMs } = request;
    this.options.probe.stamped(this.name, name, { record, operation, leaseMs, stampedAtMs: clock.monotonicMs() });
    this.#tokens += 1;
    const token = this.#tokens;
    this.#writes.set(token, { client, request, record });
    this.#planted.wrote(token);
    this.#step({ kind: 'write', token, records: [record] });
    this.#planFlush();
  }

  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.world.after(FLUSH_MS, () => {
      this.#isFlushPlanned = false;
      this.#step({ kind: 'flush' });
    });
  }

  #read(client: string, { request, name, key, slot }: ReadRequest): void {
    const record = this.table.get(key, slot);
    const served = record !== undefined && isServed(record, this.world.clock.nowMs()) ? record : undefined;
    const isAuthoritative = this.isAuthoritative(slot);
    this.options.probe.served({ tracker: this.name, name, record: served, isAuthoritative });
    const { clock = 0, origin = 0 } = served ?? {};
    this.#reply(client, { kind: 'value', request, isAuthoritative, clock, origin });
  }

  #written(token: number, copies: number): void {
    const write = this.#writes.get(token);
    if (!this.#writes.delete(token) || write === undefined) return;
    const { clock, origin } = write.record;
    this.#reply(write.client, { kind: 'written', request: write.request.request, clock, origin, copies });
  }

  #refused(token: number, code: string): void {
    const write = this.#writes.get(token);
    if (!this.#writes.delete(token) || write === undefined) return;
    this.#reply(write.client, { kind: 'refused', request: write.request.request, code });
  }

  #reply(client: string, body: ClientReply): void {
    this.world.send(client, encodeParcel({ to: 'client', body }));
  }

  #viewChanged(): void {
    for (const slot of this.#planted.slotsToDrop(this.id, this.view, this.table)) {
      this.table.dropSlot(slot);
      this.#log.eraseSlot(slot);
    }
  }
}
