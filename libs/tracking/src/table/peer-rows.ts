import { HashIndex } from './hash-index.js';
import { readWords, writeWord } from './id-words.js';
import { HEX_IDS_MAX } from './limits.js';
import { PeerHandle } from './peer-handle.js';
import { PEER_ID_SIZE } from './record-key.js';
import { NONE, Slab } from './slab.js';
import { type HashKey, hashWords } from './word-hash.js';

/** A double: the first two words. */
const FLOOR = 0;
const ID = 2;
const ID_WORDS = PEER_ID_SIZE / 4;
const HASH_LINK = 6;
const FIRST_ENTRY = 7;
const SERVED_COUNT = 8;
const PEER_WORDS = 10;

/** Peers that have entries or live: their ids once, and where the list of each one's entries begins. */
export class PeerRows {
  readonly #slab = new Slab(PEER_WORDS);
  readonly #index: HashIndex;
  readonly #sought = new Uint32Array(ID_WORDS);
  readonly #hashed = new Uint32Array(ID_WORDS);
  /** By row. */
  readonly #handles: (PeerHandle | undefined)[] = [];
  readonly #id = Buffer.alloc(PEER_ID_SIZE);

  constructor(private readonly hashKey: HashKey) {
    this.#index = new HashIndex({ slab: this.#slab, linkWord: HASH_LINK, hashOf: (row) => this.#hashOf(row) });
  }

  /** The row of the peer whose id is at `from`, or NONE. */
  find(bytes: Uint8Array, from: number): number {
    readWords(this.#sought, bytes, from, PEER_ID_SIZE);
    let row = this.#index.first(hashWords(this.#sought, ID_WORDS, this.hashKey));
    while (row !== NONE && !this.#isSought(row)) row = this.#index.next(row);
    return row;
  }

  /** The row of the peer, made when it is missing; `settle` it when that may be over. */
  ensure(bytes: Uint8Array, from: number): number {
    const known = this.find(bytes, from);
    if (known !== NONE) return known;
    const row = this.#slab.allocate();
    for (let word = 0; word < ID_WORDS; word += 1) this.#slab.set(row, ID + word, this.#sought[word] as number);
    this.#slab.setDouble(row, FLOOR, Number.POSITIVE_INFINITY);
    this.#index.add(row, this.#hashOf(row));
    return row;
  }

  /** Forgets the peer when it has no entries and is not known to live. @returns Whether its row went. */
  settle(row: number): boolean {
    if (this.firstEntry(row) !== NONE || this.floorOf(row) !== Number.POSITIVE_INFINITY) return false;
    this.#index.remove(row, this.#hashOf(row));
    this.#slab.free(row);
    if (row < this.#handles.length) this.#handles[row] = undefined;
    return true;
  }

  /** Writes the peer id into `bytes`. @returns Where it ends. */
  writeId(row: number, bytes: Uint8Array, from: number): number {
    for (let word = 0; word < ID_WORDS; word += 1) writeWord(bytes, from + word * 4, this.#slab.get(row, ID + word));
    return from + PEER_ID_SIZE;
  }

  handleOf(row: number): PeerHandle {
    if (row >= HEX_IDS_MAX) return new PeerHandle(this.#hexOf(row));
    const known = this.#handles[row];
    if (known !== undefined) return known;
    const handle = new PeerHandle(this.#hexOf(row));
    this.#handles[row] = handle;
    return handle;
  }

  firstEntry(row: number): number {
    return this.#slab.get(row, FIRST_ENTRY);
  }

  setFirstEntry(row: number, entry: number): void {
    this.#slab.set(row, FIRST_ENTRY, entry);
  }

  /** Hybrid clock: entries of the peer with an older stamp are not served. Infinity: it is not known to live. */
  floorOf(row: number): number {
    return this.#slab.getDouble(row, FLOOR);
  }

  setFloor(row: number, floor: number): void {
    this.#slab.setDouble(row, FLOOR, floor);
  }

  /** Entries of the peer that are served. */
  servedCount(row: number): number {
    return this.#slab.get(row, SERVED_COUNT);
  }

  addServed(row: number, more: number): void {
    this.#slab.set(row, SERVED_COUNT, this.servedCount(row) + more);
  }

  #hexOf(row: number): string {
    this.writeId(row, this.#id, 0);
    return this.#id.toString('hex');
  }

  #isSought(row: number): boolean {
    for (let word = 0; word < ID_WORDS; word += 1) {
      if (this.#slab.get(row, ID + word) !== this.#sought[word]) return false;
    }
    return true;
  }

  #hashOf(row: number): number {
    for (let word = 0; word < ID_WORDS; word += 1) this.#hashed[word] = this.#slab.get(row, ID + word);
    return hashWords(this.#hashed, ID_WORDS, this.hashKey);
  }
}
