import fc from 'fast-check';
import { Packr, Unpackr } from 'msgpackr';
import { findBodyFault } from './body-check.js';
import { BodyReader, UNREAD } from './body-reader.js';
import { BODY_DEPTH_MAX } from './limits.js';

const packOptions = { useRecords: false, encodeUndefinedAsNil: true, skipValues: [undefined] };
const packr = new Packr(packOptions);
// As body.ts has it.
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, copyBuffers: true, int64AsType: 'number' });
const reader = new BodyReader();
const readHex = (hex: string): unknown => reader.read(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('BodyReader', () => {
  const leaf = fc.oneof(
    fc.constantFrom(null, true, false, -0, Number.NaN, Number.NEGATIVE_INFINITY),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.maxSafeInteger(),
    fc.double(),
    fc.string({ maxLength: 300 }),
    fc.string({ maxLength: 40, unit: 'binary' }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('tree'), { maxLength: 20 }),
      fc.dictionary(fc.string({ maxLength: 40 }), tie('tree'), { noNullPrototype: true, maxKeys: 18 }),
    ),
  }));

  it('reads what the general decoder would, or nothing', () => {
    let count = 0;
    fc.assert(
      fc.property(tree, (value) => {
        const bytes = Buffer.from(packr.pack(value));
        const read = reader.read(bytes);
        if (read === UNREAD) return;
        count += 1;
        expect(read).toStrictEqual(unpackr.unpack(bytes));
      }),
      { numRuns: 1_000 },
    );
    expect(count).toBeGreaterThan(200);
  });

  it('reads nothing in which the general check would find a fault, whatever the bytes', () => {
    const mutated = fc.tuple(tree, fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 3 })).map(([value, at, byte, cut]) => {
      const bytes = Buffer.from(packr.pack(value));
      bytes[at % bytes.length] = byte;
      return bytes.subarray(0, bytes.length - Math.min(cut, bytes.length - 1));
    });
    const any = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    let count = 0;
    fc.assert(
      fc.property(fc.oneof(mutated, any), (bytes) => {
        const read = reader.read(bytes);
        if (read === UNREAD) return;
        count += 1;
        expect(findBodyFault(bytes)).toBeUndefined();
        expect(read).toStrictEqual(unpackr.unpack(bytes));
      }),
      { numRuns: 3_000 },
    );
    expect(count).toBeGreaterThan(100);
  });

  it('leaves to the general decoder what is too large, too deep, of no plain kind, or at fault', () => {
    const deep = '91'.repeat(BODY_DEPTH_MAX + 1) + '01';
    const others = {
      'too deep': deep,
      'more than it says': '01 01',
      'less than it says': 'a3 61',
      'a list that ends too soon': '93 01',
      'no bytes': '',
      'a text that is not ASCII': 'a2 c3b1',
      'a long text that is not ASCII': `d9 50 ${'61'.repeat(79)}ff`,
      'a key that sets a prototype': '81 a9 5f5f70726f746f5f5f 80',
      'a key that is no text': '81 01 01',
      'a large map': 'de 0010',
      'an extension': 'd4 01 00',
      'a 64-bit number': 'cf 0000000000000001',
      'bytes cut short': 'c4 05 01',
      'a double cut short': 'cb 00',
    };
    for (const [what, hex] of Object.entries(others)) expect([what, readHex(hex)]).toEqual([what, UNREAD]);
    expect(reader.read(Buffer.from(packr.pack(Buffer.alloc(70_000))))).toBe(UNREAD);
  });

  it('gives texts that came before again, and each its own although they share a place', () => {
    const texts = Array.from({ length: 20_000 }, (_, at) => `text ${at}`);
    for (let round = 0; round < 2; round += 1) {
      for (const text of texts)
        expect(reader.read(Buffer.from(packr.pack({ [text.slice(0, 20)]: text })))).toEqual({
          [text.slice(0, 20)]: text,
        });
    }
  });

  it('gives byte strings that are the receiver’s own', () => {
    const bytes = Buffer.from(packr.pack({ hash: Buffer.from([1, 2, 3]) }));
    const { hash } = reader.read(bytes) as { hash: Buffer };
    bytes.fill(0);
    expect([...hash]).toEqual([1, 2, 3]);
    expect(Buffer.isBuffer(hash)).toBe(true);
  });
});
