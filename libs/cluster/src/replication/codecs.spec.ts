import fc from 'fast-check';
import { parseClusterMessage } from '../cluster-message.js';
import { ClusterMessageInvalidError } from '../membership/errors.js';
import { EVERYWHERE } from '../placement/slot.js';
import type { ClusterRecord } from '../record.js';
import {
  decodeEnds,
  decodeGroups,
  decodeLeaves,
  decodeSlotDigests,
  encodeEnds,
  encodeGroups,
  encodeLeaves,
  encodeSlotDigests,
  GROUP_COUNT,
} from './digest-codec.js';
import { leafCountOf } from './digest-tree.js';
import { BATCH_RECORDS_MAX, BATCH_SIZE_TARGET, RECORD_KEY_SIZE_MAX, TRANSFER_KEYS_MAX } from './limits.js';
import { batchesOf, decodeRecords, encodeRecords, recordSize } from './record-codec.js';
import { decodeFetch, decodeVersions, encodeFetch, encodeVersions } from './version-list.js';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const clock = fc.maxSafeNat();
const slot = fc.oneof(fc.integer({ min: 0, max: EVERYWHERE }), fc.constant(EVERYWHERE));
const bytes = (min: number, max: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((array) => Buffer.from(array));
const digest = { count: u32, high: u32, low: u32 };
const hash = fc.record({ high: u32, low: u32 });

const record: fc.Arbitrary<ClusterRecord> = fc
  .record({
    key: bytes(1, RECORD_KEY_SIZE_MAX),
    slot,
    recordClass: fc.constantFrom('soft' as const, 'durable' as const),
    clock,
    origin: u48,
    isDead: fc.boolean(),
    serveUntilMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 4_102_444_800_000 })),
    value: bytes(0, 300),
  })
  .map((one) => (one.isDead ? { ...one, serveUntilMs: 0, value: Buffer.alloc(0) } : one));

const slotDigests = fc.array(fc.record({ slot, ...digest, isOwner: fc.boolean(), isSynced: fc.boolean() }));
const groups = fc.array(
  fc.record({ group: fc.integer({ min: 0, max: GROUP_COUNT - 2 }), maskLow: u32, maskHigh: u32, ...digest }),
);
const leaves = fc.array(
  fc.tuple(slot, u32, fc.record(digest)).map(([of, exchange, leaf]) => ({
    slot: of,
    exchange,
    leaves: Array.from({ length: leafCountOf(of) }, () => leaf),
  })),
  { maxLength: 2 },
);
const ends = fc.array(fc.record({ slot, exchange: u32, isComplete: fc.boolean() }));
const versions = fc.record({
  lists: fc.array(
    fc.record({
      slot,
      exchange: u32,
      leaf: fc.integer({ min: 0, max: 15 }),
      part: fc.constant(1),
      partCount: fc.constant(3),
      versions: fc.array(fc.record({ hash, clock, origin: u48, isDead: fc.boolean() })),
    }),
  ),
  ends: fc.array(
    fc.record({
      slot,
      exchange: u32,
      isOwner: fc.boolean(),
      isSynced: fc.boolean(),
      isStreaming: fc.boolean(),
      digest: fc.record(digest),
    }),
  ),
});
const fetches = fc.array(
  fc.record({
    slot,
    exchange: u32,
    leaf: fc.integer({ min: 0, max: 15 }),
    isLast: fc.boolean(),
    hashes: fc.array(hash),
  }),
);

function codec<Value>(
  name: string,
  value: fc.Arbitrary<Value>,
  encode: (value: Value) => Buffer,
  decode: (bytes: Buffer) => Value,
) {
  return {
    name,
    keepsAll: () => fc.assert(fc.property(value, (one) => expect(decode(encode(one))).toEqual(one))),
    refusesDamage: () =>
      fc.assert(
        fc.property(value, fc.nat(), fc.nat(255), fc.nat(3), (one, place, byte, how) => {
          expectRefusalOrValue(decode, damaged(encode(one), { place, byte, how }));
        }),
        { numRuns: 200 },
      ),
    refusesAnything: () =>
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (any) => expectRefusalOrValue(decode, Buffer.from(any))),
        { numRuns: 200 },
      ),
  };
}

function damaged(whole: Buffer, { place, byte, how }: { place: number; byte: number; how: number }): Buffer {
  const at = whole.length === 0 ? 0 : place % whole.length;
  if (how === 0) return whole.subarray(0, at);
  if (how === 1) return Buffer.concat([whole, Buffer.from([byte])]);
  const changed = Buffer.from(whole);
  changed[at] = byte;
  return changed;
}

function expectRefusalOrValue(decode: (bytes: Buffer) => unknown, some: Buffer): void {
  try {
    decode(some);
  } catch (error) {
    expect(error).toBeInstanceOf(ClusterMessageInvalidError);
  }
}

describe.each([
  codec('records', fc.array(record, { maxLength: 20 }), encodeRecords, (some) => [...decodeRecords(some)]),
  codec('digests of slots', slotDigests, encodeSlotDigests, (some) => [...decodeSlotDigests(some)]),
  codec('digests of groups', groups, encodeGroups, (some) => [...decodeGroups(some)]),
  codec('leaves', leaves, encodeLeaves, (some) =>
    decodeLeaves(some).map((one) => ({ ...one, leaves: [...one.leaves] })),
  ),
  codec('ends', ends, encodeEnds, (some) => [...decodeEnds(some)]),
  codec('versions', versions, encodeVersions, (some) => JSON.parse(JSON.stringify(decodeVersions(some)))),
  codec('keys to fetch', fetches, encodeFetch, (some) => JSON.parse(JSON.stringify(decodeFetch(some)))),
])('the packed form of $name', ({ keepsAll, refusesDamage, refusesAnything }) => {
  it('keeps everything', () => expect(keepsAll).not.toThrow());
  it('is refused, or read as something else, when damaged', () => expect(refusesDamage).not.toThrow());
  it('is told from other bytes without any other error', () => expect(refusesAnything).not.toThrow());
});

describe('batchesOf', () => {
  const plain = (size: number): ClusterRecord => ({
    key: Buffer.from('k'),
    slot: 1,
    recordClass: 'soft',
    clock: 1,
    origin: 1,
    isDead: false,
    serveUntilMs: 5,
    value: Buffer.alloc(size),
  });

  it('cuts by number and by size, and leaves nothing out', () => {
    const many = Array.from({ length: BATCH_RECORDS_MAX * 2 + 1 }, () => plain(1));
    expect([...batchesOf(many)].map(({ length }) => length)).toEqual([BATCH_RECORDS_MAX, BATCH_RECORDS_MAX, 1]);
    const large = Array.from({ length: 3 }, () => plain(BATCH_SIZE_TARGET));
    expect([...batchesOf(large)].map(({ length }) => length)).toEqual([1, 1, 1]);
    expect([...batchesOf([])]).toEqual([]);
  });

  it('knows the size of what it packs', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        const size = records.reduce((sum, one) => sum + recordSize(one), 5);
        expect(encodeRecords(records)).toHaveLength(size);
      }),
    );
  });
});

describe('parseClusterMessage', () => {
  const buffer = Buffer.from('x');

  it.each([
    { kind: 'apply', id: 5, batches: [buffer] },
    { kind: 'applied', id: 5, refused: [0] },
    { kind: 'groups', groups: buffer },
    { kind: 'leaves', leaves: buffer },
    { kind: 'versions', lists: buffer },
    { kind: 'fetch', keys: buffer },
    { kind: 'push', records: buffer, ends: buffer },
    { kind: 'offer', slots: buffer },
    { kind: 'covered', slots: buffer },
  ])('takes $kind as it is', (message) => {
    expect(parseClusterMessage({ ...message, later: 'a field of a later version' })).toEqual(message);
  });

  it.each([
    ['nothing', undefined],
    ['an unknown kind', { kind: 'drop-all' }],
    ['no list', { kind: 'apply', id: 5, batches: buffer }],
    ['texts for bytes', { kind: 'apply', id: 5, batches: ['text'] }],
    ['too long a list', { kind: 'apply', id: 5, batches: Array(5000).fill(buffer) }],
    ['a wrong id', { kind: 'apply', id: -1, batches: [] }],
    ['no places', { kind: 'applied', id: 1, refused: ['a'] }],
    ['too many bytes', { kind: 'groups', groups: Buffer.alloc(3_000_000) }],
  ])('refuses %s', (_what, message) => {
    expect(() => parseClusterMessage(message)).toThrow(ClusterMessageInvalidError);
  });
});

describe('keys to fetch', () => {
  const list = { slot: 3, exchange: 7, leaf: 2, isLast: true, hashes: [{ high: 1, low: 2 }] };
  const many = (count: number) => ({ ...list, hashes: Array.from({ length: count }, (_, low) => ({ high: 9, low })) });

  it('arrive in their order, as many as may wait to be sent', () => {
    const lists = [many(TRANSFER_KEYS_MAX), { ...list, slot: EVERYWHERE, isLast: false, hashes: [] }];
    const arrived = decodeFetch(encodeFetch(lists));
    expect(arrived.map(({ hashes, ...rest }) => ({ ...rest, keyCount: hashes.length }))).toEqual([
      { slot: 3, exchange: 7, leaf: 2, isLast: true, keyCount: TRANSFER_KEYS_MAX },
      { slot: EVERYWHERE, exchange: 7, leaf: 2, isLast: false, keyCount: 0 },
    ]);
    expect(arrived[0]?.hashes.at(-1)).toEqual({ high: 9, low: TRANSFER_KEYS_MAX - 1 });
  });

  it.each([
    ['more keys than that', many(TRANSFER_KEYS_MAX + 1)],
    ['a leaf that no slot has', { ...list, leaf: leafCountOf(list.slot) }],
    ['a slot that there is not', { ...list, slot: EVERYWHERE + 1 }],
  ])('are refused with %s', (_what, one) => {
    expect(() => decodeFetch(encodeFetch([one]))).toThrow(ClusterMessageInvalidError);
  });
});
