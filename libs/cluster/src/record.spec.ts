import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type ClusterRecord, compareRecords, isServed, mergeRecords, originOf, purgeAtMs } from './record.js';

const STAMP_PER_MS = 4096;
const LIVES = { softMs: 100, durableTombstoneMs: 1000 };

/** Versions of one key, with so few different parts that equal ones and ties are common. */
const version: fc.Arbitrary<ClusterRecord> = fc
  .record({
    clockMs: fc.integer({ min: 0, max: 200 }),
    origin: fc.integer({ min: 0, max: 2 }),
    isDead: fc.boolean(),
    life: fc.constantFrom(0, 20, 100, Number.POSITIVE_INFINITY),
    value: fc.constantFrom('', 'a', 'b'),
  })
  .map(({ clockMs, origin, isDead, life, value }) => ({
    key: Buffer.from('key'),
    slot: 1,
    recordClass: 'soft',
    clock: clockMs * STAMP_PER_MS,
    origin,
    isDead,
    serveUntilMs: isDead ? 0 : clockMs + life,
    value: Buffer.from(isDead ? '' : value),
  }));

describe('mergeRecords', () => {
  it('is commutative, associative and idempotent, also for versions that should not exist side by side', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(mergeRecords(a, b)).toEqual(mergeRecords(b, a));
        expect(mergeRecords(mergeRecords(a, b), c)).toEqual(mergeRecords(a, mergeRecords(b, c)));
        expect(mergeRecords(a, a)).toBe(a);
      }),
      { numRuns: 2000 },
    );
  });

  it('orders totally: only the same content compares as equal', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareRecords(a, b))).toBe(-Math.sign(compareRecords(b, a)) + 0);
        expect(compareRecords(a, b) !== 0 || isDeepStrictEqual(a, b)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('purgeAtMs', () => {
  /** Time passes, then a version comes or what is over is purged. */
  interface Op {
    readonly afterMs: number;
    readonly record: ClusterRecord | undefined;
  }
  const op: fc.Arbitrary<Op> = fc.record({
    afterMs: fc.integer({ min: 0, max: 40 }),
    record: fc.option(version, { nil: undefined }),
  });

  /** One replica, to which everything comes in some order. @returns Whether it ends serving a version older than one it saw. */
  function bringsThePastBack(ops: readonly Op[], purgeAt: (record: ClusterRecord) => number): boolean {
    let held: ClusterRecord | undefined;
    let nowMs = 0;
    for (const { afterMs, record } of ops) {
      nowMs += afterMs;
      if (held !== undefined && purgeAt(held) <= nowMs) held = undefined;
      if (record === undefined || purgeAt(record) <= nowMs) continue;
      held = held === undefined ? record : mergeRecords(held, record);
    }
    const end = held;
    if (end === undefined || !isServed(end, nowMs)) return false;
    return ops.some(
      ({ record }) => record !== undefined && compareRecords(record, end) > 0 && wasTaken(ops, record, purgeAt),
    );
  }

  function wasTaken(ops: readonly Op[], record: ClusterRecord, purgeAt: (record: ClusterRecord) => number): boolean {
    let nowMs = 0;
    return ops.some((one) => {
      nowMs += one.afterMs;
      return one.record === record && purgeAt(record) > nowMs;
    });
  }

  const story = fc.array(op, { minLength: 2, maxLength: 10 });

  it('never brings an older version back, whatever comes in whatever order and is purged when', () => {
    const byStamp = (record: ClusterRecord): number => purgeAtMs(record, LIVES);
    const found = fc.check(
      fc.property(story, (ops) => !bringsThePastBack(ops, byStamp)),
      { numRuns: 5000 },
    );
    expect(found).toMatchObject({ failed: false });
  });

  it('would, were a record forgotten when it is no longer served', () => {
    const whenUnserved = (record: ClusterRecord): number =>
      record.isDead ? purgeAtMs(record, LIVES) : record.serveUntilMs;
    const found = fc.check(
      fc.property(story, (ops) => !bringsThePastBack(ops, whenUnserved)),
      { numRuns: 5000, seed: 1 },
    );
    expect(found.failed).toBe(true);
  });

  it('keeps durable records for ever and their tombstones for long', () => {
    const durable = { recordClass: 'durable', clock: 5 * STAMP_PER_MS } as const;
    expect(purgeAtMs({ ...durable, isDead: false }, LIVES)).toBe(Number.POSITIVE_INFINITY);
    expect(purgeAtMs({ ...durable, isDead: true }, LIVES)).toBe(1005);
    expect(purgeAtMs({ ...durable, recordClass: 'soft', isDead: true }, LIVES)).toBe(105);
  });
});

describe('originOf', () => {
  it('is the first 48 bits of the id', () => {
    expect(originOf('00000000000a00000000000000000000')).toBe(10);
    expect(originOf('ffffffffffff00000000000000000000')).toBe(2 ** 48 - 1);
  });
});
