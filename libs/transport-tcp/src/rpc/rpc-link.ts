import type { Duplex } from 'node:stream';
import type { Clock, Timers } from '@panal/runtime';
import { BodyInvalidError, decodeEnvelope, type Envelope, encodeFrame, splitFrames } from '@panal/wire';
import { OutQueueFullError } from '../errors.js';
import { LINGER_TIMEOUT_MS, RPC_GATHER_BYTES_MAX } from '../limits.js';
import { endStream, type Secured } from '../secure-socket.js';

export interface RpcLinkOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Bytes waiting for a reader that does not read; beyond it the link is dropped. */
  readonly outQueueBytesMax: number;
}

export interface RpcLinkEvents {
  onEnvelope(envelope: Envelope): void;
  /** A request whose body could not be read; the connection goes on. */
  onUnreadable(msgId: number, error: BodyInvalidError): void;
  /** Once, at the end; `error` says why unless one side closed in good order. */
  onClose(error: Error | undefined): void;
}

/**
 * Envelopes both ways over one agreed connection. What is sent in one turn of the event loop is gathered into one record,
 * so that a burst costs one seal and one system call.
 */
export class RpcLink {
  #frames: Buffer[] = [];
  #framesBytes = 0;
  #isFlushDue = false;
  #isEnding = false;
  /** Nothing more is sent; what comes in still counts. */
  #isFinishing = false;
  #isClosed = false;
  #error: Error | undefined;
  #lastHeardMs: number;
  #events: RpcLinkEvents | undefined;

  constructor(
    private readonly stream: Duplex,
    private readonly secured: Secured,
    private readonly options: RpcLinkOptions,
  ) {
    this.#lastHeardMs = options.clock.monotonicMs();
  }

  /** Begins to read. */
  start(events: RpcLinkEvents): void {
    const { stream } = this;
    this.#events = events;
    stream.on('data', this.#onData);
    stream.on('error', (error: Error) => {
      this.#error ??= error;
    });
    stream.once('close', () => this.#onClose());
    // Before the socket closes its own side too: what was gathered goes out first.
    stream.prependOnceListener('end', () => this.#finish());
    if (stream.destroyed) this.#onClose();
    else if (this.secured.rest.length > 0) this.#onData(this.secured.rest);
    stream.resume();
  }

  /** For how long nothing was heard from the other side, in ms. */
  get silenceMs(): number {
    return this.options.clock.monotonicMs() - this.#lastHeardMs;
  }

  /** Bytes that wait for the other side to read. */
  get queuedBytes(): number {
    return this.#framesBytes + this.stream.writableLength;
  }

  get isOpen(): boolean {
    return !this.#isFinishing && this.#isListening;
  }

  /**
   * Queues a message; it goes out at the end of this turn. Nothing happens once the link is closed.
   * @throws BodyUnencodableError and the like: the message cannot be written; the link goes on.
   */
  send(envelope: Envelope): void {
    if (this.isOpen) this.sendFrame(encodeFrame(envelope));
  }

  /** The same for an envelope that was encoded before: a frame of `encodeFrame`, not to be changed from now on. */
  sendFrame(frame: Buffer): void {
    if (!this.isOpen) return;
    this.#frames.push(frame);
    this.#framesBytes += frame.length;
    const { queuedBytes } = this;
    if (queuedBytes > this.options.outQueueBytesMax) {
      this.destroy(new OutQueueFullError(queuedBytes));
    } else if (this.#framesBytes >= RPC_GATHER_BYTES_MAX) this.#flush();
    else if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      setImmediate(() => this.#flush());
    }
  }

  /** Closes in good order: what was sent still arrives, if the other side reads it soon. */
  end(): void {
    if (!this.#isListening) return;
    this.#flush();
    this.#isEnding = true;
    this.stream.off('data', this.#onData);
    endStream(this.stream, this.options.timers);
  }

  /** Closes in good order, and takes what the other side sent before it knew. */
  finish(): void {
    if (!this.isOpen) return;
    const { stream, options } = this;
    this.#finish();
    const cancel = options.timers.after(LINGER_TIMEOUT_MS, () => stream.destroy());
    stream.once('close', cancel);
    stream.end();
  }

  /** Closes at once. */
  destroy(error?: Error): void {
    this.#error ??= error;
    this.#isEnding = true;
    this.#frames = [];
    this.stream.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#lastHeardMs = this.options.clock.monotonicMs();
    try {
      for (const body of this.secured.session.opener.push(chunk)) {
        for (const frame of splitFrames(body)) this.#onFrame(frame);
      }
    } catch (error) {
      this.destroy(error as Error);
    }
  };

  get #isListening(): boolean {
    return !this.#isEnding && !this.stream.destroyed;
  }

  #onFrame(frame: Buffer): void {
    if (!this.#isListening) return;
    let envelope: Envelope;
    try {
      envelope = decodeEnvelope(frame);
    } catch (error) {
      if (!(error instanceof BodyInvalidError) || error.msgId === undefined) throw error;
      this.#events?.onUnreadable(error.msgId, error);
      return;
    }
    this.#events?.onEnvelope(envelope);
  }

  #flush(): void {
    this.#isFlushDue = false;
    if (this.#frames.length === 0 || !this.isOpen) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#framesBytes = 0;
    const pieces = this.secured.session.sealer.seal(frames);
    // Corked, the pieces go out as one system call without being copied together.
    this.stream.cork();
    for (const piece of pieces) this.stream.write(piece);
    this.stream.uncork();
  }

  #finish(): void {
    this.#flush();
    this.#isFinishing = true;
  }

  #onClose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isEnding = true;
    this.#events?.onClose(this.#error);
  }
}
