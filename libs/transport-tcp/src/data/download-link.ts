import type { Timers } from '@panal/runtime';
import type { BlockRequest, SourceLink, SourceLinkEvents } from '@panal/transfer';
import type { DataMessage, OpenedMessage } from '@panal/wire';
import type { Secured } from '../secure-socket.js';
import type { BlockSlot, BlockSlots } from './block-slots.js';
import { BlockStream, type PlainDataMessage } from './block-stream.js';
import { DataConnectionLostError, DataProtocolError } from './data-errors.js';
import { BLOCK_TICKS_MAX, LINK_TICK_MS, PING_TICKS, QUIET_TICKS_IN_BLOCK_MAX, QUIET_TICKS_MAX } from './data-limits.js';
import { type DialedSocket, deliver, type SocketReader } from './dialed-socket.js';
import { RecordWriter } from './record-writer.js';

export interface DownloadLinkOptions {
  readonly dialed: DialedSocket;
  readonly secured: Secured;
  readonly slots: BlockSlots;
  readonly timers: Timers;
  readonly name: string;
  readonly address: string;
  readonly events: SourceLinkEvents;
  /** The provider's answer to `open`, once. */
  readonly onOpened: (answer: OpenedMessage | { kind: 'open-refused'; code: string }) => void;
}

/** The downloader's side of a data connection, from the end of the handshake on. */
export class DownloadLink implements SourceLink, SocketReader {
  readonly name: string;
  readonly address: string;
  /** Requests without an answer, cancelled ones too, and the size each asked for. */
  readonly #open = new Map<number, number>();
  readonly #stream: BlockStream;
  readonly #writer: RecordWriter;
  #isOpened = false;
  #isClosed = false;
  readonly #cancelTick: () => void;
  #tickCount = 0;
  #quietTicks = 0;
  #blockTicks = 0;

  constructor(private readonly options: DownloadLinkOptions) {
    const { dialed, secured, slots, timers } = options;
    this.name = options.name;
    this.address = options.address;
    this.#writer = new RecordWriter(dialed.socket, secured.session.sealer);
    this.#stream = new BlockStream(secured.session.opener, slots, {
      onMessage: (message) => this.#receive(message),
      checkBlock: (id, sizeBytes) => this.#checkBlock(id, sizeBytes),
      onBlock: (id, slot) => this.#receiveBlock(id, slot),
      onReady: () => this.#resume(),
    });
    this.#cancelTick = timers.every(LINK_TICK_MS, () => this.#tick());
    dialed.socket.on('error', (error) => this.#lose(error.message, error));
    dialed.socket.once('close', () => this.#lose('the other side closed it'));
  }

  /** Starts to read. */
  start(hello: DataMessage): void {
    const { dialed, secured } = this.options;
    this.#writer.send(hello);
    dialed.readWith(this);
    if (dialed.socket.destroyed) return this.#lose('the other side closed it');
    if (this.#guarded(() => deliver(this, secured.rest)) && !this.#isClosed) dialed.socket.resume();
  }

  request({ id, chunk, begin, lengthBytes }: BlockRequest): void {
    if (this.#isClosed) return;
    this.#open.set(id, lengthBytes);
    this.#writer.send({ kind: 'request', id, index: chunk, begin, sizeBytes: lengthBytes });
  }

  cancel(requestId: number): void {
    if (!this.#isClosed && this.#open.has(requestId)) this.#writer.send({ kind: 'cancel', id: requestId });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTick();
    this.#open.clear();
    this.#stream.close();
    this.options.dialed.socket.destroy();
  }

  target(): Buffer {
    return this.#stream.target();
  }

  received(sizeBytes: number): boolean {
    this.#quietTicks = 0;
    return !this.#isClosed && this.#guarded(() => this.#stream.received(sizeBytes)) && !this.#isClosed;
  }

  /** Not the socket's own timeout: it counts what we send as a sign of life. */
  #tick(): void {
    const { phase } = this.#stream;
    // While we wait for a slot, nobody reads: silence is our own.
    this.#quietTicks = phase === 'waiting' ? 0 : this.#quietTicks + 1;
    this.#blockTicks = phase === 'block' ? this.#blockTicks + 1 : 0;
    this.#tickCount += 1;
    if (phase === 'block' && this.#quietTicks > QUIET_TICKS_IN_BLOCK_MAX)
      this.#lose('it stopped in the middle of a block');
    else if (this.#blockTicks > BLOCK_TICKS_MAX) this.#lose('it sends a block too slowly');
    else if (this.#quietTicks > QUIET_TICKS_MAX) this.#lose('nothing was heard from it any more');
    else if (this.#tickCount % PING_TICKS === 0) this.#writer.send({ kind: 'ping' });
  }

  #receive(message: PlainDataMessage): void {
    if (message.kind === 'opened' || message.kind === 'open-refused') {
      if (this.#isOpened) throw new DataProtocolError(this.address, 'it answered twice');
      this.#isOpened = true;
      this.options.onOpened(message);
    } else if (!this.#isOpened) {
      throw new DataProtocolError(this.address, 'it spoke before it answered');
    } else if (message.kind === 'have') {
      this.options.events.onHave(message.chunks);
    } else if (message.kind === 'refused') {
      if (this.#open.delete(message.id)) this.options.events.onRefused(message.id, message.code);
    } else if (message.kind !== 'pong') {
      throw new DataProtocolError(this.address, `it sent "${message.kind}", which only a downloader sends`);
    }
  }

  #checkBlock(id: number, sizeBytes: number): void {
    const asked = this.#open.get(id);
    if (asked === undefined) throw new DataProtocolError(this.address, 'it sent a block nobody asked for');
    if (asked !== sizeBytes)
      throw new DataProtocolError(this.address, `it sent ${sizeBytes} bytes instead of ${asked}`);
  }

  #receiveBlock(id: number, slot: BlockSlot): void {
    this.#open.delete(id);
    this.#blockTicks = 0;
    if (this.#isClosed) slot.release();
    else this.options.events.onBlock({ requestId: id, bytes: slot.bytes, release: () => slot.release() });
  }

  /** Not at once: the slot was given back in the middle of somebody else's work. */
  #resume(): void {
    setImmediate(() => {
      if (this.#isClosed || !this.#guarded(() => this.#stream.resume()) || this.#isClosed) return;
      this.options.dialed.socket.resume();
    });
  }

  #guarded(step: () => boolean): boolean {
    try {
      return step();
    } catch (error) {
      this.#lose((error as Error).message, error);
      return false;
    }
  }

  #lose(reason: string, cause?: unknown): void {
    if (this.#isClosed) return;
    const error = cause instanceof DataProtocolError ? cause : new DataConnectionLostError(this.address, reason, cause);
    this.close();
    this.options.events.onLost(error);
  }
}
