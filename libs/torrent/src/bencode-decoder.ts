import { BencodeDictionary, type BencodeValue } from './bencode-dictionary.js';
import { BencodeError } from './errors.js';
import { BENCODE_DEPTH_MAX, BENCODE_DIGITS_MAX, BENCODE_VALUES_MAX, TORRENT_SIZE_MAX } from './limits.js';

const COLON = 0x3a;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const MINUS = 0x2d;
const DICTIONARY = 0x64;
const END = 0x65;
const INTEGER = 0x69;
const LIST = 0x6c;

/** Digits of a string's length: `TORRENT_SIZE_MAX` has eight. */
const LENGTH_DIGITS_MAX = 8;

/** A list or dictionary that has begun and not ended. Its values and keys are the last ones of the decoder's stacks. */
interface OpenContainer {
  readonly start: number;
  readonly isDictionary: boolean;
  readonly valuesFrom: number;
  readonly keysFrom: number;
}

const NO_VALUES: readonly BencodeValue[] = [];
const NO_KEYS: readonly string[] = [];

/**
 * Decodes exactly one canonical value: keys sorted and unique, no leading zeros, no `-0`, nothing after the end.
 *
 * Canonical only, because the identity of a torrent is the hash of these bytes: two readings of one file, or two files
 * of one reading, are how other parsers were tricked. Iterative, so that nesting cannot exhaust the stack.
 * @param bytes Up to `TORRENT_SIZE_MAX` bytes. Strings of the result are views of them: do not change them afterwards.
 * @throws BencodeError
 * @see https://www.bittorrent.org/beps/bep_0003.html
 */
export function decodeBencode(bytes: Uint8Array): BencodeValue {
  if (bytes.length > TORRENT_SIZE_MAX) {
    throw new BencodeError('too_large', TORRENT_SIZE_MAX, `more than ${TORRENT_SIZE_MAX} bytes`);
  }
  return new BencodeDecoder(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).decode();
}

/** Collects values on one stack and cuts containers off it: arrays that grow one by one would take four times the memory. */
class BencodeDecoder {
  #at = 0;
  #valueCount = 0;
  readonly #open: OpenContainer[] = [];
  readonly #values: BencodeValue[] = [];
  readonly #keys: string[] = [];

  constructor(private readonly bytes: Buffer) {}

  decode(): BencodeValue {
    for (;;) {
      const value = this.#next();
      if (value === undefined) continue;
      if (this.#open.length > 0) {
        this.#values.push(value);
        continue;
      }
      if (this.#at !== this.bytes.length) throw this.#fault('trailing_bytes', 'more bytes follow the end');
      return value;
    }
  }

  /** The next complete value; undefined when a container began instead. */
  #next(): BencodeValue | undefined {
    const parent = this.#open.at(-1);
    if (parent !== undefined && this.#peek() === END) return this.#close(parent);
    if (parent?.isDictionary) this.#readKey(parent);
    const first = this.#peek();
    this.#countValue();
    switch (first) {
      case INTEGER:
        return this.#readInteger();
      case LIST:
        return this.#begin(false);
      case DICTIONARY:
        return this.#begin(true);
      default:
        if (first < DIGIT_0 || first > DIGIT_9) throw this.#fault('unexpected_byte', 'no value begins with this byte');
        return this.#readString();
    }
  }

  #begin(isDictionary: boolean): undefined {
    if (this.#open.length === BENCODE_DEPTH_MAX) {
      throw this.#fault('too_deep', `nested deeper than ${BENCODE_DEPTH_MAX} levels`);
    }
    const [valuesFrom, keysFrom] = [this.#values.length, this.#keys.length];
    this.#open.push({ start: this.#at, isDictionary, valuesFrom, keysFrom });
    this.#at += 1;
  }

  #close({ start, isDictionary, valuesFrom, keysFrom }: OpenContainer): BencodeValue {
    this.#open.pop();
    this.#at += 1;
    const values = valuesFrom === this.#values.length ? NO_VALUES : this.#values.slice(valuesFrom);
    this.#values.length = valuesFrom;
    if (!isDictionary) return values;
    const keys = keysFrom === this.#keys.length ? NO_KEYS : this.#keys.slice(keysFrom);
    this.#keys.length = keysFrom;
    return new BencodeDictionary(keys, values, { bytes: this.bytes, start, end: this.#at });
  }

  #readKey({ keysFrom }: OpenContainer): void {
    const first = this.#peek();
    const keyAt = this.#at;
    if (first < DIGIT_0 || first > DIGIT_9) throw this.#fault('key_not_string', 'a dictionary key must be a string');
    const length = this.#readLength();
    const key = this.bytes.toString('latin1', this.#at - length, this.#at);
    const before = this.#keys.length > keysFrom ? this.#keys.at(-1) : undefined;
    if (before !== undefined && key <= before) {
      throw key === before
        ? new BencodeError('key_duplicate', keyAt, 'a dictionary has the same key twice')
        : new BencodeError('keys_unsorted', keyAt, 'the keys of a dictionary are not sorted');
    }
    this.#keys.push(key);
  }

  #readString(): Buffer {
    const length = this.#readLength();
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  /** Reads `LENGTH:` and steps over that many bytes, which are there. */
  #readLength(): number {
    const start = this.#at;
    let length = 0;
    for (let digit = this.#peek(); digit !== COLON; digit = this.#peek()) {
      const isMalformed = digit < DIGIT_0 || digit > DIGIT_9 || (this.#at > start && length === 0);
      if (isMalformed || this.#at - start === LENGTH_DIGITS_MAX) {
        throw new BencodeError('length_malformed', start, 'the length of a string is malformed');
      }
      length = length * 10 + (digit - DIGIT_0);
      this.#at += 1;
    }
    this.#at += 1;
    if (length > this.bytes.length - this.#at)
      throw new BencodeError('truncated', start, 'the file ends inside a string');
    this.#at += length;
    return length;
  }

  #readInteger(): number | bigint {
    const start = this.#at;
    this.#at += 1;
    const isNegative = this.#peek() === MINUS;
    if (isNegative) this.#at += 1;
    const digitsAt = this.#at;
    for (let digit = this.#peek(); digit !== END; digit = this.#peek()) {
      if (digit < DIGIT_0 || digit > DIGIT_9 || this.#at - digitsAt === BENCODE_DIGITS_MAX) {
        throw new BencodeError('integer_malformed', start, 'an integer is malformed or too long');
      }
      this.#at += 1;
    }
    const digits = this.bytes.toString('latin1', digitsAt, this.#at);
    this.#at += 1;
    if (digits === '' || (digits.startsWith('0') && (digits !== '0' || isNegative))) {
      throw new BencodeError('integer_malformed', start, 'an integer is empty, -0 or has a leading zero');
    }
    const value = isNegative ? -Number(digits) : Number(digits);
    return Number.isSafeInteger(value) ? value : BigInt(isNegative ? `-${digits}` : digits);
  }

  #countValue(): void {
    this.#valueCount += 1;
    if (this.#valueCount > BENCODE_VALUES_MAX) {
      throw this.#fault('too_many_values', `more than ${BENCODE_VALUES_MAX} values`);
    }
  }

  #peek(): number {
    const byte = this.bytes[this.#at];
    if (byte === undefined) throw this.#fault('truncated', 'the file ends too early');
    return byte;
  }

  #fault(reason: BencodeError['reason'], text: string): BencodeError {
    return new BencodeError(reason, this.#at, text);
  }
}
