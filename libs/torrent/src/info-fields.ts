import { BencodeDictionary, type BencodeValue } from './bencode-dictionary.js';
import { MetainfoError } from './errors.js';
import { textOf } from './path-rules.js';

/** Reads fields of a dictionary; `where` names it in errors, as `info.files[3]`. */

export function asDictionary(value: BencodeValue | undefined, where: string): BencodeDictionary {
  if (value instanceof BencodeDictionary) return value;
  throw wrongType(value, where, 'a dictionary');
}

export function asList(value: BencodeValue | undefined, where: string): readonly BencodeValue[] {
  if (Array.isArray(value)) return value as readonly BencodeValue[];
  throw wrongType(value, where, 'a list');
}

export function asBytes(value: BencodeValue | undefined, where: string): Buffer {
  if (Buffer.isBuffer(value)) return value;
  throw wrongType(value, where, 'a string');
}

/** @throws MetainfoError also when it is not UTF-8. */
export function asText(value: BencodeValue | undefined, where: string): string {
  const text = textOf(asBytes(value, where));
  if (text === undefined) throw new MetainfoError('not_utf8', where, 'is not valid UTF-8 text');
  return text;
}

export function asNumber(value: BencodeValue | undefined, where: string): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  throw wrongType(value, where, 'a number');
}

/** A count of bytes: 0 to 2^53 - 1. */
export function asSize(value: BencodeValue | undefined, where: string): number {
  const size = asNumber(value, where);
  if (typeof size === 'number' && size >= 0) return size;
  throw new MetainfoError('out_of_range', where, `is ${size}, and a size is 0 to 2^53 - 1`);
}

export function asPath(value: BencodeValue | undefined, where: string): readonly string[] {
  const components = asList(value, where);
  const path: string[] = [];
  for (const component of components) path.push(asText(component, where));
  return path;
}

function wrongType(value: BencodeValue | undefined, where: string, wanted: string): MetainfoError {
  return value === undefined
    ? new MetainfoError('missing', where, `is missing; it must be ${wanted}`)
    : new MetainfoError('wrong_type', where, `must be ${wanted}`);
}
