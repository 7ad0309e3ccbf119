import fc from 'fast-check';
import { decodeBencode } from './bencode-decoder.js';
import { BencodeDictionary, type BencodeValue } from './bencode-dictionary.js';
import { encodeBencode } from './bencode-encoder.js';
import { BencodeError } from './errors.js';
import { BENCODE_DEPTH_MAX, BENCODE_VALUES_MAX } from './limits.js';

function decode(text: string): BencodeValue {
  return decodeBencode(Buffer.from(text, 'latin1'));
}

function faultOf(text: string): string {
  try {
    decode(text);
  } catch (error) {
    if (error instanceof BencodeError) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('decodeBencode', () => {
  it.each([
    ['i0e', 0],
    ['i-42e', -42],
    ['i9007199254740991e', Number.MAX_SAFE_INTEGER],
    ['i9007199254740992e', 9007199254740992n],
    ['i-9223372036854775808e', -9223372036854775808n],
    ['i18446744073709551615e', 18446744073709551615n],
    ['0:', Buffer.alloc(0)],
    ['3:a\xffb', Buffer.from('a\xffb', 'latin1')],
    ['le', []],
    ['lli1eei2ee', [[1], 2]],
  ])('reads %j', (text, value) => {
    expect(decode(text)).toEqual(value);
  });

  it.each([
    ['', 'truncated'],
    ['i', 'truncated'],
    ['i1', 'truncated'],
    ['3:ab', 'truncated'],
    ['3', 'truncated'],
    ['l', 'truncated'],
    ['d1:a', 'truncated'],
    ['d1:ai1e', 'truncated'],
    ['99999999:', 'truncated'],
    ['i1ei2e', 'trailing_bytes'],
    ['le\n', 'trailing_bytes'],
    ['x', 'unexpected_byte'],
    ['e', 'unexpected_byte'],
    ['-1:', 'unexpected_byte'],
    ['d1:ae', 'unexpected_byte'],
    ['ie', 'integer_malformed'],
    ['i-e', 'integer_malformed'],
    ['i-0e', 'integer_malformed'],
    ['i03e', 'integer_malformed'],
    ['i-03e', 'integer_malformed'],
    ['i00e', 'integer_malformed'],
    ['i+5e', 'integer_malformed'],
    ['i1.5e', 'integer_malformed'],
    ['i1x2e', 'integer_malformed'],
    ['i 1e', 'integer_malformed'],
    ['i--1e', 'integer_malformed'],
    [`i${'9'.repeat(21)}e`, 'integer_malformed'],
    ['01:a', 'length_malformed'],
    ['00:', 'length_malformed'],
    ['1a:', 'length_malformed'],
    ['999999999:', 'length_malformed'],
    ['di1ei2ee', 'key_not_string'],
    ['dlelee', 'key_not_string'],
    ['d1:bi1e1:ai2ee', 'keys_unsorted'],
    ['d1:\xffi1e1:zi2ee', 'keys_unsorted'],
    ['d2:aai1e1:ai2ee', 'keys_unsorted'],
    ['d1:ai1e1:ai2ee', 'key_duplicate'],
  ])('refuses %j: %s', (text, reason) => {
    expect(faultOf(text)).toBe(reason);
  });

  it('refuses nesting beyond its limit, however deep, without a stack overflow', () => {
    const nested = (depth: number): string => 'l'.repeat(depth) + 'e'.repeat(depth);
    expect(faultOf(nested(BENCODE_DEPTH_MAX))).toBe('accepted');
    expect(faultOf(nested(BENCODE_DEPTH_MAX + 1))).toBe('too_deep');
    expect(faultOf('l'.repeat(2_000_000))).toBe('too_deep');
    expect(faultOf('d1:a'.repeat(500_000))).toBe('too_deep');
  });

  it('refuses more values than its limit', () => {
    expect(faultOf(`l${'le'.repeat(BENCODE_VALUES_MAX)}e`)).toBe('too_many_values');
  });

  it('keeps keys of any bytes apart from the names JavaScript uses', () => {
    const decoded = decode('d9:__proto__i1e11:constructori2e8:toStringi3ee');
    expect(decoded).toBeInstanceOf(BencodeDictionary);
    const dictionary = decoded as BencodeDictionary;
    expect([...dictionary.entries()]).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
      ['toString', 3],
    ]);
    expect(dictionary.get('hasOwnProperty')).toBeUndefined();
    expect(({} as Record<string, unknown>)['1']).toBeUndefined();
  });

  it('hands out the very bytes a dictionary was read from', () => {
    const root = decode('d4:infod1:\xffle1:\xffi1eee'.replace('1:\xffi1e', '2:\xffai1e')) as BencodeDictionary;
    expect((root.get('info') as BencodeDictionary).source?.toString('latin1')).toBe('d1:\xffle2:\xffai1ee');
  });

  it('refuses every beginning of a valid input as truncated', () => {
    const text = 'd4:infod6:lengthi12e4:name3:abce4:listli1e2:xxdeee';
    for (let length = 0; length < text.length; length += 1) expect(faultOf(text.slice(0, length))).toBe('truncated');
    expect(faultOf(text)).toBe('accepted');
  });
});

/** Any value, as bencode has it. */
const { value: anyValue } = fc.letrec<{ value: BencodeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n }),
    fc.uint8Array({ maxLength: 20 }).map((bytes): BencodeValue => Buffer.from(bytes)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(fc.uint8Array({ maxLength: 6 }), tie('value')), {
        maxLength: 5,
        selector: ([key]) => Buffer.from(key).toString('latin1'),
      })
      .map(
        (entries): BencodeValue =>
          BencodeDictionary.of(entries.map(([key, value]) => [Buffer.from(key).toString('latin1'), value] as const)),
      ),
  ),
}));

describe('encodeBencode', () => {
  it('is undone by decodeBencode, and there is no other encoding of the value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const encoded = encodeBencode(value);
        expect(encodeBencode(decodeBencode(encoded))).toEqual(encoded);
      }),
      { numRuns: 200 },
    );
  });

  it('meets nothing but itself or a typed error when bytes of it are changed', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.constantFrom(...Buffer.from('0129:-eidlx\xff', 'latin1')) });
    fc.assert(
      fc.property(anyValue, fc.array(change, { maxLength: 3 }), (value, changes) => {
        const bytes = encodeBencode(value);
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
        try {
          expect(encodeBencode(decodeBencode(bytes))).toEqual(bytes);
        } catch (error) {
          if (!(error instanceof BencodeError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has no number that is not a safe integer', () => {
    for (const number of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => encodeBencode(number)).toThrow(RangeError);
    }
  });
});
