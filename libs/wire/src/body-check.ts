import { BODY_DEPTH_MAX, BODY_KEY_SIZE_MAX, BODY_VALUES_MAX } from './limits.js';

/**
 * Walks MessagePack bytes without decoding them and says what is wrong with them, or undefined if nothing is.
 *
 * The decoder itself cannot be told to leave things out: it makes regular expressions, errors, sets and functions from
 * extension types, recurses as deep as the bytes say, and allocates first. So it is only shown bytes that passed here: one value
 * of null, booleans, numbers, strings, byte strings, arrays and maps with string keys, within the limits, to the last byte.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function findBodyFault(bytes: Buffer): string | undefined {
  return new BodyWalk(bytes).run();
}

const CUT_SHORT = 'it is cut short';

/** Sizes of the tokens 0xc0 to 0xdf that are one value each: what follows the token; undefined is refused or handled apart. */
const FIXED_SIZES: Readonly<Record<number, number>> = {
  0xc0: 0, // nil
  0xc2: 0, // false
  0xc3: 0, // true
  0xca: 4, // float 32
  0xcb: 8, // float 64
  0xcc: 1, // uint 8 to 64
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1, // int 8 to 64
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
};

class BodyWalk {
  #at = 0;
  #valueCount = 0;
  #fault: string | undefined;

  constructor(private readonly bytes: Buffer) {}

  run(): string | undefined {
    this.#value(0);
    if (this.#fault === undefined && this.#at !== this.bytes.length) this.#fault = 'bytes follow its end';
    return this.#fault;
  }

  /** Reads one value with all that is in it. Sets `#fault` and stops making sense of the bytes at the first one. */
  #value(depth: number): void {
    this.#valueCount += 1;
    if (this.#valueCount > BODY_VALUES_MAX) return this.#fail(`it has more than ${BODY_VALUES_MAX} values`);
    const token = this.#number(1);
    if (token < 0x80 || token >= 0xe0) return;
    if (token < 0x90) return this.#map(token & 0x0f, depth);
    if (token < 0xa0) return this.#array(token & 0x0f, depth);
    if (token < 0xc0) return this.#skip(token & 0x1f);
    this.#tagged(token, depth);
  }

  #tagged(token: number, depth: number): void {
    const fixed = FIXED_SIZES[token];
    if (fixed !== undefined) return this.#skip(fixed);
    switch (token) {
      case 0xc4: // bin 8 to 32
      case 0xc5:
      case 0xc6:
        return this.#skip(this.#number(1 << (token - 0xc4)));
      case 0xd9: // str 8 to 32
      case 0xda:
      case 0xdb:
        return this.#skip(this.#number(1 << (token - 0xd9)));
      case 0xdc: // array 16, 32
      case 0xdd:
        return this.#array(this.#number(2 << (token - 0xdc)), depth);
      case 0xde: // map 16, 32
      case 0xdf:
        return this.#map(this.#number(2 << (token - 0xde)), depth);
      default:
        return this.#fail('it has a value of a type that no message has');
    }
  }

  #array(count: number, depth: number): void {
    if (depth >= BODY_DEPTH_MAX) return this.#fail(`it is nested deeper than ${BODY_DEPTH_MAX}`);
    for (let index = 0; index < count && this.#fault === undefined; index += 1) this.#value(depth + 1);
  }

  #map(count: number, depth: number): void {
    if (depth >= BODY_DEPTH_MAX) return this.#fail(`it is nested deeper than ${BODY_DEPTH_MAX}`);
    for (let index = 0; index < count && this.#fault === undefined; index += 1) {
      this.#key();
      if (this.#fault === undefined) this.#value(depth + 1);
    }
  }

  #key(): void {
    this.#valueCount += 1;
    const token = this.#number(1);
    const isFixed = token >= 0xa0 && token < 0xc0;
    if (!isFixed && token !== 0xd9) return this.#fail('a key in it is no text, or too long');
    const size = isFixed ? token & 0x1f : this.#number(1);
    if (size > BODY_KEY_SIZE_MAX) return this.#fail(`a key in it is longer than ${BODY_KEY_SIZE_MAX} bytes`);
    this.#skip(size);
  }

  /** Unsigned, big-endian, of 1, 2 or 4 bytes. */
  #number(size: number): number {
    const at = this.#at;
    // Every value begins with one byte.
    if (size === 1 && at < this.bytes.length && this.#fault === undefined) {
      this.#at = at + 1;
      return this.bytes[at] as number;
    }
    this.#skip(size);
    return this.#fault === undefined ? this.bytes.readUIntBE(at, size) : 0;
  }

  #skip(size: number): void {
    if (this.#fault !== undefined) return;
    if (size > this.bytes.length - this.#at) return this.#fail(CUT_SHORT);
    this.#at += size;
  }

  #fail(fault: string): void {
    this.#fault ??= fault;
  }
}
