import { type ClusterRecord, purgeAtMs, type RecordLifetimes } from '@panal/cluster';
import { HashIndex } from './hash-index.js';
import type { PeerRows } from './peer-rows.js';
import { NONE, Slab } from './slab.js';
import { hashPair } from './word-hash.js';

/** Doubles of an entry's row, which are its first four words. */
const CLOCK = 0;
const SERVE_UNTIL = 1;
/** 16 bits of the origin, 4 of the leaf, 4 of flags, 8 of the value. */
const STATE = 4;
const ORIGIN_LOW = 5;
const TORRENT = 6;
const PEER = 7;
export const POSITION = 8;
const PEER_NEXT = 9;
const PEER_PREVIOUS = 10;
export const WHEEL_NEXT = 11;
export const WHEEL_PREVIOUS = 12;
const HASH_LINK = 13;
const ENTRY_WORDS = 14;

const IS_DEAD = 0x100;
const IS_DURABLE = 0x200;
/** The value is not one byte: no version of this program writes such, but a later one may. It is kept beside the row. */
const IS_ODD = 0x400;
/** This tracker knows that as many hold this version as the cluster promises. Goes with the version; no part of the record. */
const IS_PROMISED = 0x800;
const IS_COMPLETE = 1;
const LEAF_SHIFT = 12;
const LEAF_MASK = 0xf;

const VALUES = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte));
const EMPTY = Buffer.alloc(0);

/** The value of an entry's record. */
export function entryValue({ isComplete }: { readonly isComplete: boolean }): Buffer {
  return VALUES[isComplete ? IS_COMPLETE : 0] as Buffer;
}

/** Versions of entries, 56 bytes each, found by torrent and peer; and the list of each peer's entries. */
export class EntryRows {
  readonly slab = new Slab(ENTRY_WORDS);
  readonly #index: HashIndex;
  readonly #oddValues = new Map<number, Buffer>();

  constructor(
    private readonly peers: PeerRows,
    private readonly lives: RecordLifetimes,
  ) {
    const hashOf = (row: number): number => hashPair(this.torrentOf(row), this.peerOf(row));
    this.#index = new HashIndex({ slab: this.slab, linkWord: HASH_LINK, hashOf });
  }

  /** @returns The row, or NONE. */
  find(torrent: number, peer: number): number {
    let row = this.#index.first(hashPair(torrent, peer));
    while (row !== NONE && (this.torrentOf(row) !== torrent || this.peerOf(row) !== peer)) row = this.#index.next(row);
    return row;
  }

  /** A row for an entry that has none yet; `write` its version next. */
  make(torrent: number, peer: number): number {
    const row = this.slab.allocate();
    this.slab.set(row, TORRENT, torrent);
    this.slab.set(row, PEER, peer);
    const next = this.peers.firstEntry(peer);
    this.slab.set(row, PEER_NEXT, next);
    if (next !== NONE) this.slab.set(next, PEER_PREVIOUS, row);
    this.peers.setFirstEntry(peer, row);
    this.#index.add(row, hashPair(torrent, peer));
    return row;
  }

  /** @param row In no list and not filed in the wheel. */
  drop(row: number): void {
    const peer = this.peerOf(row);
    const next = this.nextOfPeer(row);
    const previous = this.slab.get(row, PEER_PREVIOUS);
    if (previous === NONE) this.peers.setFirstEntry(peer, next);
    else this.slab.set(previous, PEER_NEXT, next);
    if (next !== NONE) this.slab.set(next, PEER_PREVIOUS, previous);
    this.#index.remove(row, hashPair(this.torrentOf(row), peer));
    if (this.#is(row, IS_ODD)) this.#oddValues.delete(row);
    this.slab.free(row);
  }

  /** @param leaf Of its key in the digests, 0 to 15: kept so that a leaf of a large slot is found without its keys. */
  write(row: number, { clock, serveUntilMs, origin, isDead, recordClass, value }: ClusterRecord, leaf: number): void {
    const isOdd = isDead ? value.length > 0 : value.length !== 1;
    this.slab.setDouble(row, CLOCK, clock);
    this.slab.setDouble(row, SERVE_UNTIL, serveUntilMs);
    this.slab.set(row, ORIGIN_LOW, origin);
    const flags = (isDead ? IS_DEAD : 0) | (recordClass === 'durable' ? IS_DURABLE : 0) | (isOdd ? IS_ODD : 0);
    if (isOdd) this.#oddValues.set(row, Buffer.from(value));
    else if (this.#is(row, IS_ODD)) this.#oddValues.delete(row);
    const state = ((origin / 0x1_0000_0000) << 16) | (leaf << LEAF_SHIFT) | flags | (value[0] ?? 0);
    this.slab.set(row, STATE, state);
  }

  torrentOf(row: number): number {
    return this.slab.get(row, TORRENT);
  }

  peerOf(row: number): number {
    return this.slab.get(row, PEER);
  }

  nextOfPeer(row: number): number {
    return this.slab.get(row, PEER_NEXT);
  }

  leafOf(row: number): number {
    return (this.slab.get(row, STATE) >>> LEAF_SHIFT) & LEAF_MASK;
  }

  clockOf(row: number): number {
    return this.slab.getDouble(row, CLOCK);
  }

  serveUntilMs(row: number): number {
    return this.slab.getDouble(row, SERVE_UNTIL);
  }

  isComplete(row: number): boolean {
    return this.#is(row, IS_COMPLETE);
  }

  isPromised(row: number): boolean {
    return this.#is(row, IS_PROMISED);
  }

  setPromised(row: number): void {
    this.slab.set(row, STATE, this.slab.get(row, STATE) | IS_PROMISED);
  }

  /** Whether readers see it: it is alive, within its time, and not older than the present life of its peer. */
  isServed(row: number, nowMs: number): boolean {
    if (this.#is(row, IS_DEAD) || nowMs >= this.serveUntilMs(row)) return false;
    return this.clockOf(row) >= this.peers.floorOf(this.peerOf(row));
  }

  versionOf(row: number): Pick<ClusterRecord, 'clock' | 'origin' | 'isDead'> {
    const state = this.slab.get(row, STATE);
    const origin = (state >>> 16) * 0x1_0000_0000 + this.slab.get(row, ORIGIN_LOW);
    return { clock: this.clockOf(row), origin, isDead: (state & IS_DEAD) !== 0 };
  }

  purgeAtMs(row: number): number {
    const isDead = this.#is(row, IS_DEAD);
    const recordClass = this.#is(row, IS_DURABLE) ? 'durable' : 'soft';
    return purgeAtMs({ recordClass, clock: this.clockOf(row), isDead }, this.lives);
  }

  /** The record of the row, with a key and a slot that the caller knows. */
  recordOf(row: number, key: Buffer, slot: number): ClusterRecord {
    return {
      key,
      slot,
      recordClass: this.#is(row, IS_DURABLE) ? 'durable' : 'soft',
      ...this.versionOf(row),
      serveUntilMs: this.serveUntilMs(row),
      value: this.#valueOf(row),
    };
  }

  #valueOf(row: number): Buffer {
    if (this.#is(row, IS_ODD)) return this.#oddValues.get(row) ?? EMPTY;
    return this.#is(row, IS_DEAD) ? EMPTY : (VALUES[this.slab.get(row, STATE) & 0xff] as Buffer);
  }

  #is(row: number, flag: number): boolean {
    return (this.slab.get(row, STATE) & flag) !== 0;
  }
}
