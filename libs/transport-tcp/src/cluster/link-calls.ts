import { type CancelTimer, type ErrorReport, type HostPort, ReportedError, type Timers } from '@panal/runtime';
import type { Envelope } from '@panal/wire';
import { RpcAbortedError, RpcBusyError, RpcTimeoutError } from '../errors.js';
import type { ClusterLink } from './cluster-link.js';

export interface LinkCallOptions {
  /** Whom it is for, as one name: bounds what is open at once. */
  readonly target: string;
  /** For the error. */
  readonly address: HostPort;
  readonly pattern: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface OpenCall {
  readonly target: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly release: CancelTimer;
  /** The link it went out over, and over which alone it may be answered. */
  link: ClusterLink | undefined;
}

const MSG_ID_MAX = 0xffff_ffff;

/** The requests of one tracker that are not answered yet. */
export class LinkCalls {
  readonly #calls = new Map<number, OpenCall>();
  readonly #countByTarget = new Map<string, number>();
  #lastId = 0;

  constructor(
    private readonly timers: Timers,
    private readonly inFlightMax: number,
  ) {}

  get size(): number {
    return this.#calls.size;
  }

  /** @throws RpcBusyError, RpcAbortedError when it was given up before it began */
  open({ target, address, pattern, timeoutMs, signal }: LinkCallOptions): { msgId: number; answer: Promise<unknown> } {
    const openCount = this.#countByTarget.get(target) ?? 0;
    if (openCount >= this.inFlightMax) throw new RpcBusyError(this.inFlightMax);
    if (signal?.aborted === true) throw new RpcAbortedError(pattern, signal.reason);
    const msgId = this.#nextId();
    const onAbort = (): void => this.fail(msgId, new RpcAbortedError(pattern, signal?.reason));
    const cancelTimeout = this.timers.after(timeoutMs, () =>
      this.fail(msgId, new RpcTimeoutError(address, pattern, timeoutMs)),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    const release = (): void => {
      cancelTimeout();
      signal?.removeEventListener('abort', onAbort);
    };
    this.#countByTarget.set(target, openCount + 1);
    const answer = new Promise((resolve, reject) => {
      this.#calls.set(msgId, { target, resolve, reject, release, link: undefined });
    });
    return { msgId, answer };
  }

  isOpen(msgId: number): boolean {
    return this.#calls.has(msgId);
  }

  /** The request went out over this link. */
  sentOver(link: ClusterLink, msgId: number): void {
    const call = this.#calls.get(msgId);
    if (call !== undefined) call.link = link;
  }

  /** Gives an answer to who waits for it; one that comes too late, or from someone who was not asked, is nobody's. */
  settle(link: ClusterLink, { kind, msgId, data }: Envelope): void {
    if (this.#calls.get(msgId)?.link !== link) return;
    const call = this.#take(msgId);
    // What an error message holds was checked when it was decoded.
    if (kind === 'error') call?.reject(new ReportedError(data as ErrorReport));
    else call?.resolve(data);
  }

  fail(msgId: number, error: Error): void {
    this.#take(msgId)?.reject(error);
  }

  /** The link is lost, and all that went out over it. */
  failLink(link: ClusterLink, error: Error): void {
    for (const [msgId, call] of this.#calls) if (call.link === link) this.fail(msgId, error);
  }

  failAll(error: Error): void {
    for (const msgId of this.#calls.keys()) this.fail(msgId, error);
  }

  #take(msgId: number): OpenCall | undefined {
    const call = this.#calls.get(msgId);
    if (call === undefined) return undefined;
    this.#calls.delete(msgId);
    call.release();
    const left = (this.#countByTarget.get(call.target) ?? 1) - 1;
    if (left === 0) this.#countByTarget.delete(call.target);
    else this.#countByTarget.set(call.target, left);
    return call;
  }

  #nextId(): number {
    do this.#lastId = this.#lastId === MSG_ID_MAX ? 1 : this.#lastId + 1;
    while (this.#calls.has(this.#lastId));
    return this.#lastId;
  }
}
