import fc from 'fast-check';
import { BLOCK_CLASS_MAX, BlockPool, blockSize } from './block-pool.js';
import { POOL_PAGE_CELLS } from './limits.js';

interface Block {
  readonly block: number;
  readonly blockClass: number;
  readonly mark: number;
}

describe('BlockPool', () => {
  it('never gives out a cell twice, and takes back every page that is empty', () => {
    const step = fc.record({ isFree: fc.boolean(), which: fc.nat(), blockClass: fc.nat(BLOCK_CLASS_MAX) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const pool = new BlockPool();
        const blocks: Block[] = [];
        for (const [mark, { isFree, which, blockClass }] of steps.entries()) {
          if (isFree && blocks.length > 0) {
            const [freed] = blocks.splice(which % blocks.length, 1) as [Block];
            expectMarked(pool, freed);
            pool.free(freed.block, freed.blockClass);
          } else {
            const block = pool.allocate(blockClass);
            for (let cell = 0; cell < blockSize(blockClass); cell += 1) pool.set(block + cell, mark);
            blocks.push({ block, blockClass, mark });
          }
        }
        for (const one of blocks) {
          expectMarked(pool, one);
          pool.free(one.block, one.blockClass);
        }
        expect(pool.cellCount).toBe(0);
        expect(blocks.every(({ block }) => block > 0)).toBe(true);
      }),
    );
  });

  it('fills pages: what does not divide one loses little of it', () => {
    for (let blockClass = 0; blockClass <= BLOCK_CLASS_MAX; blockClass += 1) {
      const pool = new BlockPool();
      const count = Math.floor(POOL_PAGE_CELLS / blockSize(blockClass));
      for (let block = 0; block < count; block += 1) pool.allocate(blockClass);
      expect(pool.cellCount).toBe(POOL_PAGE_CELLS);
      expect(count * blockSize(blockClass)).toBeGreaterThan(POOL_PAGE_CELLS * 0.93);
      pool.allocate(blockClass);
      expect(pool.cellCount).toBe(2 * POOL_PAGE_CELLS);
    }
  });
});

function expectMarked(pool: BlockPool, { block, blockClass, mark }: Block): void {
  for (let cell = 0; cell < blockSize(blockClass); cell += 1) expect(pool.get(block + cell)).toBe(mark);
}
