import { forEachItem, Op, WriteBatch } from './write-batch.js';

describe('WriteBatch', () => {
  it.each([
    ['erased slots', (batch: WriteBatch, slot: number) => batch.eraseSlot(slot), Op.eraseSlot, 0],
    [
      'erased records',
      (batch: WriteBatch, slot: number) => batch.erase({ slot, key: Buffer.from(`key ${slot}`.padEnd(12)) }),
      Op.erase,
      12,
    ],
  ] as const)('holds whole %s, however often it has to grow between them', (_, add, op, keySize) => {
    const batch = new WriteBatch();
    const count = 9_000;
    for (let slot = 0; slot < count; slot += 1) add(batch, slot);
    const slots: number[] = [];
    forEachItem(batch.bytes(), (found, key, value) => {
      expect([found, key.length, value.length]).toEqual([op, 2 + keySize, 0]);
      slots.push(key.readUInt16BE(0));
    });
    expect(slots).toEqual(Array.from({ length: count }, (_each, slot) => slot));
  });
});
