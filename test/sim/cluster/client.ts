import type { CancelTimer } from '@panal/runtime';
import { pick } from '../kernel/draw.js';
import type { NodeWorld, SimulatedNode } from '../kernel/host.js';
import type { History, KeyHistory, Version } from './history.js';
import { type ClientReply, type ClientRequest, decodeParcel, encodeParcel } from './messages.js';

/** A client gives up on a tracker after this. */
const REQUEST_TIMEOUT_MS = 3000;
/** Trackers that one operation tries, one after the other. */
const ATTEMPT_COUNT_MAX = 3;

export interface WriteOrder {
  readonly isDead?: boolean;
  readonly leaseMs: number;
  /** False: the client carries no token, and only the trackers' clocks tell what is newer. */
  readonly hasToken: boolean;
}

/** What one writer knows of its key. */
export class Writer {
  operation = 0;
  token = 0;
  isBusy = false;
  isOver = false;

  constructor(readonly history: KeyHistory) {}
}

interface Pending {
  readonly tracker: string;
  readonly done: (reply: ClientReply | undefined) => void;
  readonly cancel: CancelTimer;
}

export interface ClientOptions {
  readonly history: History;
  /** Names of trackers a client may turn to now. */
  readonly trackers: () => readonly string[];
  readonly onAck: (version: Version, history: KeyHistory) => void;
}

/** Sends requests to any tracker, goes to another one when there is no answer, and notes what it was told. */
export class Client implements SimulatedNode {
  readonly #pending = new Map<number, Pending>();
  #requests = 0;

  constructor(
    readonly world: NodeWorld,
    private readonly options: ClientOptions,
  ) {}

  start(): void {}

  onDatagram(): void {}

  onMessage(_from: string, bytes: Buffer): void {
    const parcel = decodeParcel(bytes);
    if (parcel.to === 'client') this.#finish(parcel.body.request, parcel.body);
  }

  onStreamDown(peer: string): void {
    const failed = [...this.#pending].filter(([, { tracker }]) => tracker === peer);
    for (const [request] of failed) this.#finish(request, undefined);
  }

  /** One operation of a writer: the same meaning in every attempt, a stamp of its own in each. */
  write(writer: Writer, order: WriteOrder): void {
    writer.isBusy = true;
    writer.operation += 1;
    this.#attempt(writer, order, ATTEMPT_COUNT_MAX);
  }

  read(history: KeyHistory): void {
    const tracker = pick(this.world.random, this.options.trackers());
    if (tracker === undefined) return;
    const { name, key, slot } = history;
    this.#ask(
      tracker,
      (request) => ({ kind: 'read', request, name, key, slot }),
      () => undefined,
    );
  }

  #attempt(writer: Writer, order: WriteOrder, attemptsLeft: number): void {
    const tracker = pick(this.world.random, this.options.trackers());
    if (attemptsLeft === 0 || tracker === undefined) {
      writer.isBusy = false;
      return;
    }
    const { name, key, slot, recordClass } = writer.history;
    const { operation } = writer;
    const token = order.hasToken ? writer.token : 0;
    const { isDead = false, leaseMs } = order;
    const ask = (request: number): ClientRequest => ({
      kind: 'write',
      request,
      name,
      key,
      slot,
      recordClass,
      operation,
      isDead,
      leaseMs,
      token,
    });
    this.#ask(tracker, ask, (reply) => {
      if (reply?.kind !== 'written') {
        if (reply?.kind === 'refused') this.options.history.refused();
        this.#attempt(writer, order, attemptsLeft - 1);
        return;
      }
      writer.isBusy = false;
      writer.token = Math.max(writer.token, reply.clock);
      const version = this.options.history.acked(name, reply.clock, reply.origin, reply.copies, this.#nowMs());
      if (version !== undefined) this.options.onAck(version, writer.history);
    });
  }

  #ask(tracker: string, ask: (request: number) => ClientRequest, done: Pending['done']): void {
    this.#requests += 1;
    const request = this.#requests;
    const cancel = this.world.after(REQUEST_TIMEOUT_MS, () => this.#finish(request, undefined));
    this.#pending.set(request, { tracker, done, cancel });
    this.world.send(tracker, encodeParcel({ to: 'tracker', body: ask(request) }));
  }

  #finish(request: number, reply: ClientReply | undefined): void {
    const pending = this.#pending.get(request);
    if (pending === undefined) return;
    this.#pending.delete(request);
    pending.cancel();
    pending.done(reply);
  }

  #nowMs(): number {
    return this.world.clock.monotonicMs();
  }
}
