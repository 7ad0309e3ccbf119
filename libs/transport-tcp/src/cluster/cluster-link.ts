import type { Duplex } from 'node:stream';
import { type CancelTimer, errorReport, type HostPort, PanalError } from '@panal/runtime';
import type { Envelope, EnvelopeKind, PatternParts } from '@panal/wire';
import { HandshakeTimeoutError, ProtocolViolationError, SilentError } from '../errors.js';
import type { MessageClock } from '../rpc/message-clock.js';
import { RpcLink } from '../rpc/rpc-link.js';
import type { RpcPorts } from '../rpc/rpc-ports.js';
import type { Secured } from '../secure-socket.js';
import type { LinkLimits } from './cluster-limits.js';
import {
  BEAT,
  HELLO,
  isLinkMessage,
  type LinkHello,
  MESSAGE,
  parseLinkHello,
  parseRefusal,
  REFUSAL,
} from './link-messages.js';

const NO_PARTS: PatternParts = { endpoint: '', handler: '', command: '' };

export interface ClusterLinkOptions {
  readonly self: LinkHello;
  readonly isDialed: boolean;
  /** Where it was dialled, or where it came from. */
  readonly address: HostPort;
  /** IP address of the other end. */
  readonly remoteHost: string;
  readonly ports: RpcPorts;
  readonly limits: LinkLimits;
  readonly messageClock: MessageClock;
}

export interface ClusterLinkEvents {
  /** The other side said who it is. @throws PanalError to refuse it */
  judge(link: ClusterLink, hello: LinkHello): void;
  /** It is open: messages may be sent, and may come in at once. */
  onOpen(link: ClusterLink, hello: LinkHello): void;
  /** An event of `send`, a request or an answer. */
  onEnvelope(link: ClusterLink, envelope: Envelope): void;
  /** Once, at the end; `error` says why unless one side closed in good order. */
  onClose(link: ClusterLink, error: Error | undefined): void;
}

/** One agreed connection between two trackers. Opens when each has said who it is. */
export class ClusterLink {
  /** Handlers at work on requests that came over it. */
  runningCount = 0;
  readonly #link: RpcLink;
  readonly #principal: string;
  #hello: LinkHello | undefined;
  #events: ClusterLinkEvents | undefined;
  #error: Error | undefined;
  #cancelTimeout: CancelTimer | undefined;
  readonly #openedAtMs: number;
  #usedAtMs: number;
  /** Since the last look, so that a message costs no reading of the clock. */
  #isUsed = false;
  #isSpokenOn = false;

  constructor(
    stream: Duplex,
    secured: Secured,
    private readonly options: ClusterLinkOptions,
  ) {
    const { ports, limits } = options;
    const { clock, timers } = ports;
    this.#link = new RpcLink(stream, secured, { clock, timers, outQueueBytesMax: limits.outQueueBytesMax });
    this.#principal = secured.session.remote.principal;
    this.#openedAtMs = clock.monotonicMs();
    this.#usedAtMs = this.#openedAtMs;
  }

  start(events: ClusterLinkEvents): void {
    const { ports, limits, isDialed } = this.options;
    this.#events = events;
    this.#cancelTimeout = ports.timers.after(limits.handshakeTimeoutMs, () =>
      this.destroy(new HandshakeTimeoutError(limits.handshakeTimeoutMs)),
    );
    // The other side answers only a hello that it accepts, so that who is refused never believes in a link.
    if (isDialed) this.#say(HELLO, this.options.self);
    this.#link.start({
      onEnvelope: (envelope) => this.#receive(envelope),
      onUnreadable: (msgId, error) => this.#send('error', msgId, { ...NO_PARTS, data: errorReport(error) }),
      onClose: (error) => {
        this.#cancelTimeout?.();
        events.onClose(this, this.#error ?? error);
      },
    });
  }

  get isDialed(): boolean {
    return this.options.isDialed;
  }

  /** Where it was dialled, or where it came from. */
  get address(): HostPort {
    return this.options.address;
  }

  /** IP address of the other end. */
  get remoteHost(): string {
    return this.options.remoteHost;
  }

  get principal(): string {
    return this.#principal;
  }

  /** Who is there, once it said so. */
  get hello(): LinkHello | undefined {
    return this.#hello;
  }

  get isOpen(): boolean {
    return this.#hello !== undefined && this.#link.isOpen;
  }

  get queuedBytes(): number {
    return this.#link.queuedBytes;
  }

  /** For how long it has been open, in ms. */
  get ageMs(): number {
    return this.options.ports.clock.monotonicMs() - this.#openedAtMs;
  }

  /** A frame of a message, request or answer; it goes out at the end of this turn. */
  sendFrame(frame: Buffer): void {
    this.#isUsed = true;
    this.#isSpokenOn = true;
    this.#link.sendFrame(frame);
  }

  /** Tells the other side why, and closes. */
  refuse(error: PanalError): void {
    this.#error ??= error;
    this.#say(REFUSAL, errorReport(error));
    this.#link.end();
  }

  /** Closes in good order: what was sent still arrives. */
  end(): void {
    this.#link.end();
  }

  /** Closes in good order, and takes what the other side sent before it knew. */
  finish(): void {
    this.#link.finish();
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    this.#link.destroy(error);
  }

  /** To be called at each beat. @returns For how long no message used the link, in ms. */
  beat(): number {
    const nowMs = this.options.ports.clock.monotonicMs();
    if (this.#isUsed) this.#usedAtMs = nowMs;
    if (!this.#isSpokenOn && this.isOpen) this.#say(BEAT, undefined);
    this.#isUsed = false;
    this.#isSpokenOn = false;
    return nowMs - this.#usedAtMs;
  }

  /** Drops the link if nothing was heard for too long. */
  dropIfSilent(): void {
    const { silenceMs } = this.#link;
    if (silenceMs >= this.options.limits.idleTimeoutMs) this.destroy(new SilentError(silenceMs));
  }

  #receive(envelope: Envelope): void {
    const isAboutLink = envelope.kind === 'event' && isLinkMessage(envelope);
    if (isAboutLink && envelope.command !== MESSAGE.command) return this.#control(envelope.command, envelope.data);
    if (this.#hello === undefined) return this.#violated('it sent a message before it said who it is');
    this.#isUsed = true;
    this.#events?.onEnvelope(this, envelope);
  }

  #control(command: string, data: unknown): void {
    if (command === HELLO.command) this.#greet(data);
    else if (command === REFUSAL.command) this.destroy(parseRefusal(data));
    // Anything else is a sign of life, or what a later release says about its links.
  }

  #greet(data: unknown): void {
    if (this.#hello !== undefined) return this.#violated('it said twice who it is');
    try {
      const hello = parseLinkHello(data);
      this.#events?.judge(this, hello);
      this.#hello = hello;
      this.#cancelTimeout?.();
      if (!this.isDialed) this.#say(HELLO, this.options.self);
      this.#events?.onOpen(this, hello);
    } catch (error) {
      if (error instanceof PanalError) this.refuse(error);
      else this.destroy(error as Error);
    }
  }

  #say(parts: PatternParts, data: unknown): void {
    this.#send('event', 0, { ...parts, data });
  }

  #send(kind: EnvelopeKind, msgId: number, rest: PatternParts & { readonly data: unknown }): void {
    this.#isSpokenOn = true;
    this.#link.send({ kind, msgId, ...this.options.messageClock.stamp(), ...rest });
  }

  #violated(what: string): void {
    this.destroy(new ProtocolViolationError(what));
  }
}
