import type { MessageHandler } from '@nestjs/microservices';
import { type ErrorReport, formatAddress, type Logger } from '@panal/runtime';
import { type Envelope, type EnvelopeKind, isPatternIn, PROTOCOL_VERSION, patternOf, replyFor } from '@panal/wire';
import { isObservable, type Observable, Subscription } from 'rxjs';
import { ProtocolViolationError, RpcBusyError, RpcClosingError, RpcUnknownCommandError } from '../errors.js';
import { type DirectHandler, isPromise } from './direct-handlers.js';
import { isInternal, reportOf } from './error-mapping.js';
import { CANCEL_PATTERN, PING_PATTERN } from './link-commands.js';
import type { MessageClock } from './message-clock.js';
import { RpcContext, type RpcRemote } from './rpc-context.js';
import type { RpcLink } from './rpc-link.js';

export interface RpcServerConnectionOptions {
  readonly remote: RpcRemote;
  /** Messages being worked on at once. */
  readonly inFlightMax: number;
  readonly messageClock: MessageClock;
  readonly logger: Logger;
  handlerOf(pattern: string): MessageHandler | undefined;
  /** The handler of a message that may be called without Nest. */
  directOf(pattern: string): DirectHandler | undefined;
  /** Runs `work`, which never rejects, inside Nest's processing hooks; `work` calls `end` once. */
  process(context: RpcContext, work: (end: () => void) => Promise<void>): void;
}

/** A request whose answer is awaited. */
interface OpenRequest {
  readonly msgId: number;
  /** Ends it, when it is a stream; only then it is there. */
  subscription: Subscription | undefined;
  /** Cancelled, or the link is gone: nobody waits for it. */
  isCancelled: boolean;
}

/** The messages of one client: gives each to its handler and sends back what comes of it. */
export class RpcServerConnection {
  readonly #open = new Map<number, OpenRequest>();
  /** It agreed on an older version: what is newer is neither known nor said. */
  readonly #isOlder: boolean;
  /** Handlers at work, those of cancelled requests too: cancelling does not get a client more than its share. */
  #runningCount = 0;
  #isDraining = false;
  #isClockNoted = false;

  constructor(
    private readonly link: RpcLink,
    private readonly options: RpcServerConnectionOptions,
  ) {
    this.#isOlder = options.remote.version < PROTOCOL_VERSION;
  }

  receive(envelope: Envelope): void {
    this.#observeClock(envelope);
    if (envelope.kind === 'request') this.#request(envelope, patternOf(envelope));
    else if (envelope.kind === 'event') this.#event(envelope, patternOf(envelope));
    else this.link.destroy(new ProtocolViolationError(`a client sent a ${envelope.kind}`));
  }

  /** Answers a request that reaches no handler. */
  refuse(msgId: number, error: Error): void {
    this.#send(msgId, 'error', reportOf(error));
  }

  /** Takes no more messages and ends the link once those it has are answered. Streams end now. */
  drain(): void {
    this.#isDraining = true;
    for (const request of this.#open.values()) {
      if (request.subscription === undefined) continue;
      this.#finish(request, 'error', reportOf(new RpcClosingError()));
      request.subscription.unsubscribe();
    }
    this.#endIfDrained();
  }

  /** The link is gone: nobody waits for anything. */
  closed(): void {
    const requests = [...this.#open.values()];
    this.#open.clear();
    for (const request of requests) cancel(request);
  }

  #request(envelope: Envelope, pattern: string): void {
    const { msgId } = envelope;
    if (pattern === PING_PATTERN) return this.#send(msgId, 'reply', null);
    if (this.#open.has(msgId)) return this.link.destroy(new ProtocolViolationError(`msg_id ${msgId} is in use`));
    if (this.#isDraining) return this.refuse(msgId, new RpcClosingError());
    if (this.#isFull) return this.refuse(msgId, new RpcBusyError(this.options.inFlightMax));
    const isKnown = this.#isKnown(pattern);
    const direct = isKnown ? this.options.directOf(pattern) : undefined;
    if (direct !== undefined) return this.#requestDirectly(direct, envelope, pattern);
    const handler = isKnown ? this.options.handlerOf(pattern) : undefined;
    if (handler === undefined || handler.isEventHandler === true) {
      return this.refuse(msgId, new RpcUnknownCommandError(pattern));
    }
    const request: OpenRequest = { msgId, subscription: undefined, isCancelled: false };
    this.#open.set(msgId, request);
    this.#run(envelope, pattern, (context) => this.#answer(handler, { request, data: envelope.data, context }));
  }

  /** What is answered at once costs no promise, and never counts as open. */
  #requestDirectly(handler: DirectHandler, envelope: Envelope, pattern: string): void {
    const { msgId, data } = envelope;
    const context = this.#contextOf(envelope, pattern);
    let result: unknown;
    try {
      result = handler(data, context);
      if (!isPromise(result) && !isObservable(result)) {
        return this.#send(msgId, 'reply', this.#isOlder ? this.#replyFor(context, result) : result);
      }
    } catch (error) {
      return this.#send(msgId, 'error', this.#reportOf(error, pattern));
    }
    const request: OpenRequest = { msgId, subscription: undefined, isCancelled: false };
    this.#open.set(msgId, request);
    this.#runningCount += 1;
    void this.#answer(() => result as Promise<unknown>, { request, data, context }).then(() => this.#ended());
  }

  async #answer(
    handler: DirectHandler,
    { request, data, context }: { request: OpenRequest; data: unknown; context: RpcContext },
  ): Promise<void> {
    try {
      // Not Nest's send(): a plain value needs no rxjs pipeline.
      const result: unknown = await handler(data, context);
      if (isObservable(result)) await this.#stream(request, result);
      else this.#finish(request, 'reply', this.#isOlder ? this.#replyFor(context, result) : result);
    } catch (error) {
      this.#finish(request, 'error', this.#reportOf(error, context.pattern));
    }
  }

  #reportOf(error: unknown, pattern: string): ErrorReport {
    const report = reportOf(error);
    if (isInternal(report)) {
      this.options.logger.error('A message handler failed.', { ...this.#fields(pattern), error });
    }
    return report;
  }

  /** Resolves when the stream ended or nobody listens to it any more; rejects when it failed. */
  #stream(request: OpenRequest, values: Observable<unknown>): Promise<void> {
    if (request.isCancelled) return Promise.resolve();
    const subscription = new Subscription();
    request.subscription = subscription;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        reject(error as Error);
        subscription.unsubscribe();
      };
      const next = (value: unknown): void => {
        // A source that gives all its values while it is subscribed to cannot be unsubscribed from yet.
        if (subscription.closed) return;
        // What is thrown in here would end the process: rxjs throws it again from a timer.
        try {
          this.#send(request.msgId, 'streamValue', value);
        } catch (error) {
          fail(error);
        }
      };
      const complete = (): void => {
        if (subscription.closed) return;
        this.#finish(request, 'streamEnd', undefined);
        resolve();
      };
      subscription.add(resolve);
      subscription.add(values.subscribe({ next, error: fail, complete }));
    });
  }

  #event(envelope: Envelope, pattern: string): void {
    if (pattern === CANCEL_PATTERN) return this.#cancel(envelope.msgId);
    const handler = this.options.handlerOf(pattern);
    const isKnown = handler?.isEventHandler === true;
    if (!isKnown || this.#isFull || this.#isDraining) {
      // Nobody waits for an answer: the log is the only one to tell.
      this.options.logger.warn('An event was dropped.', { ...this.#fields(pattern), isKnown });
      return;
    }
    this.#run(envelope, pattern, (context) => this.#handleEvent(handler, envelope.data, context));
  }

  async #handleEvent(handler: MessageHandler, data: unknown, context: RpcContext): Promise<void> {
    try {
      const result: unknown = await handler(data, context);
      // Nest's filter hands a failure back as an Observable that fails.
      if (isObservable(result)) await endOf(result);
    } catch (error) {
      this.options.logger.error('An event handler failed.', { ...this.#fields(context.pattern), error });
    }
  }

  #cancel(msgId: number): void {
    const request = this.#open.get(msgId);
    this.#open.delete(msgId);
    if (request !== undefined) cancel(request);
  }

  #run(envelope: Envelope, pattern: string, work: (context: RpcContext) => Promise<void>): void {
    const context = this.#contextOf(envelope, pattern);
    this.#runningCount += 1;
    this.options.process(context, async (end) => {
      await work(context);
      end();
      this.#ended();
    });
  }

  #contextOf({ timestamp, version }: Envelope, pattern: string): RpcContext {
    return new RpcContext([this.options.remote, pattern, { timestampMs: timestamp, clock: version }]);
  }

  #ended(): void {
    this.#runningCount -= 1;
    this.#endIfDrained();
  }

  /** The last message about a request, unless it was cancelled. */
  #finish(request: OpenRequest, kind: EnvelopeKind, data: unknown): void {
    if (this.#open.get(request.msgId) !== request) return;
    // Sent first: if the data cannot be written, the request is still open, and gets an error instead.
    this.#send(request.msgId, kind, data);
    this.#open.delete(request.msgId);
  }

  #send(msgId: number, kind: EnvelopeKind, data: unknown): void {
    this.link.send({ kind, msgId, ...this.options.messageClock.stamp(), endpoint: '', handler: '', command: '', data });
  }

  #isKnown(pattern: string): boolean {
    return !this.#isOlder || isPatternIn(pattern, this.options.remote.version);
  }

  #replyFor({ pattern, version }: RpcContext, reply: unknown): unknown {
    return replyFor(pattern, reply, version);
  }

  get #isFull(): boolean {
    return this.#runningCount >= this.options.inFlightMax;
  }

  #endIfDrained(): void {
    if (this.#isDraining && this.#runningCount === 0) this.link.end();
  }

  #observeClock(envelope: Envelope): void {
    const aheadMs = this.options.messageClock.observe(envelope);
    if (aheadMs === undefined || this.#isClockNoted) return;
    this.#isClockNoted = true;
    this.options.logger.warn("A client's clock is too far ahead.", { ...this.#fields(patternOf(envelope)), aheadMs });
  }

  #fields(pattern: string): Record<string, unknown> {
    const { remote } = this.options;
    return { pattern, principal: remote.identity.principal, remote: formatAddress(remote) };
  }
}

function cancel(request: OpenRequest): void {
  request.isCancelled = true;
  request.subscription?.unsubscribe();
}

function endOf(values: Observable<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    values.subscribe({ error: reject, complete: resolve });
  });
}
