import { formatAddress, type HostPort, ManualClock, PanalError, ReportedError, SeededRandom } from '@panal/runtime';
import { type ClusterMembersReply, KeyMismatchError, TRACKER_PATTERNS, type TrackerMember } from '@panal/wire';
import { ConnectError, RpcAbortedError, RpcDisconnectedError, RpcTimeoutError } from './errors.js';
import type { RpcClientStatus } from './rpc/rpc-client-status.js';
import type { StreamEvents } from './rpc/tcp-rpc-client.js';
import { TrackerSet, type TrackerSetOptions } from './tracker-set.js';
import type { TrackerClient } from './tracker-set-tracker.js';

// For tests: trackers that misbehave in every way, on a clock that moves when it is told to.

/** How one message is answered: a value, or an error to throw. */
export type Answer = (data: unknown) => unknown;

/** Up; not there; takes connections or messages and says no more; turns the client away. */
type Mode = 'up' | 'dead' | 'blackhole' | 'hanging' | 'refusing';

interface FakeStream {
  readonly say: (value: unknown) => void;
  readonly end: (error: Error | undefined) => void;
}

export class FakeTracker {
  mode: Mode = 'up';
  latencyMs = 2;
  phase: TrackerMember['phase'] = 'active';
  weight = 1;
  isAlive = true;
  /** Undefined: a tracker of protocol version 1. */
  members: (() => readonly FakeTracker[]) | undefined;
  epoch = 1;
  clusterId = 'c1';
  readonly answers: Record<string, Answer> = {};
  readonly heard: { readonly pattern: string; readonly atMs: number }[] = [];
  readonly dialsMs: number[] = [];
  readonly clients = new Set<FakeClient>();
  /** Whether it knows messages that are answered by a stream. */
  hasStreams = false;
  readonly streams = new Set<FakeStream>();

  constructor(
    readonly clock: ManualClock,
    readonly address: HostPort,
    readonly id: string,
  ) {}

  get name(): string {
    return formatAddress(this.address);
  }

  get connectionCount(): number {
    return [...this.clients].filter(({ currentStatus }) => currentStatus.kind === 'connected').length;
  }

  heardOf(pattern: string): number {
    return this.heard.filter((message) => message.pattern === pattern).length;
  }

  /** Ends all connections; with `mode`, to be so from now on. */
  cut(mode: Mode = this.mode): void {
    this.mode = mode;
    for (const client of this.clients) client.lose();
  }

  answer(pattern: string, data: unknown): unknown {
    this.heard.push({ pattern, atMs: this.clock.monotonicMs() });
    const scripted = this.answers[pattern];
    if (scripted !== undefined) return scripted(data);
    if (pattern === TRACKER_PATTERNS.clusterMembers && this.members !== undefined) return this.memberList();
    throw reported({ code: 'rpc_unknown_command', retryable: false });
  }

  memberList(): ClusterMembersReply {
    const members = (this.members?.() ?? []).map((tracker) => tracker.asMember());
    return { clusterId: this.clusterId, epoch: this.epoch, slotCount: 16_384, members, self: this.id };
  }

  asMember(): TrackerMember {
    const { id, address: rpc, weight, phase, isAlive } = this;
    return { id, name: `t-${rpc.host}`, rpc, zone: '', weight, phase, isAlive };
  }
}

/** An error as a tracker reports it. */
export function reported({ code, retryable }: { code: string; retryable: boolean }): ReportedError {
  return new ReportedError({ code, retryable, message: 'No.', action: 'None.' });
}

class FakeClient implements TrackerClient {
  currentStatus: RpcClientStatus = { kind: 'idle', failure: undefined };
  readonly #listeners = new Set<(status: RpcClientStatus) => void>();
  readonly #open = new Set<(error: Error) => void>();
  #attempt: Promise<void> | undefined;

  constructor(
    private readonly clock: ManualClock,
    readonly address: HostPort,
    private readonly tracker: FakeTracker | undefined,
  ) {}

  onStatus(listener: (status: RpcClientStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  connect(): Promise<void> {
    this.#attempt ??= this.#connect();
    return this.#attempt;
  }

  async call<R>(
    pattern: string,
    data: unknown,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<R> {
    await this.connect();
    return new Promise<R>((resolve, reject) => {
      this.#open.add(reject);
      const onAbort = (): void => reject(new RpcAbortedError(pattern));
      signal?.addEventListener('abort', onAbort, { once: true });
      const cancel = this.clock.after(timeoutMs, () => reject(new RpcTimeoutError(this.address, pattern, timeoutMs)));
      const { tracker } = this;
      if (tracker === undefined || tracker.mode === 'hanging') {
        tracker?.heard.push({ pattern, atMs: this.clock.monotonicMs() });
        return;
      }
      this.clock.after(tracker.latencyMs, () => {
        cancel();
        try {
          resolve(tracker.answer(pattern, data) as R);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  stream(pattern: string, _data: unknown, { onValue, onEnd }: StreamEvents): () => void {
    const { tracker } = this;
    tracker?.heard.push({ pattern, atMs: this.clock.monotonicMs() });
    if (tracker?.hasStreams !== true) {
      onEnd(reported({ code: 'rpc_unknown_command', retryable: false }));
      return () => undefined;
    }
    const stream: FakeStream = { say: onValue, end: onEnd };
    const end = (): void => void tracker.streams.delete(stream);
    tracker.streams.add(stream);
    this.#open.add((error) => {
      if (tracker.streams.delete(stream)) onEnd(error);
    });
    return end;
  }

  async close(): Promise<void> {
    this.tracker?.clients.delete(this);
    this.#fail(new RpcDisconnectedError(this.address, 'closed'));
    this.#set({ kind: 'closed', failure: undefined });
  }

  /** The other side is gone. */
  lose(): void {
    const error = new RpcDisconnectedError(this.address, 'cut');
    this.tracker?.clients.delete(this);
    this.#set({ kind: 'waiting', failure: error });
    this.#fail(error);
  }

  async #connect(): Promise<void> {
    const { tracker } = this;
    this.#set({ kind: 'connecting', failure: undefined });
    tracker?.dialsMs.push(this.clock.monotonicMs());
    tracker?.clients.add(this);
    await new Promise<void>((resolve) => this.clock.after(1, resolve));
    const mode = tracker?.mode ?? 'dead';
    if (mode === 'blackhole') await this.#silence();
    if (mode === 'up' || mode === 'hanging') return this.#set({ kind: 'connected' });
    const failure =
      mode === 'refusing'
        ? new KeyMismatchError('client', 'fake')
        : new ConnectError(this.address, 'nobody listens there');
    tracker?.clients.delete(this);
    this.#set({ kind: 'waiting', failure });
    throw failure;
  }

  /** A connection attempt that is given up after 5 s. */
  async #silence(): Promise<void> {
    await new Promise<void>((resolve) => this.clock.after(5_000, resolve));
    const failure = new ConnectError(this.address, 'it did not answer');
    this.#set({ kind: 'waiting', failure });
    throw failure;
  }

  #set(status: RpcClientStatus): void {
    this.currentStatus = status;
    for (const listener of this.#listeners) listener(status);
  }

  #fail(error: PanalError): void {
    for (const reject of this.#open) reject(error);
    this.#open.clear();
  }
}

/** Some trackers, and sets that use them. */
export class FakeTrackers {
  readonly clock = new ManualClock();
  readonly trackers: FakeTracker[] = [];
  readonly sets: TrackerSet[] = [];

  /** Adds `count` trackers that form one cluster; without `isCluster` each is one of version 1. */
  add(count: number, { isCluster = true } = {}): FakeTracker[] {
    const added = Array.from({ length: count }, (_, index) => {
      const number = this.trackers.length + index + 1;
      const address = { host: `10.0.0.${number}`, port: 5555 };
      return new FakeTracker(this.clock, address, number.toString(16).padStart(32, '0'));
    });
    this.trackers.push(...added);
    if (isCluster)
      for (const tracker of added) tracker.members = () => this.trackers.filter((t) => t.members !== undefined);
    return added;
  }

  /** A set that was told of `seeds`, and has not started. */
  set(seeds: readonly FakeTracker[], seed: number, options: Partial<TrackerSetOptions> = {}): TrackerSet {
    const { clock } = this;
    const set = new TrackerSet({
      addresses: seeds.map(({ address }) => address),
      clock,
      timers: clock,
      random: new SeededRandom(seed),
      makeClient: (address) => new FakeClient(clock, address, this.at(formatAddress(address))),
      ...options,
    });
    this.sets.push(set);
    return set;
  }

  at(name: string): FakeTracker | undefined {
    return this.trackers.find((tracker) => tracker.name === name);
  }

  /** The tracker that gets the heartbeats of `set`. */
  sessionOf(set: TrackerSet): FakeTracker | undefined {
    const view = set.views().find(({ isSession }) => isSession);
    return view === undefined ? undefined : this.at(view.address);
  }

  /** Lets time pass; whoever waits for a promise on the way goes on at the right moment, give or take a step. */
  async pass(ms: number, stepMs = 5): Promise<void> {
    await turn();
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passed));
      await turn();
    }
  }

  /** Time until `promise` settles, in ms. @throws when it does not within `boundMs` */
  async timeOf(promise: Promise<unknown>, boundMs = 10_000): Promise<number> {
    const startMs = this.clock.monotonicMs();
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await turn();
    while (!isSettled) {
      if (this.clock.monotonicMs() - startMs > boundMs) throw new Error(`nothing happened within ${boundMs} ms`);
      await this.pass(5);
    }
    return this.clock.monotonicMs() - startMs;
  }

  async end(): Promise<void> {
    await Promise.all(this.sets.splice(0).map((set) => set.close()));
  }
}

/** Lets every promise that is settled tell those who wait for it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
