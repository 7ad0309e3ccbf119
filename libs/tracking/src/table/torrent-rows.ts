import { SLOT_COUNT } from '@panal/cluster';
import { HashIndex } from './hash-index.js';
import { readWords, writeWord } from './id-words.js';
import { Namespaces } from './namespaces.js';
import { ENTRY_NAMESPACE_AT, type EntryKeyParts, slotOfTorrent } from './record-key.js';
import { NONE, Slab } from './slab.js';
import { type HashKey, hashWords } from './word-hash.js';

/** Words of a torrent's row; the first eight are its content id. */
const ID_WORDS = 8;
const NAMESPACE = 8;
const ID_SIZE = 9;
const SLOT = 10;
const SLOT_NEXT = 11;
const SLOT_PREVIOUS = 12;
const HASH_LINK = 13;
/** Where the torrent's entries are listed: the words of `EntryLists`. */
export const LIST_BLOCK = 14;
export const LIST_CLASS = 15;
export const COMPLETE_END = 16;
export const SERVED_END = 17;
export const ENTRY_COUNT = 18;
const TORRENT_WORDS = 19;

/** Torrents that have entries, found by namespace and content id, and by slot. */
export class TorrentRows {
  readonly slab = new Slab(TORRENT_WORDS);
  readonly namespaces = new Namespaces();
  readonly #index: HashIndex;
  /** The first torrent of each slot. */
  readonly #firstIn = new Uint32Array(SLOT_COUNT);
  /** What is looked for: id, then namespace. */
  readonly #sought = new Uint32Array(ID_WORDS + 1);
  readonly #hashed = new Uint32Array(ID_WORDS + 1);

  readonly #id = Buffer.alloc(ID_WORDS * 4);

  constructor(private readonly hashKey: HashKey) {
    this.#index = new HashIndex({ slab: this.slab, linkWord: HASH_LINK, hashOf: (row) => this.#hashOf(row) });
  }

  get count(): number {
    return this.slab.count;
  }

  /** @param namespace Its number. @param id 20 or 32 bytes at `from`. @returns The row, or NONE. */
  find(namespace: number, id: Uint8Array, from = 0, size = id.length): number {
    const words = size / 4;
    readWords(this.#sought, id, from, size);
    this.#sought[words] = namespace;
    let row = this.#index.first(hashWords(this.#sought, words + 1, this.hashKey));
    while (row !== NONE && !this.#isSought(row, namespace, size)) row = this.#index.next(row);
    return row;
  }

  /** The row of the torrent an entry's key is about, or NONE. */
  findByKey(key: Buffer, { namespaceSize, contentIdAt, contentIdSize }: EntryKeyParts): number {
    const namespace = this.namespaces.find(key, ENTRY_NAMESPACE_AT, namespaceSize);
    return namespace === undefined ? NONE : this.find(namespace, key, contentIdAt, contentIdSize);
  }

  /** A row for the torrent an entry's key is about; `drop` it when it has no entries. */
  make(key: Buffer, { namespaceSize, contentIdAt, contentIdSize }: EntryKeyParts): number {
    const row = this.slab.allocate();
    const namespace = this.namespaces.hold(key, ENTRY_NAMESPACE_AT, namespaceSize);
    readWords(this.#sought, key, contentIdAt, contentIdSize);
    for (let word = 0; word < contentIdSize / 4; word += 1) this.slab.set(row, word, this.#sought[word] as number);
    this.slab.set(row, NAMESPACE, namespace);
    this.slab.set(row, ID_SIZE, contentIdSize);
    this.#linkSlot(
      row,
      slotOfTorrent({
        namespace: this.namespaces.nameOf(namespace),
        hash: key.subarray(contentIdAt, contentIdAt + contentIdSize),
      }),
    );
    this.#index.add(row, this.#hashOf(row));
    return row;
  }

  drop(row: number): void {
    this.#index.remove(row, this.#hashOf(row));
    this.#unlinkSlot(row);
    this.namespaces.release(this.slab.get(row, NAMESPACE));
    this.slab.free(row);
  }

  slotOf(row: number): number {
    return this.slab.get(row, SLOT);
  }

  namespaceOf(row: number): number {
    return this.slab.get(row, NAMESPACE);
  }

  idSizeOf(row: number): number {
    return this.slab.get(row, ID_SIZE);
  }

  /** Writes the content id into `bytes`. @returns Where it ends. */
  writeId(row: number, bytes: Uint8Array, from: number): number {
    const size = this.idSizeOf(row);
    for (let word = 0; word < size / 4; word += 1) writeWord(bytes, from + word * 4, this.slab.get(row, word));
    return from + size;
  }

  /** The content id in hex. */
  hexOf(row: number): string {
    return this.#id.toString('hex', 0, this.writeId(row, this.#id, 0));
  }

  /** The first torrent of a slot, or NONE. */
  firstIn(slot: number): number {
    return this.#firstIn[slot] ?? NONE;
  }

  nextInSlot(row: number): number {
    return this.slab.get(row, SLOT_NEXT);
  }

  /** All rows, oldest memory first. A row made meanwhile may be left out. */
  *all(): IterableIterator<number> {
    for (let row = 1; row < this.slab.end; row += 1) if (this.slab.get(row, ID_SIZE) !== 0) yield row;
  }

  #isSought(row: number, namespace: number, size: number): boolean {
    for (let word = 0; word < size / 4; word += 1) if (this.slab.get(row, word) !== this.#sought[word]) return false;
    return this.slab.get(row, ID_SIZE) === size && this.slab.get(row, NAMESPACE) === namespace;
  }

  #hashOf(row: number): number {
    const words = this.idSizeOf(row) / 4;
    for (let word = 0; word < words; word += 1) this.#hashed[word] = this.slab.get(row, word);
    this.#hashed[words] = this.slab.get(row, NAMESPACE);
    return hashWords(this.#hashed, words + 1, this.hashKey);
  }

  #linkSlot(row: number, slot: number): void {
    const next = this.firstIn(slot);
    this.slab.set(row, SLOT, slot);
    this.slab.set(row, SLOT_NEXT, next);
    if (next !== NONE) this.slab.set(next, SLOT_PREVIOUS, row);
    this.#firstIn[slot] = row;
  }

  #unlinkSlot(row: number): void {
    const next = this.slab.get(row, SLOT_NEXT);
    const previous = this.slab.get(row, SLOT_PREVIOUS);
    if (previous === NONE) this.#firstIn[this.slotOf(row)] = next;
    else this.slab.set(previous, SLOT_NEXT, next);
    if (next !== NONE) this.slab.set(next, SLOT_PREVIOUS, previous);
  }
}
