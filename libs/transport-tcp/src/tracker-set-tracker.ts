import {
  type CancelTimer,
  type Clock,
  errorReport,
  formatAddress,
  type HostPort,
  PanalError,
  type Random,
  type Timers,
} from '@panal/runtime';
import type { TrackerMember, TrackerView } from '@panal/wire';
import { RpcClientClosedError } from './errors.js';
import { TRACKER_DOUBT_FIRST_MS, TRACKER_DOUBT_MAX_MS } from './limits.js';
import { backoffMs } from './rpc/backoff.js';
import type { RpcClientStatus } from './rpc/rpc-client-status.js';
import type { StreamEvents } from './rpc/tcp-rpc-client.js';
import type { TrackerSetLimits } from './tracker-set-limits.js';

/** What the set needs of a client to one tracker; `TcpRpcClient` is one. */
export interface TrackerClient {
  readonly address: HostPort;
  readonly currentStatus: RpcClientStatus;
  /** Calls back at each change of `currentStatus`, until the returned function is called. */
  onStatus(listener: (status: RpcClientStatus) => void): () => void;
  connect(): Promise<void>;
  call<R>(pattern: string, data: unknown, options: { timeoutMs: number; signal?: AbortSignal }): Promise<R>;
  /** Over the connection there is; ends with it. @returns Ends it. */
  stream(pattern: string, data: unknown, events: StreamEvents): () => void;
  close(): Promise<void>;
}

export interface TrackerPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  makeClient(address: HostPort): TrackerClient;
}

export interface KnownTrackerOptions {
  readonly address: HostPort;
  /** Named by the user: never forgotten. */
  readonly isSeed: boolean;
  readonly ports: TrackerPorts;
  readonly limits: TrackerSetLimits;
  onUp(tracker: KnownTracker): void;
  /** `failure` is why the connection, or the attempt to make one, ended. */
  onDown(tracker: KnownTracker, failure: unknown): void;
}

/**
 * One tracker as this process knows it, and the connection to it while there is one. It dials when it is told to and never
 * of its own accord; how soon it may be told again is its own affair.
 */
export class KnownTracker {
  readonly address: HostPort;
  /** HOST:PORT. */
  readonly name: string;
  readonly isSeed: boolean;
  /** Drawn once: the order of trackers that are equally good, another one in each process. */
  readonly lot: number;
  /** Its id in the cluster, once it or a list told. */
  id: string | undefined;
  /** What the current list says of it. */
  member: TrackerMember | undefined;
  /** When a list last named it, monotonic. */
  listedAtMs: number;
  /** Epoch of the last list it gave. */
  epoch = -1;
  /** It knows no cluster: a tracker of protocol version 1. */
  isAlone = false;
  /** It belongs to another cluster than the trackers this process uses. */
  isForeign = false;
  readonly #options: KnownTrackerOptions;
  #client: TrackerClient | undefined;
  #unwatch: () => void = () => undefined;
  #isConnected = false;
  #sinceMs = 0;
  #usedAtMs = 0;
  #failure: unknown;
  #failureCount = 0;
  #retryAtMs = 0;
  #silenceCount = 0;
  #trustedAtMs = 0;
  readonly #closing = new Map<TrackerClient, CancelTimer>();

  constructor(options: KnownTrackerOptions) {
    this.#options = options;
    this.address = options.address;
    this.name = formatAddress(options.address);
    this.isSeed = options.isSeed;
    this.lot = options.ports.random.below(2 ** 31);
    this.listedAtMs = this.#nowMs();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** A connection is being made. */
  get isDialing(): boolean {
    return this.#client !== undefined && !this.#isConnected;
  }

  /** It may be dialled now: there is no connection, and the last failure is long enough ago. */
  get isDialable(): boolean {
    return this.#client === undefined && this.#retryAtMs <= this.#nowMs();
  }

  /** It let nobody wait lately. */
  get isTrusted(): boolean {
    return this.#trustedAtMs <= this.#nowMs();
  }

  /** Why there is no connection; undefined when none was tried, or there is one. */
  get failure(): unknown {
    return this.#failure;
  }

  /** It said no: a wrong key or cluster does not mend itself, a tracker that is away may be back. */
  get isRefusing(): boolean {
    return this.#failure instanceof PanalError && !this.#failure.retryable;
  }

  /** When the connection, or the attempt to make it, began; monotonic. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  get usedAtMs(): number {
    return this.#usedAtMs;
  }

  /** When it may be dialled again, monotonic. */
  get retryAtMs(): number {
    return this.#retryAtMs;
  }

  get view(): TrackerView {
    const view = { address: this.name, ...(this.member === undefined ? {} : { name: this.member.name }) };
    if (this.#isConnected) return { ...view, state: 'connected' };
    if (this.#failure !== undefined) {
      return { ...view, state: this.isRefusing ? 'refused' : 'connecting', reason: errorReport(this.#failure) };
    }
    if (this.isDialing) return { ...view, state: 'connecting' };
    return { ...view, state: 'standby' };
  }

  /** Whether both are one process, known by two addresses. */
  isSameAs(other: KnownTracker): boolean {
    return this === other || (this.id !== undefined && this.id === other.id);
  }

  /** Opens a connection, unless there is one or it is too early for the next attempt. */
  dial(): void {
    if (!this.isDialable) return;
    const client = this.#options.ports.makeClient(this.address);
    this.#client = client;
    this.#sinceMs = this.#nowMs();
    this.#usedAtMs = this.#sinceMs;
    this.#unwatch = client.onStatus((status) => this.#onStatus(status));
    // Why it failed is in the status.
    client.connect().catch(() => undefined);
  }

  /** Asks it; a connection that is being made is waited for. */
  call(pattern: string, data: unknown, signal?: AbortSignal): Promise<unknown> {
    this.dial();
    this.#usedAtMs = this.#nowMs();
    const client = this.#client;
    if (client === undefined) return Promise.reject(this.#failure ?? new RpcClientClosedError(this.address));
    const { timeoutMs } = this.#options.limits;
    return client.call(pattern, data, signal === undefined ? { timeoutMs } : { timeoutMs, signal });
  }

  /** Asks it for a stream over the connection there is; that keeps no connection open which is not used otherwise. */
  stream(pattern: string, data: unknown, events: StreamEvents): () => void {
    if (this.#client !== undefined) return this.#client.stream(pattern, data, events);
    events.onEnd(new RpcClientClosedError(this.address));
    return () => undefined;
  }

  /** Closes the connection: it is not needed any more. */
  drop(): void {
    if (this.#client !== undefined) this.#letGo();
  }

  /** Closes everything for good. */
  async close(): Promise<void> {
    this.drop();
    const clients = [...this.#closing];
    this.#closing.clear();
    await Promise.all(
      clients.map(([client, cancel]) => {
        cancel();
        return client.close();
      }),
    );
  }

  /** It let a question wait: for a while others are asked first, longer each time. */
  noteSilence(): void {
    this.#silenceCount += 1;
    const span = { firstMs: TRACKER_DOUBT_FIRST_MS, maxMs: TRACKER_DOUBT_MAX_MS };
    this.#trustedAtMs = this.#nowMs() + backoffMs(this.#silenceCount, span, this.#options.ports.random);
  }

  /** It answered as soon as a tracker should. */
  notePromptness(): void {
    this.#silenceCount = 0;
    this.#trustedAtMs = 0;
  }

  #onStatus(status: RpcClientStatus): void {
    if (status.kind === 'connected') this.#up();
    else if (status.kind === 'waiting' || status.kind === 'closed') this.#down(status.failure);
  }

  #up(): void {
    this.#isConnected = true;
    this.#sinceMs = this.#nowMs();
    this.#failure = undefined;
    // What it was before is not what it must be now: it may have been replaced by another release, or another machine.
    this.isAlone = false;
    this.isForeign = false;
    this.notePromptness();
    this.#options.onUp(this);
  }

  #down(failure: unknown): void {
    const { limits, ports } = this.#options;
    const nowMs = this.#nowMs();
    if (this.#isConnected && nowMs - this.#sinceMs >= limits.reconnectResetMs) this.#failureCount = 0;
    this.#failureCount += 1;
    this.#failure = failure ?? new RpcClientClosedError(this.address);
    const span = { firstMs: limits.reconnectFirstMs, maxMs: limits.reconnectMaxMs };
    this.#retryAtMs = nowMs + backoffMs(this.#failureCount, span, ports.random);
    this.#letGo();
    this.#options.onDown(this, this.#failure);
  }

  /** Later: a client that has just lost its connection has yet to tell its callers why. */
  #letGo(): void {
    const client = this.#client as TrackerClient;
    this.#unwatch();
    this.#client = undefined;
    this.#isConnected = false;
    const close = (): void => {
      this.#closing.delete(client);
      client.close().catch(() => undefined);
    };
    this.#closing.set(client, this.#options.ports.timers.after(0, close));
  }

  #nowMs(): number {
    return this.#options.ports.clock.monotonicMs();
  }
}
