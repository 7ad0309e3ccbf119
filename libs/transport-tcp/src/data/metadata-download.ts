import type { Duplex } from 'node:stream';
import type { CancelTimer, Timers } from '@panal/runtime';
import {
  type DataMessage,
  decodeDataMessages,
  encodeDataMessage,
  METADATA_PART_BYTES_MAX,
  type MetadataMessage,
  type OpenMessage,
} from '@panal/wire';
import type { Secured } from '../secure-socket.js';
import { ContentUnknownError, DataConnectionLostError, DataProtocolError } from './data-errors.js';
import { METADATA_PART_TIMEOUT_MS } from './data-limits.js';

export interface MetadataDownloadOptions {
  readonly socket: Duplex;
  readonly secured: Secured;
  readonly timers: Timers;
  readonly address: string;
}

/**
 * One torrent file over one data connection, part after part. Nothing is allocated by what the other side announces, only
 * by what it has sent.
 */
export class MetadataDownload {
  readonly #parts: Buffer[] = [];
  #receivedBytes = 0;
  #totalBytes: number | undefined;
  #cancelTimeout: CancelTimer = () => undefined;
  #settle: (answer: Buffer | Error) => void = () => undefined;

  constructor(private readonly options: MetadataDownloadOptions) {}

  /** Once. @throws ContentUnknownError, DataProtocolError, DataConnectionLostError */
  async run(open: OpenMessage): Promise<Buffer> {
    const { socket, secured, address } = this.options;
    const answered = new Promise<Buffer>((resolve, reject) => {
      this.#settle = (answer) => (answer instanceof Error ? reject(answer) : resolve(answer));
    });
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.once('close', () => this.#settle(new DataConnectionLostError(address, 'it was closed')));
    this.#send(open);
    if (secured.rest.length > 0) this.#receive(secured.rest);
    socket.resume();
    try {
      return await answered;
    } finally {
      this.#cancelTimeout();
      socket.destroy();
    }
  }

  #receive(bytes: Buffer): void {
    try {
      for (const body of this.options.secured.session.opener.push(bytes)) {
        for (const message of decodeDataMessages(body)) this.#handle(message);
      }
    } catch (error) {
      this.#settle(error as Error);
    }
  }

  #handle(message: DataMessage): void {
    const { address } = this.options;
    if (message.kind === 'opened') return this.#askNext();
    if (message.kind === 'metadata') return this.#take(message);
    if (message.kind === 'have' || message.kind === 'pong') return;
    if (message.kind === 'open-refused') throw new ContentUnknownError(address, message.code);
    if (message.kind === 'refused') {
      throw new DataConnectionLostError(address, `it refused the torrent file (${message.code})`);
    }
    throw new DataProtocolError(address, `it sent "${message.kind}" instead of the torrent file`);
  }

  #take({ id, totalBytes, bytes }: MetadataMessage): void {
    const { address } = this.options;
    const expectedBytes = Math.min(METADATA_PART_BYTES_MAX, totalBytes - this.#receivedBytes);
    if (id !== this.#parts.length) throw new DataProtocolError(address, 'it sent a part nobody asked for');
    if (totalBytes !== (this.#totalBytes ?? totalBytes) || bytes.length !== expectedBytes || bytes.length === 0) {
      throw new DataProtocolError(address, 'the parts of its torrent file do not add up');
    }
    this.#totalBytes = totalBytes;
    this.#receivedBytes += bytes.length;
    this.#parts.push(Buffer.from(bytes));
    if (this.#receivedBytes === totalBytes) this.#settle(Buffer.concat(this.#parts));
    else this.#askNext();
  }

  #askNext(): void {
    const { timers, address } = this.options;
    this.#cancelTimeout();
    this.#cancelTimeout = timers.after(METADATA_PART_TIMEOUT_MS, () =>
      this.#settle(new DataConnectionLostError(address, `no torrent file in ${METADATA_PART_TIMEOUT_MS} ms`)),
    );
    const [id, offset] = [this.#parts.length, this.#receivedBytes];
    this.#send({ kind: 'metadata-request', id, offset, sizeBytes: METADATA_PART_BYTES_MAX });
  }

  #send(message: DataMessage): void {
    const { socket, secured } = this.options;
    for (const part of secured.session.sealer.seal([encodeDataMessage(message)])) socket.write(part);
  }
}
