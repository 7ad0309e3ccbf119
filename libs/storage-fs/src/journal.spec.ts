import { Bitfield } from '@panal/torrent';
import fc from 'fast-check';
import { decodeJournal, encodeJournal } from './journal.js';

const contentId = Buffer.alloc(32, 5);

describe('the journal', () => {
  it('gives back any set of chunks, for both lengths of content id', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3000 }),
        fc.constantFrom(20, 32),
        fc.func(fc.boolean()),
        (size, length, has) => {
          const done = new Bitfield(size);
          for (let chunk = 0; chunk < size; chunk += 1) if (has(chunk)) done.add(chunk);
          const id = contentId.subarray(0, length);
          const decoded = decodeJournal(encodeJournal(id, done), { contentId: id, chunkCount: size });
          expect(decoded).toBeInstanceOf(Bitfield);
          expect([...(decoded as Bitfield)]).toEqual([...done]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('never believes a journal with a bit flipped or an end cut off', () => {
    const done = new Bitfield(100);
    for (const chunk of [0, 7, 63, 99]) done.add(chunk);
    const bytes = encodeJournal(contentId, done);
    const subject = { contentId, chunkCount: 100 };
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(['corrupt', 'newer']).toContain(decodeJournal(damaged, subject));
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodeJournal(bytes.subarray(0, length), subject)).toBe('corrupt');
    }
  });

  it('refuses a journal whose checksum is right and whose bitfield is not', () => {
    // Spare bits set: a valid sum over a set of 104 read as one of 100 would name chunks that do not exist.
    const bytes = encodeJournal(contentId, Bitfield.full(104));
    expect(decodeJournal(bytes, { contentId, chunkCount: 100 })).toBe('foreign');
  });
});
