import { type HostPort, type Logger, PanalError } from '@panal/runtime';
import { type Envelope, type EnvelopeKind, encodeFrame, type PatternParts, parsePattern, patternOf } from '@panal/wire';
import { PatternInvalidError, ProtocolViolationError, RpcBusyError, RpcDisconnectedError } from '../errors.js';
import { isInternal, reportOf } from '../rpc/error-mapping.js';
import type { MessageClock } from '../rpc/message-clock.js';
import type { LinkLimits } from './cluster-limits.js';
import type { ClusterLink } from './cluster-link.js';
import type { ClusterLinksHandlers, LinkRequestOptions, LinkTarget } from './cluster-links.js';
import type { LinkCalls } from './link-calls.js';
import { isLinkPattern, MESSAGE } from './link-messages.js';
import type { Neighbour, WaitingFrame } from './neighbour.js';

export interface LinkExchangeOptions {
  readonly limits: LinkLimits;
  readonly logger: Logger;
  readonly messageClock: MessageClock;
  readonly calls: LinkCalls;
  readonly handlers: ClusterLinksHandlers;
  /** Who is meant, or why nobody can be. */
  readonly find: (to: LinkTarget) => Neighbour | PanalError;
}

const NOWHERE: HostPort = { host: '', port: 0 };
const NO_PARTS: PatternParts = { endpoint: '', handler: '', command: '' };

/** What the application sends over links, and what it gets. */
export class LinkExchange {
  readonly #warned = new WeakSet<ClusterLink>();
  messagesSent = 0;
  messagesReceived = 0;
  messagesDropped = 0;
  requestsSent = 0;
  requestsReceived = 0;
  handlersFailed = 0;
  clocksRefused = 0;

  constructor(private readonly options: LinkExchangeOptions) {}

  send(to: LinkTarget, message: object): boolean {
    const frame = this.#encode('event', 0, { parts: MESSAGE, data: message });
    const neighbour = this.options.find(to);
    const problem = neighbour instanceof PanalError ? neighbour : neighbour.send({ frame, msgId: undefined });
    if (problem !== undefined) this.messagesDropped += 1;
    return problem === undefined;
  }

  async request(to: LinkTarget, pattern: string, data: unknown, options: LinkRequestOptions = {}): Promise<unknown> {
    const parts = parsePattern(pattern);
    if (parts === undefined || isLinkPattern(pattern)) throw new PatternInvalidError(pattern);
    const { calls, limits } = this.options;
    const neighbour = this.options.find(to);
    if (neighbour instanceof PanalError) throw neighbour;
    const { timeoutMs = limits.timeoutMs, signal } = options;
    const address = neighbour.address ?? neighbour.current?.address ?? NOWHERE;
    const { msgId, answer } = calls.open({ target: neighbour.key, address, pattern, timeoutMs, signal });
    try {
      const frame = this.#encode('request', msgId, { parts, data });
      const problem = neighbour.send({ frame, msgId });
      if (problem !== undefined) calls.fail(msgId, problem);
    } catch (error) {
      calls.fail(msgId, error as Error);
    }
    return answer;
  }

  /** A frame is about to go out. @returns False for a request that nobody waits for any more. */
  sending({ msgId }: WaitingFrame, link: ClusterLink): boolean {
    if (msgId === undefined) {
      this.messagesSent += 1;
      return true;
    }
    if (!this.options.calls.isOpen(msgId)) return false;
    this.requestsSent += 1;
    this.options.calls.sentOver(link, msgId);
    return true;
  }

  /** A frame never went out. */
  dropped({ msgId }: WaitingFrame, error: PanalError): void {
    if (msgId === undefined) this.messagesDropped += 1;
    else this.options.calls.fail(msgId, error);
  }

  receive(link: ClusterLink, envelope: Envelope): void {
    if (this.options.messageClock.observe(envelope) !== undefined) this.clocksRefused += 1;
    switch (envelope.kind) {
      case 'event':
        // Others are of a later release.
        if (envelope.command === MESSAGE.command && envelope.handler === MESSAGE.handler)
          this.#message(link, envelope.data);
        return;
      case 'request':
        void this.#answer(link, envelope);
        return;
      case 'reply':
      case 'error':
        return this.options.calls.settle(link, envelope);
      case 'streamValue':
      case 'streamEnd':
        link.destroy(new ProtocolViolationError(`a link carries no ${envelope.kind}`));
    }
  }

  lost(link: ClusterLink, error: Error | undefined): void {
    const reason = error === undefined ? 'the other side closed it' : error.message.replace(/\.$/, '');
    this.options.calls.failLink(link, new RpcDisconnectedError(link.address, reason, error));
  }

  #message(link: ClusterLink, message: unknown): void {
    this.messagesReceived += 1;
    try {
      this.options.handlers.onMessage(idOf(link), message);
    } catch (error) {
      this.#handlerFailed(link, 'message', error);
    }
  }

  /** Never rejects. */
  async #answer(link: ClusterLink, envelope: Envelope): Promise<void> {
    const { handlers, limits } = this.options;
    const { msgId } = envelope;
    this.requestsReceived += 1;
    if (link.runningCount >= limits.inFlightMax) return this.#refuse(link, msgId, new RpcBusyError(limits.inFlightMax));
    link.runningCount += 1;
    try {
      const answer = await handlers.onRequest(idOf(link), patternOf(envelope), envelope.data);
      link.sendFrame(this.#encode('reply', msgId, { parts: NO_PARTS, data: answer }));
    } catch (error) {
      this.#refuse(link, msgId, error);
    } finally {
      link.runningCount -= 1;
    }
  }

  #refuse(link: ClusterLink, msgId: number, error: unknown): void {
    const report = reportOf(error);
    if (isInternal(report)) this.#handlerFailed(link, 'request', error);
    link.sendFrame(this.#encode('error', msgId, { parts: NO_PARTS, data: report }));
  }

  /** One warning for each link: a faulty member shall not fill the log. */
  #handlerFailed(link: ClusterLink, of: 'message' | 'request', error: unknown): void {
    this.handlersFailed += 1;
    const level = this.#warned.has(link) ? 'debug' : 'warn';
    this.#warned.add(link);
    this.options.logger[level]('What a tracker sent could not be handled.', { tracker: idOf(link), of, error });
  }

  #encode(kind: EnvelopeKind, msgId: number, { parts, data }: { parts: PatternParts; data: unknown }): Buffer {
    return encodeFrame({ kind, msgId, ...this.options.messageClock.stamp(), ...parts, data });
  }
}

function idOf(link: ClusterLink): string {
  return link.hello?.trackerId ?? '';
}
