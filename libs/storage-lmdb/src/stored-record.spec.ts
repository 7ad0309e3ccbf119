import { type ClusterRecord, EVERYWHERE } from '@panal/cluster';
import fc from 'fast-check';
import { recordOf } from './record-log.fixture.js';
import { isIntact, readStored, storedKeySize } from './stored-record.js';
import { forEachItem, ITEM_HEAD_SIZE, packedSize, WriteBatch } from './write-batch.js';

const records: fc.Arbitrary<ClusterRecord> = fc.record({
  key: fc.uint8Array({ minLength: 1, maxLength: 256 }).map((bytes) => Buffer.from(bytes)),
  slot: fc.integer({ min: 0, max: EVERYWHERE }),
  recordClass: fc.constantFrom('soft', 'durable'),
  clock: fc.maxSafeNat(),
  origin: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  isDead: fc.boolean(),
  serveUntilMs: fc.oneof(fc.constant(0), fc.constant(Number.POSITIVE_INFINITY), fc.double({ min: 1, noNaN: true })),
  value: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
});

function unpacked(bytes: Buffer): ClusterRecord[] {
  const found: ClusterRecord[] = [];
  forEachItem(bytes, (_op, key, value) => found.push(readStored(key, value)));
  return found;
}

describe('a stored record', () => {
  it('comes back as it was, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(records, { maxLength: 10 }), (some) => {
        const batch = new WriteBatch();
        for (const record of some) batch.put(record);
        expect(unpacked(batch.bytes())).toEqual(some);
        expect(batch.sizeBytes).toBe(some.reduce((sum, record) => sum + packedSize(record), 0));
      }),
    );
  });

  it('is known to be damaged wherever a bit of it turns', () => {
    const batch = new WriteBatch();
    const record = recordOf('a record');
    batch.put(record);
    const item = batch.bytes().subarray(ITEM_HEAD_SIZE);
    const keySize = storedKeySize(record.key);
    expect(isIntact(item, keySize)).toBe(true);
    for (let bit = 0; bit < item.length * 8; bit += 1) {
      const damaged = Buffer.from(item);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isIntact(damaged, keySize)).toBe(false);
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0), 0],
    ['zeros', Buffer.alloc(40), 10],
    ['a key alone', Buffer.from('a key that is long enough to be one'), 35],
  ])('is not %s', (_what, item, keySize) => {
    expect(isIntact(item, keySize)).toBe(false);
  });
});
