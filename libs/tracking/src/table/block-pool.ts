import { POOL_CHUNK_PAGES, POOL_PAGE_CELLS } from './limits.js';
import { NONE, Slab } from './slab.js';

const PAGE_SHIFT = Math.log2(POOL_PAGE_CELLS);
const PAGE_MASK = POOL_PAGE_CELLS - 1;
const CHUNK_SHIFT = PAGE_SHIFT + Math.log2(POOL_CHUNK_PAGES);
const CHUNK_MASK = (1 << CHUNK_SHIFT) - 1;

/** Cells of a block of each class. Beside powers of two: what divides a page, so that little of it is lost. */
const BLOCK_SIZES = [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 102, 128, 204, 341, 512, POOL_PAGE_CELLS] as const;

/** Words of a page's row. Cell numbers in them count from the page's first cell, plus 1. */
const FREE_BLOCK = 0;
const FRESH_BLOCK = 1;
const USED_COUNT = 2;
const PREVIOUS = 3;
const NEXT = 4;
const PAGE_WORDS = 5;

/** The class whose blocks are whole pages. */
export const BLOCK_CLASS_MAX = BLOCK_SIZES.length - 1;

/** Cells of a block of the class. */
export function blockSize(blockClass: number): number {
  return BLOCK_SIZES[blockClass] as number;
}

/**
 * Blocks of 32-bit cells in classes of size, outside the JavaScript heap. A page holds blocks of one class and is free for
 * any class once it is empty: when all torrents grow together, the small blocks they leave do not stay behind.
 * A block is the number of its first cell, never 0.
 */
export class BlockPool {
  readonly #cells: Uint32Array[] = [];
  readonly #pages = new Slab(PAGE_WORDS);
  /** By class: the first page with room, linked both ways. */
  readonly #withRoom = new Uint32Array(BLOCK_SIZES.length);

  /** Cells of the pages in use. */
  get cellCount(): number {
    return this.#pages.count * POOL_PAGE_CELLS;
  }

  get(cell: number): number {
    return (this.#cells[cell >>> CHUNK_SHIFT] as Uint32Array)[cell & CHUNK_MASK] as number;
  }

  set(cell: number, value: number): void {
    (this.#cells[cell >>> CHUNK_SHIFT] as Uint32Array)[cell & CHUNK_MASK] = value;
  }

  /** @returns The block; what is in it is left from before. */
  allocate(blockClass: number): number {
    const size = blockSize(blockClass);
    const page = (this.#withRoom[blockClass] as number) || this.#addPage(blockClass);
    const base = page << PAGE_SHIFT;
    const used = this.#pages.get(page, USED_COUNT) + 1;
    this.#pages.set(page, USED_COUNT, used);
    let block = this.#pages.get(page, FREE_BLOCK);
    if (block !== 0) this.#pages.set(page, FREE_BLOCK, this.get(base + block - 1));
    else {
      block = this.#pages.get(page, FRESH_BLOCK) + 1;
      this.#pages.set(page, FRESH_BLOCK, block - 1 + size);
    }
    if (used === this.#blocksOf(blockClass)) this.#unlink(page, blockClass);
    return base + block - 1;
  }

  /** @param blockClass The class the block was allocated with. */
  free(block: number, blockClass: number): void {
    const page = block >>> PAGE_SHIFT;
    const used = this.#pages.get(page, USED_COUNT) - 1;
    if (used + 1 === this.#blocksOf(blockClass)) this.#link(page, blockClass);
    if (used === 0) {
      this.#unlink(page, blockClass);
      this.#pages.free(page);
      return;
    }
    this.#pages.set(page, USED_COUNT, used);
    this.set(block, this.#pages.get(page, FREE_BLOCK));
    this.#pages.set(page, FREE_BLOCK, (block & PAGE_MASK) + 1);
  }

  #blocksOf(blockClass: number): number {
    return Math.floor(POOL_PAGE_CELLS / blockSize(blockClass));
  }

  #addPage(blockClass: number): number {
    const page = this.#pages.allocate();
    while ((page << PAGE_SHIFT) >>> CHUNK_SHIFT >= this.#cells.length)
      this.#cells.push(new Uint32Array(1 << CHUNK_SHIFT));
    this.#link(page, blockClass);
    return page;
  }

  #link(page: number, blockClass: number): void {
    const next = this.#withRoom[blockClass] as number;
    this.#pages.set(page, PREVIOUS, NONE);
    this.#pages.set(page, NEXT, next);
    if (next !== NONE) this.#pages.set(next, PREVIOUS, page);
    this.#withRoom[blockClass] = page;
  }

  #unlink(page: number, blockClass: number): void {
    const previous = this.#pages.get(page, PREVIOUS);
    const next = this.#pages.get(page, NEXT);
    if (previous === NONE) this.#withRoom[blockClass] = next;
    else this.#pages.set(previous, NEXT, next);
    if (next !== NONE) this.#pages.set(next, PREVIOUS, previous);
  }
}
