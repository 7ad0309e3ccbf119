import { BODY_DEPTH_MAX } from './limits.js';
import { TextMemo } from './text-memo.js';

/** The bytes hold something this reader leaves to others, or are at fault. No body decodes to it. */
export const UNREAD: unique symbol = Symbol('unread');

/** Larger ones are for the general decoder, which counts values; in so many bytes there are less than BODY_VALUES_MAX. */
const SIZE_MAX = 64 * 1024;
/** Beyond it a text is made by the engine: comparing it with one that is kept would cost as much. */
const MEMO_TEXT_MAX = 64;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Reads what nearly all bodies are made of: small maps, lists, byte strings, whole numbers, doubles and ASCII texts, as the
 * general decoder would, in a third of the time: it keeps to the limits while it reads, so that nobody looks for faults
 * first, and keys and other texts that came before are not made again.
 */
export class BodyReader {
  readonly #keys = new TextMemo(interned);
  readonly #texts = new TextMemo();
  #bytes: Buffer = NOTHING;
  #at = 0;
  #isUnread = false;

  /** The value, or UNREAD: of another kind, too large, or at fault. Its byte strings are copies. */
  read(bytes: Buffer): unknown {
    if (bytes.length > SIZE_MAX) return UNREAD;
    this.#bytes = bytes;
    this.#at = 0;
    this.#isUnread = false;
    const value = this.#value(0);
    this.#bytes = NOTHING;
    return this.#isUnread || this.#at !== bytes.length ? UNREAD : value;
  }

  #value(depth: number): unknown {
    // Past the end there is no byte: undefined goes the way of what is not known.
    const token = this.#bytes[this.#at++] ?? 0xc1;
    if (token < 0x80) return token;
    if (token >= 0xe0) return token - 0x100;
    if (token < 0x90) return this.#map(token & 0x0f, depth);
    if (token < 0xa0) return this.#list(token & 0x0f, depth);
    if (token < 0xc0) return this.#text(token & 0x1f);
    return this.#tagged(token, depth);
  }

  #tagged(token: number, depth: number): unknown {
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#whole(1));
      case 0xc5:
        return this.#binary(this.#whole(2));
      case 0xcb:
        return this.#double();
      case 0xcc:
        return this.#whole(1);
      case 0xcd:
        return this.#whole(2);
      case 0xce:
        return this.#whole(4);
      case 0xd9:
        return this.#text(this.#whole(1));
      case 0xdc:
        return this.#list(this.#whole(2), depth);
      default:
        return this.#unread();
    }
  }

  #map(count: number, depth: number): unknown {
    if (depth >= BODY_DEPTH_MAX) return this.#unread();
    const map: Record<string, unknown> = {};
    for (let index = 0; index < count; index += 1) {
      const key = this.#key();
      if (this.#isUnread) return undefined;
      map[key] = this.#value(depth + 1);
    }
    return map;
  }

  #list(count: number, depth: number): unknown {
    if (depth >= BODY_DEPTH_MAX) return this.#unread();
    const list: unknown[] = [];
    for (let index = 0; index < count && !this.#isUnread; index += 1) list.push(this.#value(depth + 1));
    return list;
  }

  #key(): string {
    const token = this.#bytes[this.#at++] ?? 0xc1;
    const from = this.#at;
    const end = from + (token & 0x1f);
    if (token < 0xa0 || token >= 0xc0 || end > this.#bytes.length) return this.#noText();
    this.#at = end;
    const key = this.#keys.ascii(this.#bytes, from, end);
    // The general decoder gives it another name.
    return key === undefined || key === '__proto__' ? this.#noText() : key;
  }

  #text(size: number): string {
    const from = this.#at;
    const end = from + size;
    if (end > this.#bytes.length) return this.#noText();
    this.#at = end;
    const text = size <= MEMO_TEXT_MAX ? this.#texts.ascii(this.#bytes, from, end) : this.#longText(from, end);
    return text ?? this.#noText();
  }

  #longText(from: number, end: number): string | undefined {
    for (let at = from; at < end; at += 1) if ((this.#bytes[at] as number) >= 0x80) return undefined;
    return this.#bytes.toString('latin1', from, end);
  }

  #noText(): string {
    this.#isUnread = true;
    return '';
  }

  #binary(size: number): unknown {
    const from = this.#at;
    const end = from + size;
    if (end > this.#bytes.length) return this.#unread();
    this.#at = end;
    // Not that of Buffer, which would give a view.
    return Uint8Array.prototype.slice.call(this.#bytes, from, end);
  }

  /** Unsigned, big-endian, of 1, 2 or 4 bytes. */
  #whole(size: number): number {
    const from = this.#at;
    if (from + size > this.#bytes.length) {
      this.#isUnread = true;
      return 0;
    }
    this.#at = from + size;
    let value = 0;
    for (let at = from; at < from + size; at += 1) value = value * 0x100 + (this.#bytes[at] as number);
    return value;
  }

  #double(): unknown {
    const from = this.#at;
    if (from + 8 > this.#bytes.length) return this.#unread();
    this.#at = from + 8;
    return this.#bytes.readDoubleBE(from);
  }

  #unread(): undefined {
    this.#isUnread = true;
    return undefined;
  }
}

/** The engine's own copy of a name: with any other one it has to look for that at each use as a key. */
function interned(key: string): string {
  return Object.keys({ [key]: undefined })[0] as string;
}
