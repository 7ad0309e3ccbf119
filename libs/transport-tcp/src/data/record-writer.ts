import type { Socket } from 'node:net';
import { type DataMessage, encodeDataMessage, type RecordSealer } from '@panal/wire';
import { DATA_GATHER_BYTES_MAX, DATA_OUT_QUEUE_BYTES_MAX } from './data-limits.js';

/**
 * Writes messages to a data connection. Those of one turn of the event loop go out as one record, with one MAC: requests
 * come in bursts, and a MAC and a system call each would cost more than they do.
 */
export class RecordWriter {
  #frames: Buffer[] = [];
  #frameBytes = 0;

  constructor(
    private readonly socket: Socket,
    private readonly sealer: RecordSealer,
  ) {}

  /** A side that asks and does not read is not written to for ever: its connection ends. */
  send(message: DataMessage): void {
    const frame = encodeDataMessage(message);
    this.#frameBytes += frame.length;
    if (this.#frameBytes + this.socket.writableLength > DATA_OUT_QUEUE_BYTES_MAX) {
      this.socket.destroy();
      return;
    }
    if (this.#frames.push(frame) === 1) setImmediate(() => this.#flush([]));
  }

  /** Sends a block and everything before it. @returns When the kernel has `payload`, which must not change until then. */
  sendBlock(id: number, payload: Uint8Array): Promise<void> {
    // Last in its record, and alone in it where the record would grow too long with what waits already.
    if (this.#frameBytes > DATA_GATHER_BYTES_MAX) this.#flush([]);
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
    this.#frameBytes = 0;
    if (!this.socket.writable) return false;
    this.socket.cork();
    for (const record of recordsOf(frames)) for (const part of this.sealer.seal(record)) this.socket.write(part);
    for (const payload of payloads) this.socket.write(payload, onTaken);
    this.socket.uncork();
    return true;
  }
}

/** The frames in runs, none of which is longer than a record may be; a single frame never is. */
function recordsOf(frames: readonly Buffer[]): Buffer[][] {
  const records: Buffer[][] = [];
  let sizeBytes = Number.POSITIVE_INFINITY;
  for (const frame of frames) {
    if (sizeBytes + frame.length > DATA_GATHER_BYTES_MAX) {
      records.push([]);
      sizeBytes = 0;
    }
    records.at(-1)?.push(frame);
    sizeBytes += frame.length;
  }
  return records;
}
