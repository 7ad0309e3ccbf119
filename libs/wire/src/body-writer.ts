import { FixedBody } from './fixed-body.js';
import { BODY_DEPTH_MAX, BODY_KEY_SIZE_MAX } from './limits.js';

/** Most messages are far smaller; what does not fit goes the general way. Less than BODY_VALUES_MAX values fit. */
const ROOM = 64 * 1024;
const TEXT_SIZE_MAX = 255;
const FIELDS_MAX = 15;
const ITEMS_MAX = 0xffff;

/**
 * Writes what nearly all bodies are made of: small plain objects, lists, bytes, numbers and short ASCII texts, as the general
 * encoder would, byte for byte, in a third of the time: it keeps to the limits while it writes, so that nobody has to look for
 * faults in what was written, and makes no list of keys without those that are undefined.
 */
export class BodyWriter {
  // Shared by all bodies: each is written in one go, and copied.
  readonly #bytes = Buffer.allocUnsafeSlow(ROOM);
  readonly #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** The value behind `headSize` bytes left free; undefined: it is of another kind, or too large, or cannot be written. */
  write(value: unknown, headSize: number): Buffer | undefined {
    this.#at = headSize;
    if (!this.#value(value, 0)) return undefined;
    const body = Buffer.allocUnsafe(this.#at);
    this.#bytes.copy(body, headSize, headSize, this.#at);
    return body;
  }

  /** @returns Whether it could; then a few bytes are left, enough for a number. */
  #value(value: unknown, depth: number): boolean {
    if (this.#at > ROOM - 16) return false;
    switch (typeof value) {
      case 'string':
        return this.#text(value, TEXT_SIZE_MAX);
      case 'number':
        this.#number(value);
        return true;
      case 'boolean':
        this.#bytes[this.#at++] = value ? 0xc3 : 0xc2;
        return true;
      case 'undefined':
        this.#bytes[this.#at++] = 0xc0;
        return true;
      case 'object':
        return this.#object(value, depth);
      case 'bigint':
      case 'function':
      case 'symbol':
        return false;
    }
  }

  #object(value: object | null, depth: number): boolean {
    if (value === null) {
      this.#bytes[this.#at++] = 0xc0;
      return true;
    }
    const { constructor } = value;
    if (constructor === Buffer || constructor === Uint8Array) return this.#binary(value as Uint8Array);
    if (depth >= BODY_DEPTH_MAX) return false;
    if (Array.isArray(value)) return constructor === Array && this.#list(value, depth);
    if (constructor === Object) return this.#fields(value as Readonly<Record<string, unknown>>, depth);
    return value instanceof FixedBody && this.#fixed(value, depth);
  }

  #fixed(body: FixedBody, depth: number): boolean {
    const written = FixedBody.writtenOf(body);
    if (written === undefined || written.depth < depth) return this.#fixedFields(body, depth);
    const { bytes } = written;
    if (this.#at + bytes.length > ROOM - 16) return false;
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return true;
  }

  #fixedFields(body: FixedBody, depth: number): boolean {
    const from = this.#at;
    const isWritten = this.#fields(body as unknown as Readonly<Record<string, unknown>>, depth);
    if (isWritten) FixedBody.keep(body, { bytes: Buffer.from(this.#bytes.subarray(from, this.#at)), depth });
    return isWritten;
  }

  #list(items: readonly unknown[], depth: number): boolean {
    const count = items.length;
    if (count > ITEMS_MAX) return false;
    if (count < 16) this.#bytes[this.#at++] = 0x90 | count;
    else this.#head16(0xdc, count);
    for (let index = 0; index < count; index += 1) if (!this.#value(items[index], depth + 1)) return false;
    return true;
  }

  #fields(fields: Readonly<Record<string, unknown>>, depth: number): boolean {
    const headAt = this.#at++;
    let count = 0;
    for (const key of Object.keys(fields)) {
      const value = fields[key];
      if (value === undefined) continue;
      count += 1;
      if (!this.#text(key, BODY_KEY_SIZE_MAX) || !this.#value(value, depth + 1)) return false;
    }
    this.#bytes[headAt] = 0x80 | count;
    return count <= FIELDS_MAX;
  }

  /** ASCII only: of others the sizes differ. */
  #text(text: string, sizeMax: number): boolean {
    const size = text.length;
    if (size > sizeMax || this.#at + size > ROOM - 16) return false;
    const bytes = this.#bytes;
    let at = this.#at;
    if (size < 32) bytes[at++] = 0xa0 | size;
    else {
      bytes[at++] = 0xd9;
      bytes[at++] = size;
    }
    for (let index = 0; index < size; index += 1) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) return false;
      bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  #binary(value: Uint8Array): boolean {
    const { length } = value;
    if (this.#at + length > ROOM - 16) return false;
    if (length < 0x100) {
      this.#bytes[this.#at++] = 0xc4;
      this.#bytes[this.#at++] = length;
    } else this.#head16(0xc5, length);
    this.#bytes.set(value, this.#at);
    this.#at += length;
    return true;
  }

  #number(value: number): void {
    if (value >>> 0 === value) return this.#whole(value);
    if (value >> 0 === value && value >= -0x20) {
      this.#bytes[this.#at++] = 0x100 + value;
    } else if (value >> 0 === value) this.#negative(value);
    else {
      this.#bytes[this.#at++] = 0xcb;
      this.#view.setFloat64(this.#at, value);
      this.#at += 8;
    }
  }

  #whole(value: number): void {
    if (value < 0x80) this.#bytes[this.#at++] = value;
    else if (value < 0x100) {
      this.#bytes[this.#at++] = 0xcc;
      this.#bytes[this.#at++] = value;
    } else if (value < 0x1_0000) this.#head16(0xcd, value);
    else {
      this.#bytes[this.#at++] = 0xce;
      this.#view.setUint32(this.#at, value);
      this.#at += 4;
    }
  }

  #negative(value: number): void {
    if (value >= -0x80) {
      this.#bytes[this.#at++] = 0xd0;
      this.#bytes[this.#at++] = value + 0x100;
    } else if (value >= -0x8000) this.#head16(0xd1, value + 0x1_0000);
    else {
      this.#bytes[this.#at++] = 0xd2;
      this.#view.setInt32(this.#at, value);
      this.#at += 4;
    }
  }

  #head16(token: number, size: number): void {
    this.#bytes[this.#at++] = token;
    this.#bytes[this.#at++] = size >>> 8;
    this.#bytes[this.#at++] = size & 0xff;
  }
}
