import type { Socket } from 'node:net';
import { type DataMessage, encodeDataMessage, type RecordSealer } from '@panal/wire';

/**
 * Writes messages to a data connection. Those of one turn of the event loop go out as one record, with one MAC: requests
 * come in bursts, and a MAC and a system call each would cost more than they do.
 */
export class RecordWriter {
  #frames: Buffer[] = [];

  constructor(
    private readonly socket: Socket,
    private readonly sealer: RecordSealer,
  ) {}

  /** Bytes the socket has not taken yet. */
  get queuedBytes(): number {
    return this.socket.writableLength;
  }

  send(message: DataMessage): void {
    if (this.#frames.push(encodeDataMessage(message)) === 1) setImmediate(() => this.#flush([]));
  }

  /** Sends a block and everything before it. @returns When the kernel has `payload`, which must not change until then. */
  sendBlock(id: number, payload: Uint8Array): Promise<void> {
    this.#frames.push(encodeDataMessage({ kind: 'block', id, sizeBytes: payload.length }));
    return new Promise((resolve, reject) => {
      const isOpen = this.#flush([payload], (error) => (error ? reject(error) : resolve()));
      if (!isOpen) reject(new Error('the connection is closed'));
    });
  }

  /** Sends a message in a record of its own, because it may fill one. @returns When the kernel has it, or never will. */
  sendAlone(message: DataMessage): Promise<void> {
    if (this.#frames.length > 0) this.#flush([]);
    return new Promise((resolve) => {
      if (!this.socket.writable) return resolve();
      this.socket.cork();
      for (const part of this.sealer.seal([encodeDataMessage(message)])) this.socket.write(part);
      // Called in order of the writes, and with an error when the connection ends before.
      this.socket.write(Buffer.alloc(0), () => resolve());
      this.socket.uncork();
    });
  }

  #flush(payloads: readonly Uint8Array[], onTaken?: (error?: Error | null) => void): boolean {
    const frames = this.#frames;
    this.#frames = [];
    if (!this.socket.writable) return false;
    this.socket.cork();
    if (frames.length > 0) for (const part of this.sealer.seal(frames)) this.socket.write(part);
    for (const payload of payloads) this.socket.write(payload, onTaken);
    this.socket.uncork();
    return true;
  }
}
