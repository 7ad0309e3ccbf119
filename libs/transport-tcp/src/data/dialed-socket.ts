import { connect, type Socket } from 'node:net';
import { formatAddress, type HostPort, type Timers } from '@panal/runtime';
import { ConnectError } from '../errors.js';
import { CONNECT_TIMEOUT_MS } from '../limits.js';

/** Enough for a hello; what is longer comes in several reads. */
const HELLO_READ_BYTES = 4096;

/** Where the bytes of a dialled connection go. */
export interface SocketReader {
  /** Where the next bytes go; at least one byte. */
  target(): Buffer;
  /** So many bytes came to the last target. @returns Whether to go on reading. */
  received(sizeBytes: number): boolean;
}

/**
 * A connection we opened, which reads into buffers of our own choosing. Until `readWith` its bytes go to the listener of
 * `onHello`; afterwards to the reader.
 */
export class DialedSocket {
  readonly #hello = Buffer.allocUnsafe(HELLO_READ_BYTES);
  #onHello: (bytes: Buffer) => void = () => undefined;
  #reader: SocketReader | undefined;
  #isTargetHello = true;
  readonly socket: Socket;

  constructor(address: HostPort) {
    this.socket = connect({
      ...address,
      noDelay: true,
      onread: {
        buffer: () => this.#target(),
        callback: (sizeBytes) => this.#received(sizeBytes),
      },
    });
  }

  /** @throws ConnectError when it takes too long, is refused or `signal` aborts; the socket is destroyed then. */
  connected(address: HostPort, timers: Timers, signal: AbortSignal): Promise<void> {
    const { socket } = this;
    return new Promise((resolve, reject) => {
      const finish = (error?: Error): void => {
        cancel();
        signal.removeEventListener('abort', onAbort);
        socket.off('connect', onConnect);
        if (error === undefined) return resolve();
        socket.on('error', () => undefined);
        socket.destroy();
        reject(new ConnectError(address, error.message, error));
      };
      const onConnect = (): void => finish();
      const onAbort = (): void => finish(new Error('it is no longer needed'));
      const cancel = timers.after(CONNECT_TIMEOUT_MS, () => finish(new Error(`no answer in ${CONNECT_TIMEOUT_MS} ms`)));
      signal.addEventListener('abort', onAbort, { once: true });
      socket.once('connect', onConnect);
      socket.once('error', finish);
      if (signal.aborted) onAbort();
    });
  }

  /** For the handshake: its bytes, until the returned function is called. */
  onHello(listener: (bytes: Buffer) => void): () => void {
    this.#onHello = listener;
    return () => {
      this.#onHello = () => undefined;
    };
  }

  readWith(reader: SocketReader): void {
    this.#reader = reader;
  }

  get name(): string {
    return formatAddress({ host: this.socket.remoteAddress ?? '?', port: this.socket.remotePort ?? 0 });
  }

  #target(): Buffer {
    this.#isTargetHello = this.#reader === undefined;
    return this.#reader?.target() ?? this.#hello;
  }

  /** The first read after `readWith` may still come to the hello's buffer, because Node asks for a target ahead. */
  #received(sizeBytes: number): boolean {
    if (!this.#isTargetHello) return this.#reader?.received(sizeBytes) ?? false;
    const bytes = Buffer.from(this.#hello.subarray(0, sizeBytes));
    if (this.#reader === undefined) {
      this.#onHello(bytes);
      return true;
    }
    return deliver(this.#reader, bytes);
  }
}

/** Gives bytes that are here already to a reader. @returns Whether to go on reading. */
export function deliver(reader: SocketReader, bytes: Buffer): boolean {
  let isReading = true;
  for (let at = 0; at < bytes.length; ) {
    const target = reader.target();
    const size = Math.min(target.length, bytes.length - at);
    target.set(bytes.subarray(at, at + size));
    isReading = reader.received(size);
    at += size;
  }
  return isReading;
}
