import { BencodeDictionary, type BencodeValue } from './bencode-dictionary.js';

/**
 * The one canonical encoding of `value`. Numbers must be safe integers.
 * Recursive: what is encoded is made here, and at most as deep as a path.
 * @see https://www.bittorrent.org/beps/bep_0003.html
 */
export function encodeBencode(value: BencodeValue): Buffer {
  const parts: Buffer[] = [];
  append(value, parts);
  return Buffer.concat(parts);
}

const LIST_BEGIN = Buffer.from('l');
const DICTIONARY_BEGIN = Buffer.from('d');
const END = Buffer.from('e');

function append(value: BencodeValue, parts: Buffer[]): void {
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new RangeError(`bencode has no number ${value}`);
    }
    parts.push(Buffer.from(`i${value}e`, 'latin1'));
  } else if (Buffer.isBuffer(value)) {
    parts.push(Buffer.from(`${value.length}:`, 'latin1'), value);
  } else if (value instanceof BencodeDictionary) {
    parts.push(DICTIONARY_BEGIN);
    for (const [key, entry] of value.entries()) {
      parts.push(Buffer.from(`${key.length}:${key}`, 'latin1'));
      append(entry, parts);
    }
    parts.push(END);
  } else {
    parts.push(LIST_BEGIN);
    for (const entry of value) append(entry, parts);
    parts.push(END);
  }
}
