import { type CancelTimer, formatAddress, type HostPort, PanalError } from '@panal/runtime';
import { OutQueueFullError } from '../errors.js';
import { backoffMs } from '../rpc/backoff.js';
import type { RpcPorts } from '../rpc/rpc-ports.js';
import type { LinkLimits } from './cluster-limits.js';
import type { ClusterLink } from './cluster-link.js';
import { LinkUnavailableError } from './link-errors.js';

/** A frame for a link that is not there yet. */
export interface WaitingFrame {
  readonly frame: Buffer;
  /** Of the request it is; undefined for a message. */
  readonly msgId: number | undefined;
}

export interface NeighbourOptions {
  /** Undefined for an address of which nobody knows who lives there. */
  readonly id: string | undefined;
  readonly address: HostPort | undefined;
  readonly ports: RpcPorts;
  readonly limits: LinkLimits;
  /** Makes a link. Resolves once it is open and somebody's. */
  readonly dial: (neighbour: Neighbour, address: HostPort, signal: AbortSignal) => Promise<void>;
  /** The frame goes out over this link. @returns False if nobody wants it any more. */
  readonly onSending: (waiting: WaitingFrame, link: ClusterLink) => boolean;
  /** The frame never went out. */
  readonly onDropped: (waiting: WaitingFrame, error: PanalError) => void;
}

/**
 * Another tracker, or an address where one may live: its links, what waits for the first of them, and the attempts to make one.
 *
 * All goes out over one link, the first that was there, until it is lost: so messages stay in order, and two trackers that dial
 * each other at the same moment keep both links and need not agree on one. While an attempt is under way messages wait for it;
 * when it failed they are dropped, and so are further ones until the next attempt: what is old is of no use to anyone.
 */
export class Neighbour {
  readonly id: string | undefined;
  address: HostPort | undefined;
  isMember = false;
  /** Whether a link is to be kept even while there is nothing to send. */
  isWanted = false;
  readonly links = new Set<ClusterLink>();
  #current: ClusterLink | undefined;
  #waiting: WaitingFrame[] = [];
  #waitingBytes = 0;
  #attempt: AbortController | undefined;
  #cancelWait: CancelTimer | undefined;
  #failureCount = 0;
  #failure: PanalError | undefined;
  #isClosed = false;

  constructor(private readonly options: NeighbourOptions) {
    this.id = options.id;
    this.address = options.address;
  }

  /** One of its own among all neighbours. */
  get key(): string {
    return this.id ?? this.name;
  }

  /** For logs and errors. */
  get name(): string {
    const { id, address } = this;
    const shown = address === undefined ? '' : formatAddress(address);
    return id === undefined ? shown : `${id}${shown === '' ? '' : ` (${shown})`}`;
  }

  get current(): ClusterLink | undefined {
    if (this.#current?.isOpen !== true) this.#current = [...this.links].find((link) => link.isOpen);
    return this.#current;
  }

  get queuedBytes(): number {
    return this.#waitingBytes + (this.current?.queuedBytes ?? 0);
  }

  get failure(): PanalError | undefined {
    return this.#failure;
  }

  /** Nothing is going on: it may be forgotten. */
  get isIdle(): boolean {
    return (
      !this.isMember &&
      this.links.size === 0 &&
      this.#waiting.length === 0 &&
      this.#attempt === undefined &&
      this.#cancelWait === undefined
    );
  }

  /** Sends now, or as soon as there is a link. @returns Why it was dropped instead. */
  send(waiting: WaitingFrame): PanalError | undefined {
    const { current } = this;
    if (current !== undefined) {
      this.#sendOver(current, waiting);
      return current.isOpen ? undefined : new OutQueueFullError(this.options.limits.outQueueBytesMax);
    }
    const problem = this.#whyNot(waiting.frame.length);
    if (problem !== undefined) return problem;
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.frame.length;
    this.#dialIfDue();
    return undefined;
  }

  /** A link to it opened, whoever dialled. */
  adopt(link: ClusterLink): void {
    this.links.add(link);
    const { current } = this;
    if (current === undefined) return;
    this.#failure = undefined;
    for (const waiting of this.takeWaiting()) this.#sendOver(current, waiting);
  }

  /** One of its links is gone. */
  lose(link: ClusterLink): void {
    this.links.delete(link);
    if (this.current !== undefined || this.#isClosed) return;
    if (link.ageMs >= this.options.limits.redialResetMs) this.#failureCount = 0;
    this.#wait();
  }

  /** Makes a link if one is wanted and there is none. */
  dialIfWanted(): void {
    if (this.isWanted && this.current === undefined) this.#dialIfDue();
  }

  /** Takes over what waits here. */
  takeWaiting(): WaitingFrame[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return waiting;
  }

  /** An attempt led nowhere. */
  failed(error: PanalError): void {
    this.#failure = error;
    for (const waiting of this.takeWaiting())
      this.options.onDropped(waiting, this.#unavailable('it could not be reached'));
    if (!this.#isClosed) this.#wait();
  }

  /** For good: the attempt found who lives here, and all that is under way is another neighbour's now. */
  retire(): void {
    this.#isClosed = true;
    this.#attempt = undefined;
    this.#cancelWait?.();
  }

  /** For good: gives up the attempt under way and drops what waits. Links are their owner's to close. */
  close(): void {
    this.#isClosed = true;
    this.#cancelWait?.();
    this.#attempt?.abort();
    for (const waiting of this.takeWaiting()) this.options.onDropped(waiting, this.#unavailable('it is given up'));
  }

  #whyNot(sizeBytes: number): PanalError | undefined {
    if (this.#isClosed) return this.#unavailable('it is given up');
    if (this.address === undefined) return this.#unavailable('its address is not known');
    // After one failure the next attempt is near; after more, who waits for it is told sooner by an error.
    if (this.#cancelWait !== undefined && this.#failureCount > 1) return this.#unavailable('it could not be reached');
    const queuedBytes = this.#waitingBytes + sizeBytes;
    if (queuedBytes <= this.options.limits.outQueueBytesMax) return undefined;
    const error = new OutQueueFullError(queuedBytes);
    for (const waiting of this.takeWaiting()) this.options.onDropped(waiting, error);
    return error;
  }

  #sendOver(link: ClusterLink, waiting: WaitingFrame): void {
    if (this.options.onSending(waiting, link)) link.sendFrame(waiting.frame);
  }

  #dialIfDue(): void {
    if (this.#attempt !== undefined || this.#cancelWait !== undefined || this.#isClosed) return;
    if (this.address !== undefined) void this.#dial(this.address);
  }

  /** Never rejects. */
  async #dial(address: HostPort): Promise<void> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    try {
      await this.options.dial(this, address, attempt.signal);
      this.#attempt = undefined;
      // The link may have been lost again, or be another tracker's.
      if (this.#waiting.length > 0) this.#dialIfDue();
    } catch (error) {
      this.#attempt = undefined;
      if (this.current === undefined) this.failed(this.#toPanalError(error));
      else this.#failure = this.#toPanalError(error);
    }
  }

  #wait(): void {
    const { ports, limits } = this.options;
    this.#cancelWait?.();
    this.#failureCount += 1;
    const bounds = { firstMs: limits.redialFirstMs, maxMs: limits.redialMaxMs };
    this.#cancelWait = ports.timers.after(backoffMs(this.#failureCount, bounds, ports.random), () => {
      this.#cancelWait = undefined;
      if (this.current === undefined && (this.isWanted || this.#waiting.length > 0)) this.#dialIfDue();
    });
  }

  #unavailable(reason: string): LinkUnavailableError {
    return new LinkUnavailableError(this.name, reason, this.#failure);
  }

  #toPanalError(error: unknown): PanalError {
    return error instanceof PanalError ? error : this.#unavailable('an attempt to reach it failed');
  }
}
