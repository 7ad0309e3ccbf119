import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { decodeBody, encodeBody } from './body.js';
import { BodyInvalidError, BodyUnencodableError } from './errors.js';
import { BODY_DEPTH_MAX, BODY_KEY_SIZE_MAX, BODY_VALUES_MAX, FRAME_SIZE_MAX } from './limits.js';

const packr = new Packr({ useRecords: false });
const richPackr = new Packr({ useRecords: false, moreTypes: true });
const decodeHex = (hex: string): unknown => decodeBody(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const roundTrip = (value: unknown): unknown => decodeBody(encodeBody(value, 0));

describe('body', () => {
  it('brings back every value a message may have', () => {
    const leaf = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      // MessagePack integers have no negative zero.
      fc.double({ noNaN: true }).map((number) => number + 0),
      fc.string({ maxLength: 300, unit: 'binary' }),
    );
    const key = fc.string({ maxLength: 40 }).filter((text) => text !== '__proto__');
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree')),
        fc.dictionary(key, tie('tree'), { noNullPrototype: true }),
      ),
    }));
    fc.assert(fc.property(tree, (value) => expect(roundTrip(value)).toEqual(value)));
  });

  it('brings back the same bytes, strings and numbers at the edges of each size', () => {
    for (const size of [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
      expect(roundTrip({ text: 'ñ'.repeat(size) })).toEqual({ text: 'ñ'.repeat(size) });
      expect(roundTrip([Buffer.alloc(size, 5)])).toEqual([Buffer.alloc(size, 5)]);
      expect(roundTrip(Array.from({ length: size }, () => 1))).toEqual(Array.from({ length: size }, () => 1));
    }
    const numbers = [
      0,
      -1,
      127,
      128,
      -32,
      -33,
      2 ** 16,
      2 ** 32,
      -(2 ** 31) - 1,
      Number.MAX_SAFE_INTEGER,
      -0.5,
      Number.EPSILON,
    ];
    expect(roundTrip(numbers)).toEqual(numbers);
    expect(roundTrip(undefined)).toBeUndefined();
  });

  it('gives byte strings that are the receiver’s own', () => {
    const encoded = encodeBody({ hash: Buffer.from([1, 2, 3]) }, 0);
    const { hash } = decodeBody(encoded) as { hash: Buffer };
    encoded.fill(0);
    expect(Buffer.isBuffer(hash)).toBe(true);
    expect([...hash]).toEqual([1, 2, 3]);
    expect(hash.buffer.byteLength).toBe(3);
  });

  it('leaves undefined properties out, as JSON does', () => {
    expect(roundTrip({ after: undefined, countMax: 3 })).toStrictEqual({ countMax: 3 });
    expect(roundTrip([undefined])).toEqual([null]);
  });

  it('reads 64-bit integers of other implementations as numbers', () => {
    expect(decodeHex('cf 0000000100000000')).toBe(2 ** 32);
    expect(decodeHex('d3 ffffffffffffffff')).toBe(-1);
  });
});

describe('decodeBody', () => {
  it('throws nothing but BodyInvalidError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => expect(untyped(Buffer.from(bytes))).toBeUndefined()),
      { numRuns: 3000 },
    );
  });

  it('throws nothing but BodyInvalidError for a sound body with bytes changed or cut off', () => {
    const value = {
      namespace: 'default',
      hash: Buffer.alloc(32, 1),
      list: [1, 2.5, 'x'.repeat(60), { a: null }],
      text: 'ñ'.repeat(90),
    };
    const sound = encodeBody(value, 0);
    const edits = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
    fc.assert(
      fc.property(edits, fc.nat(sound.length), (changes, size) => {
        const bytes = Buffer.from(sound);
        for (const [at, byte] of changes) bytes[at] = byte;
        expect(untyped(bytes)).toBeUndefined();
        expect(untyped(bytes.subarray(0, size))).toBeUndefined();
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses every truncation and any byte too many', () => {
    const sound = encodeBody({ a: [1, 'two', Buffer.from([3])], b: 4.5 }, 0);
    for (let size = 1; size < sound.length; size += 1)
      expect(() => decodeBody(sound.subarray(0, size))).toThrow(BodyInvalidError);
    expect(() => decodeBody(Buffer.concat([sound, Buffer.from([0xc0])]))).toThrow(BodyInvalidError);
  });

  it.each([
    ['a regular expression', richPackr.pack(/(a+)+$/)],
    ['an error', richPackr.pack(new Error('x'))],
    ['a set', richPackr.pack(new Set([1]))],
    ['a date', packr.pack(new Date(0))],
    ['a big integer', new Packr({ useRecords: false, useBigIntExtension: true }).pack(2n ** 80n)],
    ['a typed array', Buffer.from([0xd5, 0x74, 8, 0])],
    ['a record definition', new Packr({ useRecords: true }).pack({ a: 1 })],
    ['a structured clone', new Packr({ useRecords: false, structuredClone: true }).pack(circular())],
    ['bundled strings', new Packr({ useRecords: false, bundleStrings: true }).pack(['bundled', 'strings'])],
    ['a map with keys that are no text', packr.pack(new Map([[1, 2]]))],
    ['the token that means nothing', Buffer.from([0xc1])],
    ['undefined as an extension', Buffer.from([0xd4, 0, 0])],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeBody(bytes)).toThrow(BodyInvalidError);
  });

  it('refuses what is nested too deep, also where a stack would end', () => {
    const nested = (depth: number): Buffer => Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.from([0xc0])]);
    expect(decodeBody(nested(BODY_DEPTH_MAX))).toBeDefined();
    expect(() => decodeBody(nested(BODY_DEPTH_MAX + 1))).toThrow(BodyInvalidError);
    expect(() => decodeBody(nested(1_000_000))).toThrow(BodyInvalidError);
    expect(() => decodeBody(Buffer.alloc(1_000_000, 0x81))).toThrow(BodyInvalidError);
  });

  it('refuses too many values, and counts of values that are not there', () => {
    const array = Buffer.from([0xdd, 0, 0, 0, 0]);
    array.writeUInt32BE(BODY_VALUES_MAX, 1);
    expect(() => decodeBody(Buffer.concat([array, Buffer.alloc(BODY_VALUES_MAX, 0xc0)]))).toThrow(BodyInvalidError);
    for (const hex of ['dd ffffffff', 'df ffffffff', 'c6 ffffffff', 'db ffffffff', 'dc ffff c0', '8f']) {
      expect(() => decodeHex(hex)).toThrow(BodyInvalidError);
    }
  });

  it('sets no prototype from a key, nor shadows one', () => {
    const hostile = Buffer.concat([Buffer.from([0x81, 0xa9]), Buffer.from('__proto__'), packr.pack({ isAdmin: true })]);
    const decoded = decodeBody(hostile) as Record<string, unknown>;
    expect(Object.getPrototypeOf(decoded)).toBe(Object.getPrototypeOf({}));
    expect(decoded.isAdmin).toBeUndefined();
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('isAdmin');
  });

  it('takes a key of the longest size and none longer', () => {
    const key = 'k'.repeat(BODY_KEY_SIZE_MAX);
    expect(roundTrip({ [key]: 1 })).toEqual({ [key]: 1 });
    expect(() => decodeBody(packr.pack({ [`${key}k`]: 1 }))).toThrow(BodyInvalidError);
  });
});

describe('encodeBody', () => {
  it.each([
    ['a date', { at: new Date(0) }],
    ['a map with keys that are no text', new Map([[1, 2]])],
    ['a symbol', { a: Symbol('x') }],
    ['a number beyond 64 bits', { a: 2n ** 80n }],
    ['a value that contains itself', circular()],
    ['too many bytes', Buffer.alloc(FRAME_SIZE_MAX + 1)],
    ['too many values', Array.from({ length: BODY_VALUES_MAX }, () => 0)],
  ])('tells the sender that it cannot send %s', (_, value) => {
    expect(() => encodeBody(value, 0)).toThrow(BodyUnencodableError);
    expect(roundTrip({ after: 'it' })).toEqual({ after: 'it' });
  });

  it('leaves the room asked for in front, and shares none of it with other messages', () => {
    const first = encodeBody({ a: 1 }, 30);
    const second = encodeBody({ b: 2 }, 30);
    first.fill(0xff, 0, 30);
    second.fill(0xee, 0, 30);
    expect(decodeBody(first.subarray(30))).toEqual({ a: 1 });
    expect(decodeBody(second.subarray(30))).toEqual({ b: 2 });
  });
});

/** What is wrong with how `bytes` are taken, if anything: the check must find every fault, and before the decoder does. */
function untyped(bytes: Buffer): unknown {
  try {
    decodeBody(bytes);
  } catch (error) {
    if (!(error instanceof BodyInvalidError)) return error;
    return error.cause;
  }
  return undefined;
}

function circular(): unknown {
  const value: { self?: unknown } = {};
  value.self = value;
  return value;
}
