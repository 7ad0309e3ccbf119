import { type ErrorReport, ReportedError } from '@panal/runtime';
import type { Envelope } from '@panal/wire';

/** Who waits for the answers to one request. */
export interface Waiter {
  /** The one answer, or one value of a stream. */
  onValue(value: unknown, isLast: boolean): void;
  /** A stream ended. */
  onEnd(): void;
  onError(error: Error): void;
}

interface PendingCall {
  readonly waiter: Waiter;
  isSent: boolean;
}

const MSG_ID_MAX = 0xffff_ffff;

/** The requests of one client that are not answered yet, by `msg_id`. */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  #lastId = 0;

  get size(): number {
    return this.#calls.size;
  }

  has(msgId: number): boolean {
    return this.#calls.has(msgId);
  }

  /** A `msg_id` that no open request has. */
  nextId(): number {
    do this.#lastId = this.#lastId === MSG_ID_MAX ? 1 : this.#lastId + 1;
    while (this.#calls.has(this.#lastId));
    return this.#lastId;
  }

  add(waiter: Waiter): number {
    const msgId = this.nextId();
    this.#calls.set(msgId, { waiter, isSent: false });
    return msgId;
  }

  /** The request went out; from now on it is lost with the connection. */
  markSent(msgId: number): void {
    const call = this.#calls.get(msgId);
    if (call !== undefined) call.isSent = true;
  }

  /** Nobody waits any more. @returns Whether the server has the request, and should be told. */
  drop(msgId: number): boolean {
    const call = this.#calls.get(msgId);
    this.#calls.delete(msgId);
    return call?.isSent === true;
  }

  /** Gives an answer to who waits for it; one that comes too late is nobody's. */
  settle({ kind, msgId, data }: Envelope): void {
    const call = this.#calls.get(msgId);
    if (call === undefined) return;
    if (kind === 'streamValue') return call.waiter.onValue(data, false);
    this.#calls.delete(msgId);
    if (kind === 'reply') call.waiter.onValue(data, true);
    else if (kind === 'streamEnd') call.waiter.onEnd();
    // What an error message holds was checked when it was decoded.
    else call.waiter.onError(new ReportedError(data as ErrorReport));
  }

  /** Fails what went out over a connection that is lost. */
  failSent(error: Error): void {
    this.#fail(error, ({ isSent }) => isSent);
  }

  failAll(error: Error): void {
    this.#fail(error, () => true);
  }

  #fail(error: Error, isMeant: (call: PendingCall) => boolean): void {
    const failed = [...this.#calls].filter(([, call]) => isMeant(call));
    for (const [msgId] of failed) this.#calls.delete(msgId);
    for (const [, { waiter }] of failed) waiter.onError(error);
  }
}
