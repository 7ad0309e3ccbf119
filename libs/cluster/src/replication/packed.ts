import { isHybridTime } from '@panal/wire';
import { ClusterMessageInvalidError } from '../membership/errors.js';
import { SLOTS_MAX } from './limits.js';

const START_SIZE = 1024;

/** Writes numbers and bytes one after the other, big-endian, into a buffer that grows. */
export class PackedWriter {
  #bytes: Buffer;
  #size = 0;

  /** @param sizeBytes What is expected; more is taken all the same. */
  constructor(sizeBytes = START_SIZE) {
    this.#bytes = Buffer.allocUnsafe(sizeBytes);
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#bytes.writeUInt16BE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#bytes.writeUInt32BE(value, at);
    return this;
  }

  u48(value: number): this {
    const at = this.#reserve(6);
    this.#bytes.writeUIntBE(value, at, 6);
    return this;
  }

  f64(value: number): this {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleBE(value, at);
    return this;
  }

  bytes(value: Buffer): this {
    const at = this.#reserve(value.length);
    value.copy(this.#bytes, at);
    return this;
  }

  /** Writes over a number that was not yet known when its place came. */
  u32At(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value, at);
  }

  /** What was written; the writer is at its end. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  #reserve(size: number): number {
    const at = this.#size;
    const end = at + size;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#size = end;
    return at;
  }
}

/** Reads what `PackedWriter` wrote. Each method throws ClusterMessageInvalidError when the bytes cannot be that. */
export class PackedReader {
  #at = 0;

  constructor(private readonly source: Buffer) {}

  get isAtEnd(): boolean {
    return this.#at === this.source.length;
  }

  u8(): number {
    const at = this.#take(1);
    return this.source[at] ?? 0;
  }

  u16(): number {
    return this.source.readUInt16BE(this.#take(2));
  }

  u32(): number {
    return this.source.readUInt32BE(this.#take(4));
  }

  u48(): number {
    return this.source.readUIntBE(this.#take(6), 6);
  }

  f64(): number {
    return this.source.readDoubleBE(this.#take(8));
  }

  /** A view of the message, not a copy. */
  bytes(size: number): Buffer {
    const at = this.#take(size);
    return this.source.subarray(at, at + size);
  }

  /** A count of things of at least `sizeEach` bytes, all of which must follow. */
  count(max: number, sizeEach: number): number {
    const count = this.u32();
    if (count > max || count * sizeEach > this.source.length - this.#at) {
      throw new ClusterMessageInvalidError('it counts more than it holds');
    }
    return count;
  }

  slot(): number {
    const slot = this.u16();
    if (slot >= SLOTS_MAX) throw new ClusterMessageInvalidError(`there is no slot ${slot}`);
    return slot;
  }

  clock(): number {
    const clock = this.f64();
    if (!isHybridTime(clock)) throw new ClusterMessageInvalidError('a stamp in it is none');
    return clock;
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.source.length - at) throw new ClusterMessageInvalidError('it is cut short');
    this.#at = at + size;
    return at;
  }
}
