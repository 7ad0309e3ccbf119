import { BLOCK_CLASS_MAX, BlockPool, blockSize } from './block-pool.js';
import type { Slab } from './slab.js';
import { COMPLETE_END, ENTRY_COUNT, LIST_BLOCK, LIST_CLASS, SERVED_END } from './torrent-rows.js';

/** Which part of a torrent's list an entry is in: the parts follow each other in this order. */
export const COMPLETE = 0;
export const INCOMPLETE = 1;
/** Dead, or past its time: kept as a record, not served. */
export const HIDDEN = 2;
export type Part = typeof COMPLETE | typeof INCOMPLETE | typeof HIDDEN;

/** A list of more than one page; in place of a class. */
const PAGED = BLOCK_CLASS_MAX + 1;
const PAGE_CELLS = blockSize(BLOCK_CLASS_MAX);
const PAGE_SHIFT = Math.log2(PAGE_CELLS);

export interface EntryListsOptions {
  /** Rows of `TorrentRows`. */
  readonly torrents: Slab;
  readonly entries: Slab;
  /** The word of an entry that keeps its position in the list. */
  readonly positionWord: number;
}

/**
 * The entries of each torrent as an array in three parts, so that counts are the bounds of the parts and a random entry of
 * a part is one look. Whatever moves between parts swaps places at the bounds: no change moves more than a few cells,
 * besides copying up to a page when a small list outgrows its block.
 */
export class EntryLists {
  readonly #pool = new BlockPool();
  /** Pages of each long list, by the number in its block word. One short array for a thousand entries or more. */
  readonly #pages: number[][] = [];
  readonly #freePages: number[] = [];

  constructor(private readonly options: EntryListsOptions) {}

  /** Cells of memory in use. */
  get cellCount(): number {
    return this.#pool.cellCount;
  }

  /** @param position 0 to the torrent's ENTRY_COUNT - 1. */
  at(torrent: number, position: number): number {
    return this.#pool.get(this.#cell(torrent, position));
  }

  /** Adds the entry to the hidden ones. */
  add(torrent: number, entry: number): void {
    const { torrents } = this.options;
    const count = torrents.get(torrent, ENTRY_COUNT);
    this.#makeRoom(torrent, count);
    torrents.set(torrent, ENTRY_COUNT, count + 1);
    this.#place(torrent, count, entry);
  }

  /** @param entry A hidden one. */
  remove(torrent: number, entry: number): void {
    const { torrents } = this.options;
    const last = torrents.get(torrent, ENTRY_COUNT) - 1;
    this.#swap(torrent, entry, last);
    torrents.set(torrent, ENTRY_COUNT, last);
    this.#giveRoom(torrent, last);
  }

  move(torrent: number, entry: number, from: Part, to: Part): void {
    const { torrents } = this.options;
    for (let part: number = from; part > to; part -= 1) {
      const bound = part === HIDDEN ? SERVED_END : COMPLETE_END;
      const end = torrents.get(torrent, bound);
      this.#swap(torrent, entry, end);
      torrents.set(torrent, bound, end + 1);
    }
    for (let part: number = from; part < to; part += 1) {
      const bound = part === COMPLETE ? COMPLETE_END : SERVED_END;
      const last = torrents.get(torrent, bound) - 1;
      this.#swap(torrent, entry, last);
      torrents.set(torrent, bound, last);
    }
  }

  #swap(torrent: number, entry: number, position: number): void {
    const from = this.options.entries.get(entry, this.options.positionWord);
    if (from === position) return;
    this.#place(torrent, from, this.at(torrent, position));
    this.#place(torrent, position, entry);
  }

  #place(torrent: number, position: number, entry: number): void {
    this.#pool.set(this.#cell(torrent, position), entry);
    this.options.entries.set(entry, this.options.positionWord, position);
  }

  #cell(torrent: number, position: number): number {
    const block = this.options.torrents.get(torrent, LIST_BLOCK);
    if (this.options.torrents.get(torrent, LIST_CLASS) < PAGED) return block + position;
    return (this.#pages[block]?.[position >>> PAGE_SHIFT] as number) + (position & (PAGE_CELLS - 1));
  }

  /** Makes place for one more than `count`. */
  #makeRoom(torrent: number, count: number): void {
    const { torrents } = this.options;
    const block = torrents.get(torrent, LIST_BLOCK);
    const listClass = torrents.get(torrent, LIST_CLASS);
    if (block === 0 && listClass === 0) torrents.set(torrent, LIST_BLOCK, this.#pool.allocate(0));
    else if (listClass === PAGED) {
      const pages = this.#pages[block] as number[];
      if (count === pages.length * PAGE_CELLS) pages.push(this.#pool.allocate(BLOCK_CLASS_MAX));
    } else if (count === blockSize(listClass)) {
      if (listClass < BLOCK_CLASS_MAX) this.#rehouse(torrent, count, listClass + 1);
      else this.#setPages(torrent, [block, this.#pool.allocate(BLOCK_CLASS_MAX)]);
    }
  }

  /** Gives back what is clearly too large for `count`; a list that grows and shrinks by one must not move each time. */
  #giveRoom(torrent: number, count: number): void {
    const { torrents } = this.options;
    const listClass = torrents.get(torrent, LIST_CLASS);
    if (listClass === PAGED) return this.#givePages(torrent, count);
    if (count === 0) {
      this.#pool.free(torrents.get(torrent, LIST_BLOCK), listClass);
      torrents.set(torrent, LIST_BLOCK, 0);
      torrents.set(torrent, LIST_CLASS, 0);
    } else if (listClass > 1 && count <= blockSize(listClass - 2)) this.#rehouse(torrent, count, listClass - 1);
  }

  #givePages(torrent: number, count: number): void {
    const number = this.options.torrents.get(torrent, LIST_BLOCK);
    const pages = this.#pages[number] as number[];
    while (pages.length > 1 && count <= (pages.length - 1) * PAGE_CELLS - PAGE_CELLS / 2) {
      this.#pool.free(pages.pop() as number, BLOCK_CLASS_MAX);
    }
    if (pages.length > 1) return;
    this.options.torrents.set(torrent, LIST_BLOCK, pages[0] as number);
    this.options.torrents.set(torrent, LIST_CLASS, BLOCK_CLASS_MAX);
    this.#pages[number] = [];
    this.#freePages.push(number);
  }

  #setPages(torrent: number, pages: number[]): void {
    const number = this.#freePages.pop() ?? this.#pages.length;
    this.#pages[number] = pages;
    this.options.torrents.set(torrent, LIST_BLOCK, number);
    this.options.torrents.set(torrent, LIST_CLASS, PAGED);
  }

  /** Moves a short list into a block of another class. */
  #rehouse(torrent: number, count: number, listClass: number): void {
    const { torrents } = this.options;
    const from = torrents.get(torrent, LIST_BLOCK);
    const to = this.#pool.allocate(listClass);
    for (let position = 0; position < count; position += 1)
      this.#pool.set(to + position, this.#pool.get(from + position));
    this.#pool.free(from, torrents.get(torrent, LIST_CLASS));
    torrents.set(torrent, LIST_BLOCK, to);
    torrents.set(torrent, LIST_CLASS, listClass);
  }
}
