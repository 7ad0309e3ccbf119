import fc from 'fast-check';
import { HexMemo } from './hex-memo.js';
import { HEX_MEMO_SIZE } from './limits.js';

describe('HexMemo', () => {
  it('gives the hex of every id, whichever came before it', () => {
    const memo = new HexMemo(16);
    // Few different bytes, so that many ids share a place.
    const id = fc.uint8Array({ minLength: 16, maxLength: 16, max: 2 });
    fc.assert(
      fc.property(fc.array(id, { maxLength: 50 }), (ids) => {
        for (const one of ids) expect(memo.hexOf(one)).toBe(Buffer.from(one).toString('hex'));
      }),
    );
  });

  it('tells ids apart that fall on one place', () => {
    const memo = new HexMemo(32);
    const ids = Array.from({ length: 3 * HEX_MEMO_SIZE }, (_, number) => {
      const id = Buffer.alloc(32, 1);
      // The bytes that the place is made of are the same for all.
      id.writeUInt32LE(number, 12);
      return id;
    });
    for (const id of ids) expect(memo.hexOf(id)).toBe(id.toString('hex'));
  });

  it('makes the text of an id once, and keeps nothing of the bytes it was given', () => {
    const memo = new HexMemo(16);
    const id = Buffer.alloc(16, 7);
    const text = memo.hexOf(id);
    id.fill(8);
    expect(memo.hexOf(id)).toBe('08'.repeat(16));
    expect(memo.hexOf(Buffer.alloc(16, 7))).toBe(text);
  });
});
