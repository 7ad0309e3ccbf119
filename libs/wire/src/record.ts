import { timingSafeEqual } from 'node:crypto';
import { RecordForgedError, RecordTooLargeError, RecordTruncatedError } from './errors.js';
import { RECORD_COPY_MAX, RECORD_SIZE_MAX } from './limits.js';
import { LENGTH_SIZE, MAC_SIZE, RecordMac } from './record-mac.js';

// A record is `length u32 | body | code`. `length` counts the body; the code is RecordMac's, 16 bytes.

/** What a record adds to its body. */
export const RECORD_OVERHEAD = LENGTH_SIZE + MAC_SIZE;

export interface RecordOptions {
  /** 32 bytes, of this direction of this connection alone. */
  readonly key: Buffer;
  /** Largest body; RECORD_SIZE_MAX unless said otherwise. The other end must agree. */
  readonly recordSizeMax?: number;
}

/** A record found in a buffer: a view of its body, and where the next byte after the record is. */
export interface OpenedRecord {
  readonly body: Buffer;
  readonly at: number;
}

/** Seals what one side sends. The order of `seal` calls must be the order on the wire. */
export class RecordSealer {
  readonly #mac: RecordMac;
  readonly #sizeMax: number;

  constructor({ key, recordSizeMax = RECORD_SIZE_MAX }: RecordOptions) {
    this.#mac = new RecordMac(key);
    this.#sizeMax = recordSizeMax;
  }

  /**
   * One record whose body is `frames` end to end.
   * @returns What to write, in order. Large frames are in it uncopied: they must not change until they are written.
   * @throws RecordTooLargeError, and then nothing is counted: the connection stays usable.
   */
  seal(frames: readonly Uint8Array[]): Buffer[] {
    let size = 0;
    for (const frame of frames) size += frame.length;
    if (size > this.#sizeMax) throw new RecordTooLargeError(size, this.#sizeMax);
    return size <= RECORD_COPY_MAX ? [this.#sealSmall(frames, size)] : this.#sealLarge(frames, size);
  }

  #sealSmall(frames: readonly Uint8Array[], size: number): Buffer {
    const record = Buffer.allocUnsafe(RECORD_OVERHEAD + size);
    record.writeUInt32BE(size, 0);
    let at = LENGTH_SIZE;
    for (const frame of frames) {
      record.set(frame, at);
      at += frame.length;
    }
    record.set(this.#mac.next([record.subarray(0, at)], at), at);
    return record;
  }

  #sealLarge(frames: readonly Uint8Array[], size: number): Buffer[] {
    const length = Buffer.allocUnsafe(LENGTH_SIZE);
    length.writeUInt32BE(size, 0);
    const code = Buffer.from(this.#mac.next([length, ...frames], LENGTH_SIZE + size));
    const views = frames.map((frame) => Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength));
    return [length, ...views, code];
  }
}

/**
 * Opens what the other side sealed. Use either way, and on one connection only one of them:
 *
 * `push`, where the stream is records and nothing else (RPC):
 * ```ts
 * socket.on('data', (chunk) => { for (const body of opener.push(chunk)) for (const frame of framesOf(body)) handle(frame); });
 * socket.on('end', () => opener.end());
 * ```
 *
 * `next`, where raw bytes may follow a record (data plane: a header record, then the block it announces, unsealed). The
 * caller owns the buffer and keeps what is left of it:
 * ```ts
 * // `filled` bytes of `buffer` have arrived; `at` is the first one not used yet.
 * for (;;) {
 *   if (payload !== undefined) {
 *     const take = Math.min(payload.missingBytes, filled - at);
 *     payload.accept(buffer.subarray(at, at + take));   // raw, straight out of the stream
 *     at += take;
 *     if (payload.missingBytes > 0) break;              // wait for more
 *     payload = undefined;
 *   }
 *   const record = opener.next(buffer.subarray(0, filled), at);
 *   if (record === undefined) break;                    // move what is left to the front, wait for more
 *   at = record.at;
 *   payload = handleHeader(record.body);                // a view: read it before the buffer is reused
 * }
 * ```
 * `sizeOf(buffer, at)` says how much room the record at `at` needs, once its first 4 bytes are there.
 *
 * After any error the stream is lost: each further call throws the same error, and the connection must be closed.
 */
export class RecordOpener {
  readonly #mac: RecordMac;
  readonly #sizeMax: number;
  #error: Error | undefined;
  /** The start of a record that came in several chunks; grows with what arrived, not with what was announced. */
  #partial: Buffer = Buffer.alloc(0);
  #filled = 0;

  constructor({ key, recordSizeMax = RECORD_SIZE_MAX }: RecordOptions) {
    this.#mac = new RecordMac(key);
    this.#sizeMax = recordSizeMax;
  }

  /**
   * The record at `at`, if it is there to its end. Copies nothing.
   * @returns Undefined while bytes are missing; ask again with the same `at` position once there are more.
   * @throws RecordTooLargeError as soon as the length is known, RecordForgedError
   */
  next(buffer: Buffer, at: number): OpenedRecord | undefined {
    const size = this.sizeOf(buffer, at);
    if (size === undefined || buffer.length - at < size) return undefined;
    const codeAt = at + size - MAC_SIZE;
    const code = this.#mac.next([buffer.subarray(at, codeAt)], size - MAC_SIZE);
    if (!timingSafeEqual(code, buffer.subarray(codeAt, at + size))) throw this.#lose(new RecordForgedError());
    return { body: buffer.subarray(at + LENGTH_SIZE, codeAt), at: at + size };
  }

  /** Bytes of the whole record that starts at `at`, or undefined while fewer than 4 of them are there. Throws as `next`. */
  sizeOf(buffer: Buffer, at: number): number | undefined {
    if (this.#error !== undefined) throw this.#error;
    if (buffer.length - at < LENGTH_SIZE) return undefined;
    const size = buffer.readUInt32BE(at);
    if (size > this.#sizeMax) throw this.#lose(new RecordTooLargeError(size, this.#sizeMax));
    return RECORD_OVERHEAD + size;
  }

  /**
   * The bodies of the records that end in `chunk`.
   * @returns Views of `chunk` where a record is whole in it, which is nearly always: it must not be reused while they live.
   * @throws As `next`. Records before the bad one are lost with it.
   */
  push(chunk: Buffer): Buffer[] {
    const bodies: Buffer[] = [];
    let at = this.#complete(chunk, bodies);
    for (let record = this.next(chunk, at); record !== undefined; record = this.next(chunk, at)) {
      bodies.push(record.body);
      at = record.at;
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at));
    return bodies;
  }

  /** The stream ended. @throws RecordTruncatedError when it ended inside a record given to `push`. */
  end(): void {
    if (this.#filled === 0 || this.#error !== undefined) return;
    const size = this.sizeOf(this.#partial.subarray(0, this.#filled), 0) ?? RECORD_OVERHEAD;
    throw this.#lose(new RecordTruncatedError(size - this.#filled));
  }

  /** Feeds the kept start of a record; returns how much of `chunk` went into it. */
  #complete(chunk: Buffer, bodies: Buffer[]): number {
    let at = 0;
    while (this.#filled > 0 && at < chunk.length) {
      const size = this.sizeOf(this.#partial.subarray(0, this.#filled), 0);
      const take = Math.min((size ?? LENGTH_SIZE) - this.#filled, chunk.length - at);
      this.#keep(chunk.subarray(at, at + take));
      at += take;
      const record = this.next(this.#partial.subarray(0, this.#filled), 0);
      if (record === undefined) continue;
      bodies.push(record.body);
      this.#partial = Buffer.alloc(0);
      this.#filled = 0;
    }
    return at;
  }

  /** Doubling, so that a record sent byte by byte costs neither quadratic copying nor memory it did not send. */
  #keep(bytes: Buffer): void {
    const filled = this.#filled + bytes.length;
    if (filled > this.#partial.length) {
      const grown = Buffer.allocUnsafe(Math.max(filled, 2 * this.#partial.length));
      grown.set(this.#partial.subarray(0, this.#filled), 0);
      this.#partial = grown;
    }
    this.#partial.set(bytes, this.#filled);
    this.#filled = filled;
  }

  #lose(error: Error): Error {
    this.#error = error;
    this.#partial = Buffer.alloc(0);
    this.#filled = 0;
    return error;
  }
}
