/** A set of the numbers 0 to `size` - 1, one bit each; bit 0 is the highest bit of byte 0, as on the BitTorrent wire. */
export class Bitfield {
  readonly #bytes: Buffer;
  #count = 0;

  /** An empty set. `size` is 0 or more. */
  constructor(readonly size: number) {
    this.#bytes = Buffer.alloc(Math.ceil(size / 8));
  }

  /**
   * The set that `bytes` (copied) describe.
   * @throws RangeError when there are not exactly the bytes that `size` needs, or a spare bit is set.
   */
  static fromBytes(bytes: Uint8Array, size: number): Bitfield {
    const bitfield = new Bitfield(size);
    if (bytes.length !== bitfield.#bytes.length) {
      throw new RangeError(`a bitfield of ${size} has ${bitfield.#bytes.length} bytes, not ${bytes.length}`);
    }
    bitfield.#bytes.set(bytes);
    const spareBits = bytes.length * 8 - size;
    if (spareBits > 0 && ((bytes.at(-1) ?? 0) & ((1 << spareBits) - 1)) !== 0) {
      throw new RangeError(`a bitfield of ${size} has a spare bit set`);
    }
    for (const byte of bytes) bitfield.#count += bitCount(byte);
    return bitfield;
  }

  /** The set of all numbers. */
  static full(size: number): Bitfield {
    const bitfield = new Bitfield(size);
    bitfield.#bytes.fill(0xff);
    if (size % 8 > 0) bitfield.#bytes[bitfield.#bytes.length - 1] = (0xff << (8 - (size % 8))) & 0xff;
    bitfield.#count = size;
    return bitfield;
  }

  /** How many numbers are in the set. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.size;
  }

  /** A copy, in the form `fromBytes` reads. */
  get bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }

  /** False for what is outside 0 to `size` - 1. */
  has(index: number): boolean {
    return (((this.#bytes[index >>> 3] ?? 0) >>> (7 - (index & 7))) & 1) === 1;
  }

  /** @returns Whether it was missing. @throws RangeError outside 0 to `size` - 1. */
  add(index: number): boolean {
    this.#check(index);
    if (this.has(index)) return false;
    this.#bytes[index >>> 3] = (this.#bytes[index >>> 3] as number) | (0x80 >>> (index & 7));
    this.#count += 1;
    return true;
  }

  /** @returns Whether it was there. @throws RangeError outside 0 to `size` - 1. */
  remove(index: number): boolean {
    this.#check(index);
    if (!this.has(index)) return false;
    this.#bytes[index >>> 3] = (this.#bytes[index >>> 3] as number) & ~(0x80 >>> (index & 7));
    this.#count -= 1;
    return true;
  }

  /** The lowest number from `from` on that is not in the set, or -1. */
  firstMissing(from = 0): number {
    for (let index = from; index < this.size; index += 1) {
      if ((index & 7) === 0 && this.#bytes[index >>> 3] === 0xff) index += 7;
      else if (!this.has(index)) return index;
    }
    return -1;
  }

  /** The numbers of the set, ascending. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let byte = 0; byte < this.#bytes.length; byte += 1) {
      if (this.#bytes[byte] === 0) continue;
      for (let index = byte * 8; index < byte * 8 + 8; index += 1) if (this.has(index)) yield index;
    }
  }

  clone(): Bitfield {
    return Bitfield.fromBytes(this.#bytes, this.size);
  }

  #check(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.size) {
      throw new RangeError(`${index} is not in a bitfield of ${this.size}`);
    }
  }
}

function bitCount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest &= rest - 1) count += 1;
  return count;
}
