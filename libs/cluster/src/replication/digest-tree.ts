import { EVERYWHERE, SLOT_COUNT } from '../placement/slot.js';

/** Parts of a slot that are compared one by one. */
const LEAF_COUNT = 16;

/** The slot of what everybody keeps holds as much as thousands of others, so it has more parts. */
const EVERYWHERE_LEAF_COUNT = 1024;

const LEAF_COUNT_ALL = SLOT_COUNT * LEAF_COUNT + EVERYWHERE_LEAF_COUNT;

/** 64 bits that all trackers of a cluster share and nobody else knows: without them records that cancel out can be made up. */
export interface DigestSeed {
  readonly high: number;
  readonly low: number;
}

/** 64 bits of a key, unsigned halves. */
export interface KeyHash {
  readonly high: number;
  readonly low: number;
}

/** A set of records in 12 bytes: how many, and all their hashes XORed. */
export interface Digest {
  readonly count: number;
  readonly high: number;
  readonly low: number;
}

/** What makes a version different from another of the same key. */
export interface VersionStamp {
  readonly clock: number;
  readonly origin: number;
  readonly isDead: boolean;
}

/** How many leaves a slot has. */
export function leafCountOf(slot: number): number {
  return slot === EVERYWHERE ? EVERYWHERE_LEAF_COUNT : LEAF_COUNT;
}

/** The leaf of a key within its slot, 0 to `leafCountOf(slot)` - 1. */
export function leafOf(slot: number, hash: KeyHash): number {
  return hash.low & (leafCountOf(slot) - 1);
}

/** Two lanes of multiply and rotate over the words of the key, then a finish that lets every bit reach every other. */
export function keyHashOf(key: Buffer, seed: DigestSeed): KeyHash {
  let one = seed.high | 0;
  let two = seed.low | 0;
  const whole = key.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const word = key.readInt32LE(at);
    one = Math.imul(rotate(one ^ Math.imul(word, 0xcc9e2d51), 13), 5) + 0x5f356495;
    two = Math.imul(rotate(two + Math.imul(word, 0x1b873593), 17), 9) ^ one;
  }
  if (whole < key.length) {
    const rest = key.readUIntLE(whole, key.length - whole);
    one = Math.imul(rotate(one ^ rest, 11), 0x85ebca77);
    two = Math.imul(rotate(two + rest, 7), 0xc2b2ae3d) ^ one;
  }
  one = mix(one ^ key.length);
  two = mix(two + one);
  return { high: mix(one ^ two) >>> 0, low: two >>> 0 };
}

/**
 * Digests of all slots and their leaves, kept up to date with every change. Two trackers whose digests of a slot are equal
 * hold the same versions of the same keys; adding and removing are exact opposites, in any order.
 */
export class DigestTree {
  /** Three words each: count, high, low. */
  readonly #leaves = new Uint32Array(LEAF_COUNT_ALL * 3);
  readonly #slots = new Uint32Array((SLOT_COUNT + 1) * 3);
  #high = 0;
  #low = 0;

  constructor(readonly seed: DigestSeed) {}

  keyHash(key: Buffer): KeyHash {
    return keyHashOf(key, this.seed);
  }

  /** A record came. @param hash Of its key, by `keyHash`. */
  add(slot: number, hash: KeyHash, version: VersionStamp): void {
    this.#toggle(slot, hash, version, 1);
  }

  /** A record went: exactly as it was added. */
  remove(slot: number, hash: KeyHash, version: VersionStamp): void {
    this.#toggle(slot, hash, version, -1);
  }

  slot(slot: number): Digest {
    return read(this.#slots, slot * 3);
  }

  leaf(slot: number, leaf: number): Digest {
    return read(this.#leaves, (slot * LEAF_COUNT + leaf) * 3);
  }

  /** The same without making an object. */
  countOf(slot: number): number {
    return this.#slots[slot * 3] ?? 0;
  }

  highOf(slot: number): number {
    return this.#slots[slot * 3 + 1] ?? 0;
  }

  lowOf(slot: number): number {
    return this.#slots[slot * 3 + 2] ?? 0;
  }

  isEqual(slot: number, digest: Digest): boolean {
    return this.countOf(slot) === digest.count && this.highOf(slot) === digest.high && this.lowOf(slot) === digest.low;
  }

  /**
   * Counts a slot anew, from all its records.
   * @returns False when the digests were not those of the records; now they are.
   */
  recount(slot: number, records: Iterable<VersionStamp & { readonly key: Buffer }>): boolean {
    const from = slot * LEAF_COUNT * 3;
    const leaves = this.#leaves.subarray(from, from + leafCountOf(slot) * 3);
    const former = leaves.slice();
    leaves.fill(0);
    this.#slots.fill(0, slot * 3, slot * 3 + 3);
    for (const record of records) this.add(slot, this.keyHash(record.key), record);
    return former.every((word, at) => word === leaves[at]);
  }

  #toggle(slot: number, hash: KeyHash, version: VersionStamp, by: 1 | -1): void {
    this.#hash(hash, version);
    change(this.#slots, slot * 3, by, this.#high, this.#low);
    change(this.#leaves, (slot * LEAF_COUNT + leafOf(slot, hash)) * 3, by, this.#high, this.#low);
  }

  /** Into two fields rather than an object: this runs twice for every write. */
  #hash(hash: KeyHash, { clock, origin, isDead }: VersionStamp): void {
    const clockHigh = Math.floor(clock / 0x1_0000_0000);
    const originHigh = Math.floor(origin / 0x1_0000_0000);
    let one = mix(hash.high ^ this.seed.low ^ Math.imul(clock | 0, 0x9e3779b1));
    let two = mix(hash.low ^ this.seed.high ^ Math.imul(origin | 0, 0x85ebca77));
    one = mix(one ^ two ^ Math.imul(clockHigh, 0xc2b2ae3d));
    two = mix(two + one + Math.imul(originHigh, 0x27d4eb2f) + (isDead ? 0x165667b1 : 0));
    this.#high = mix(one + two);
    this.#low = two;
  }
}

function change(words: Uint32Array, at: number, by: 1 | -1, high: number, low: number): void {
  words[at] = (words[at] ?? 0) + by;
  words[at + 1] = (words[at + 1] ?? 0) ^ high;
  words[at + 2] = (words[at + 2] ?? 0) ^ low;
}

function read(words: Uint32Array, at: number): Digest {
  return { count: words[at] ?? 0, high: words[at + 1] ?? 0, low: words[at + 2] ?? 0 };
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** The finalizer of MurmurHash3: every bit of the input changes half of those of the output. */
function mix(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
