import type { Socket } from 'node:net';
import { formatAddress, type Logger, type Timers } from '@panal/runtime';
import { REFUSED_BUSY, REFUSED_CHUNK_MISSING, type UploadQueue } from '@panal/transfer';
import {
  type DataMessage,
  decodeDataMessages,
  HAVE_CHUNKS_MAX,
  type MetadataRequestMessage,
  mayUseNamespace,
  type OpenMessage,
  type RequestMessage,
} from '@panal/wire';
import type { Secured } from '../secure-socket.js';
import type { BlockSlot, BlockSlots } from './block-slots.js';
import { DataProtocolError } from './data-errors.js';
import { BLOCK_SEND_TIMEOUT_MS, DATA_IDLE_TIMEOUT_MS, OPEN_TIMEOUT_MS } from './data-limits.js';
import type { ContentDirectory, OfferedContent } from './offered-content.js';
import { RecordWriter } from './record-writer.js';

/** Answers of a provider beside those the engine knows by name. */
const REFUSED_CONTENT_UNKNOWN = 'content_unknown';
const REFUSED_NAMESPACE = 'namespace_forbidden';
const REFUSED_CANCELLED = 'cancelled';
const REFUSED_READ_FAILED = 'read_failed';

export interface UploadConnectionOptions {
  readonly socket: Socket;
  readonly secured: Secured;
  readonly directory: ContentDirectory;
  readonly queue: UploadQueue<UploadConnection, RequestMessage>;
  readonly slots: BlockSlots;
  readonly timers: Timers;
  readonly logger: Logger;
  /** It was refused what it wanted; a few constant words. */
  readonly onRefused: (reason: string) => void;
}

/** The provider's side of a data connection, from the end of the handshake on. */
export class UploadConnection {
  readonly address: string;
  readonly #writer: RecordWriter;
  /** Requests a lane works on; the others wait in the queue. */
  readonly #served = new Set<number>();
  #content: OfferedContent | undefined;
  #isMetadataUnderWay = false;
  #unwatch: () => void = () => undefined;
  readonly #cancelOpenTimeout: () => void;

  constructor(private readonly options: UploadConnectionOptions) {
    const { socket, secured, timers } = options;
    this.address = formatAddress({ host: socket.remoteAddress ?? '?', port: socket.remotePort ?? 0 });
    this.#writer = new RecordWriter(socket, secured.session.sealer);
    this.#cancelOpenTimeout = timers.after(OPEN_TIMEOUT_MS, () => socket.destroy());
    socket.setTimeout(DATA_IDLE_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (bytes) => this.#receive(bytes));
    socket.once('close', () => this.#closed());
  }

  /** Of the downloader's client key, in hex; undefined for the cluster's own. */
  get keyId(): string | undefined {
    return this.options.secured.session.access.keyId;
  }

  destroy(): void {
    this.options.socket.destroy();
  }

  start(): void {
    if (this.options.secured.rest.length > 0) this.#receive(this.options.secured.rest);
    this.options.socket.resume();
  }

  /** Reads and sends one block. Called by the queue, which holds a lane for it meanwhile. */
  async serve(request: RequestMessage, signal: AbortSignal): Promise<void> {
    const content = this.#content as OfferedContent;
    this.#served.add(request.id);
    const slot = await this.#slot(request.sizeBytes);
    try {
      await content.read(content.geometry.chunkStart(request.index) + request.begin, slot.bytes);
      if (signal.aborted) this.#refuseAtOnce(request.id, REFUSED_CANCELLED);
      else if (await this.#send(request.id, slot)) content.countSent(request.sizeBytes);
    } finally {
      this.#served.delete(request.id);
      slot.release();
    }
  }

  /** The block could not be read. */
  refuse(request: RequestMessage, error: unknown): void {
    this.#refuseAtOnce(request.id, REFUSED_READ_FAILED);
    this.#content?.reportReadError(error);
  }

  #slot(sizeBytes: number): Promise<BlockSlot> {
    return new Promise((resolve) => this.options.slots.wait(sizeBytes, resolve));
  }

  /** @returns Whether the block went out. If not, that is the connection's end and no fault of the content. */
  async #send(id: number, slot: BlockSlot): Promise<boolean> {
    const { socket, timers } = this.options;
    const cancel = timers.after(BLOCK_SEND_TIMEOUT_MS, () => socket.destroy());
    try {
      await this.#writer.sendBlock(id, slot.bytes);
      return true;
    } catch {
      socket.destroy();
      return false;
    } finally {
      cancel();
    }
  }

  #receive(bytes: Buffer): void {
    try {
      for (const body of this.options.secured.session.opener.push(bytes)) {
        for (const message of decodeDataMessages(body)) this.#handle(message);
      }
    } catch (error) {
      this.options.logger.warn('A downloader was dropped.', { address: this.address, error });
      this.options.socket.destroy();
    }
  }

  #handle(message: DataMessage): void {
    if (message.kind === 'open') return this.#open(message);
    if (message.kind === 'request') return this.#request(message);
    if (message.kind === 'cancel') return this.#cancel(message.id);
    if (message.kind === 'metadata-request') return this.#sendMetadata(message);
    if (message.kind === 'ping') return this.#writer.send({ kind: 'pong' });
    throw new DataProtocolError(this.address, `it sent "${message.kind}", which only a provider sends`);
  }

  #open({ namespace, hash, peerId, peerName, dataPort }: OpenMessage): void {
    if (this.#content !== undefined) throw new DataProtocolError(this.address, 'it opened two torrents');
    const { directory, socket, secured } = this.options;
    const { access } = secured.session;
    if (access.peerId !== undefined && access.peerId !== peerId.toString('hex')) {
      throw new DataProtocolError(this.address, 'it is another peer than its ticket says');
    }
    this.#cancelOpenTimeout();
    if (!mayUseNamespace(access, namespace)) return this.#refuseOpen(REFUSED_NAMESPACE);
    const content = directory.find(namespace, hash);
    if (dataPort > 0 && socket.remoteAddress !== undefined) {
      directory.greet({ namespace, hash, peerId, peerName, host: socket.remoteAddress, port: dataPort });
    }
    if (content === undefined) return this.#refuseOpen(REFUSED_CONTENT_UNKNOWN);
    this.#content = content;
    const { have } = content;
    const opened = {
      kind: 'opened',
      peerName: directory.peerName,
      chunkCount: have.size,
      bitfield: have.bytes,
    } as const;
    this.#writer.send(opened);
    const unwatch = content.watch((chunks) => this.#announce(chunks));
    const unwatchEnd = content.onEnd(() => socket.destroy());
    this.#unwatch = () => {
      unwatch();
      unwatchEnd();
    };
  }

  #refuseOpen(code: string): void {
    const { socket, onRefused } = this.options;
    if (code !== REFUSED_CONTENT_UNKNOWN) onRefused(code);
    this.#writer.send({ kind: 'open-refused', code });
    setImmediate(() => socket.end());
  }

  #announce(chunks: readonly number[]): void {
    for (let at = 0; at < chunks.length; at += HAVE_CHUNKS_MAX) {
      this.#writer.send({ kind: 'have', chunks: chunks.slice(at, at + HAVE_CHUNKS_MAX) });
    }
  }

  #request(request: RequestMessage): void {
    const content = this.#content;
    if (content === undefined) throw new DataProtocolError(this.address, 'it asked before it opened a torrent');
    const { geometry, have } = content;
    if (request.index >= geometry.chunkCount)
      throw new DataProtocolError(this.address, 'it asked for a chunk past the end');
    if (request.begin + request.sizeBytes > geometry.chunkSize(request.index)) {
      throw new DataProtocolError(this.address, 'it asked for bytes past the end of a chunk');
    }
    if (!have.has(request.index)) return this.#refuseAtOnce(request.id, REFUSED_CHUNK_MISSING);
    const admission = this.options.queue.offer(this, request);
    if (admission === 'busy') this.#refuseAtOnce(request.id, REFUSED_BUSY);
    if (admission === 'duplicate') throw new DataProtocolError(this.address, 'it used one request id twice');
  }

  /** One part at a time: two do not fit a record, and a downloader that does not read costs one part and no more. */
  #sendMetadata({ id, offset, sizeBytes }: MetadataRequestMessage): void {
    if (this.#content === undefined) throw new DataProtocolError(this.address, 'it asked before it opened a torrent');
    const { buffer, byteOffset, byteLength: totalBytes } = this.#content.metadata;
    if (offset >= totalBytes) throw new DataProtocolError(this.address, 'it asked past the end of the torrent file');
    if (this.#isMetadataUnderWay) return this.#refuseAtOnce(id, REFUSED_BUSY);
    this.#isMetadataUnderWay = true;
    const bytes = Buffer.from(buffer, byteOffset + offset, Math.min(sizeBytes, totalBytes - offset));
    void this.#writer.sendAlone({ kind: 'metadata', id, totalBytes, bytes }).then(() => {
      this.#isMetadataUnderWay = false;
    });
  }

  /** Each request is answered once. One that is being served is answered by its lane. */
  #cancel(requestId: number): void {
    if (this.options.queue.cancel(this, requestId) && !this.#served.has(requestId)) {
      this.#refuseAtOnce(requestId, REFUSED_CANCELLED);
    }
  }

  #refuseAtOnce(id: number, code: string): void {
    if (!this.options.socket.destroyed) this.#writer.send({ kind: 'refused', id, code });
  }

  #closed(): void {
    this.#cancelOpenTimeout();
    this.#unwatch();
    this.options.queue.drop(this);
  }
}
