import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { findBodyFault } from './body-check.js';
import { BodyWriter } from './body-writer.js';
import { FixedBody } from './fixed-body.js';
import { BODY_DEPTH_MAX, BODY_KEY_SIZE_MAX } from './limits.js';

// As body.ts has it.
const packOptions = { useRecords: false, encodeUndefinedAsNil: true, skipValues: [undefined] };
const packr = new Packr(packOptions);
const writer = new BodyWriter();

describe('BodyWriter', () => {
  it('writes what the general encoder would, or nothing', () => {
    const leaf = fc.oneof(
      fc.constantFrom(null, undefined, true, false, -0, Number.NaN, Number.NEGATIVE_INFINITY),
      fc.integer(),
      fc.integer({ min: -70_000, max: 70_000 }),
      fc.maxSafeInteger(),
      fc.double(),
      fc.string({ maxLength: 300 }),
      fc.string({ maxLength: 40, unit: 'binary' }),
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(new Date(0), new Map([[1, 2]]), 5n),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { maxLength: 20 }),
        fc.dictionary(fc.string({ maxLength: 40 }), tie('tree'), { noNullPrototype: true, maxKeys: 18 }),
      ),
    }));
    let count = 0;
    fc.assert(
      fc.property(tree, (value) => {
        const written = writer.write(value, 5)?.subarray(5);
        if (written === undefined) return;
        count += 1;
        expect(written.toString('hex')).toBe(Buffer.from(packr.pack(value)).toString('hex'));
        expect(findBodyFault(written)).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
    expect(count).toBeGreaterThan(200);
  });

  it('leaves to the general encoder what is too large, too deep or of no plain kind', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth <= BODY_DEPTH_MAX; depth += 1) deep = [deep];
    const endless: unknown[] = [];
    endless.push(endless);
    class Thing {
      readonly field = 1;
    }
    const others = [
      deep,
      endless,
      new Thing(),
      Object.create(null),
      () => 1,
      { ['k'.repeat(BODY_KEY_SIZE_MAX + 1)]: 1 },
      Buffer.alloc(65_536),
      Array.from({ length: 65_536 }, () => 1),
      'ñ',
    ];
    for (const value of others) expect(writer.write(value, 0)).toBeUndefined();
  });

  it('writes a fixed body as the object of its fields, once, and then again at any place that is not deeper', () => {
    class Fixed extends FixedBody {
      constructor(readonly list: readonly unknown[]) {
        super();
      }

      get size(): number {
        return this.list.length;
      }
    }
    const list = [1, 'two', { three: Buffer.from([3]) }];
    const plain = { list };
    const fixed = new Fixed(list);
    const bodies = (value: unknown): unknown[] => [value, [value, value], { a: [value] }, [value], value];
    for (const [at, body] of bodies(fixed).entries()) {
      const expected = Buffer.from(packr.pack(bodies(plain)[at])).toString('hex');
      expect(writer.write(body, 5)?.subarray(5).toString('hex')).toBe(expected);
      // The general encoder agrees, for a body that is too large for this one.
      expect(Buffer.from(packr.pack(body)).toString('hex')).toBe(expected);
    }
  });

  it('counts the depth of a fixed body from where it is', () => {
    class Deep extends FixedBody {
      constructor(readonly inner: unknown) {
        super();
      }
    }
    const nest = (value: unknown, times: number): unknown => (times === 0 ? value : [nest(value, times - 1)]);
    const deep = new Deep(nest(1, BODY_DEPTH_MAX - 3));
    expect(writer.write(deep, 0)).toBeDefined();
    expect(writer.write(nest(deep, 2), 0)).toBeDefined();
    expect(writer.write(nest(deep, 3), 0)).toBeUndefined();
  });
});
