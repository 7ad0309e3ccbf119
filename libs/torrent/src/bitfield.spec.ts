import fc from 'fast-check';
import { Bitfield } from './bitfield.js';

describe('Bitfield', () => {
  it('behaves as a set of numbers', () => {
    const step = fc.record({ isAdd: fc.boolean(), index: fc.nat({ max: 29 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const bitfield = new Bitfield(30);
        const model = new Set<number>();
        for (const { isAdd, index } of steps) {
          expect(isAdd ? bitfield.add(index) : bitfield.remove(index)).toBe(
            isAdd ? !model.has(index) : model.has(index),
          );
          if (isAdd) model.add(index);
          else model.delete(index);
        }
        expect([...bitfield]).toEqual([...model].sort((a, b) => a - b));
        expect([bitfield.count, bitfield.isFull]).toEqual([model.size, model.size === 30]);
        const missing = [...Array(30).keys()].filter((index) => !model.has(index));
        expect(bitfield.firstMissing()).toBe(missing[0] ?? -1);
        expect(bitfield.firstMissing(7)).toBe(missing.find((index) => index >= 7) ?? -1);
        expect([...Bitfield.fromBytes(bitfield.bytes, 30)]).toEqual([...bitfield]);
      }),
    );
  });

  it.each([1, 7, 8, 9, 64, 65])('is full, with %d numbers, exactly when all are in it', (size) => {
    const full = Bitfield.full(size);
    expect([full.count, full.isFull, full.firstMissing()]).toEqual([size, true, -1]);
    expect(Bitfield.fromBytes(full.bytes, size).isFull).toBe(true);
    full.remove(size - 1);
    expect([full.count, full.isFull, full.firstMissing()]).toEqual([size - 1, false, size - 1]);
  });

  it('is full when there is nothing to hold', () => {
    expect([new Bitfield(0).isFull, new Bitfield(0).firstMissing(), Bitfield.full(0).count]).toEqual([true, -1, 0]);
  });

  it('has bit 0 highest, as the BitTorrent wire', () => {
    const bitfield = new Bitfield(10);
    bitfield.add(0);
    bitfield.add(9);
    expect(bitfield.bytes).toEqual(Buffer.from([0x80, 0x40]));
  });

  it('hands out copies and takes copies', () => {
    const bytes = Buffer.from([0x80]);
    const bitfield = Bitfield.fromBytes(bytes, 8);
    bytes[0] = 0;
    bitfield.bytes[0] = 0;
    const clone = bitfield.clone();
    clone.add(1);
    expect([...bitfield]).toEqual([0]);
  });

  it('refuses bytes of another length or with spare bits set', () => {
    expect(() => Bitfield.fromBytes(Buffer.alloc(1), 9)).toThrow(RangeError);
    expect(() => Bitfield.fromBytes(Buffer.alloc(3), 9)).toThrow(RangeError);
    expect(() => Bitfield.fromBytes(Buffer.from([0xff, 0xc0]), 9)).toThrow(/spare/);
    expect(Bitfield.fromBytes(Buffer.from([0xff, 0x80]), 9).isFull).toBe(true);
  });

  it('does not hold numbers out of range, and refuses to add them', () => {
    const bitfield = Bitfield.full(5);
    for (const index of [-1, 5, 7, 1000]) expect(bitfield.has(index)).toBe(false);
    for (const index of [-1, 5, 0.5, Number.NaN]) expect(() => bitfield.add(index)).toThrow(RangeError);
    expect(() => bitfield.remove(5)).toThrow(RangeError);
  });
});
