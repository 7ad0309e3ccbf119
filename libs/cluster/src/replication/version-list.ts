import { ClusterMessageInvalidError } from '../membership/errors.js';
import { readDigest, type SlotStanding, writeDigest } from './digest-codec.js';
import { type Digest, type KeyHash, leafCountOf, type VersionStamp } from './digest-tree.js';
import { SLOTS_MAX, TRANSFER_KEYS_MAX, VERSION_LIST_MAX, VERSION_PARTS_MAX } from './limits.js';
import { PackedReader, PackedWriter } from './packed.js';

/** Which version of a key a tracker holds, without the record. */
export interface RecordVersion extends VersionStamp {
  readonly hash: KeyHash;
}

/** Versions of one leaf; of a long one only the keys whose hash falls into `part` of `partCount`. */
export interface VersionList {
  readonly slot: number;
  readonly exchange: number;
  readonly leaf: number;
  readonly part: number;
  readonly partCount: number;
  readonly versions: readonly RecordVersion[];
}

/** The lists of a slot are told. */
export interface VersionsEnd extends SlotStanding {
  readonly slot: number;
  readonly exchange: number;
  /** Leaves of which the receiver has nothing come as records: wait for their end. */
  readonly isStreaming: boolean;
  /** Of the slot, while the lists were made. */
  readonly digest: Digest;
}

export interface VersionLists {
  readonly lists: readonly VersionList[];
  readonly ends: readonly VersionsEnd[];
}

export interface FetchList {
  readonly slot: number;
  readonly exchange: number;
  readonly leaf: number;
  /** The last list of its slot: tell when it is sent. */
  readonly isLast: boolean;
  readonly hashes: readonly KeyHash[];
}

/** Bytes of one version in a list. */
export const VERSION_SIZE = 23;
const IS_OWNER = 1;
const IS_SYNCED = 2;
const IS_STREAMING = 4;

/** A key hash as one number. It has room for 53 of the 64 bits; within a leaf that tells keys apart as well. */
export function hashNumber({ high, low }: KeyHash): number {
  return high * 0x20_0000 + (low >>> 11);
}

/** The part of a long list a key belongs to. */
export function partOf({ high }: KeyHash, partCount: number): number {
  return high % partCount;
}

export function encodeVersions({ lists, ends }: VersionLists): Buffer {
  const writer = new PackedWriter().u32(lists.length);
  for (const list of lists) {
    writer
      .u16(list.slot)
      .u32(list.exchange)
      .u16(list.leaf)
      .u16(list.part)
      .u16(list.partCount)
      .u32(list.versions.length);
    for (const { hash, clock, origin, isDead } of list.versions) {
      writer
        .u32(hash.high)
        .u32(hash.low)
        .f64(clock)
        .u48(origin)
        .u8(isDead ? 1 : 0);
    }
  }
  writer.u32(ends.length);
  for (const end of ends) {
    const flags = (end.isOwner ? IS_OWNER : 0) | (end.isSynced ? IS_SYNCED : 0) | (end.isStreaming ? IS_STREAMING : 0);
    writer.u16(end.slot).u32(end.exchange).u8(flags);
    writeDigest(writer, end.digest);
  }
  return writer.take();
}

/** @throws ClusterMessageInvalidError */
export function decodeVersions(bytes: Buffer): VersionLists {
  const reader = new PackedReader(bytes);
  const lists: VersionList[] = [];
  for (let left = reader.count(bytes.length, 16); left > 0; left -= 1) lists.push(readList(reader));
  const ends: VersionsEnd[] = [];
  for (let left = reader.count(SLOTS_MAX, 19); left > 0; left -= 1) {
    const [slot, exchange, flags] = [reader.slot(), reader.u32(), reader.u8()];
    ends.push({
      slot,
      exchange,
      isOwner: (flags & IS_OWNER) !== 0,
      isSynced: (flags & IS_SYNCED) !== 0,
      isStreaming: (flags & IS_STREAMING) !== 0,
      digest: readDigest(reader),
    });
  }
  if (!reader.isAtEnd) throw new ClusterMessageInvalidError('bytes follow its end');
  return { lists, ends };
}

export function encodeFetch(lists: readonly FetchList[]): Buffer {
  const writer = new PackedWriter().u32(lists.length);
  for (const { slot, exchange, leaf, isLast, hashes } of lists) {
    writer
      .u16(slot)
      .u32(exchange)
      .u16(leaf)
      .u8(isLast ? 1 : 0)
      .u32(hashes.length);
    for (const { high, low } of hashes) writer.u32(high).u32(low);
  }
  return writer.take();
}

/** @throws ClusterMessageInvalidError */
export function decodeFetch(bytes: Buffer): readonly FetchList[] {
  const reader = new PackedReader(bytes);
  const lists: FetchList[] = [];
  for (let left = reader.count(bytes.length, 13); left > 0; left -= 1) {
    const [slot, exchange] = [reader.slot(), reader.u32()];
    const leaf = readLeaf(reader, slot);
    const isLast = reader.u8() === 1;
    const hashes: KeyHash[] = [];
    for (let keys = reader.count(TRANSFER_KEYS_MAX, 8); keys > 0; keys -= 1) {
      hashes.push({ high: reader.u32(), low: reader.u32() });
    }
    lists.push({ slot, exchange, leaf, isLast, hashes });
  }
  if (!reader.isAtEnd) throw new ClusterMessageInvalidError('bytes follow its end');
  return lists;
}

function readList(reader: PackedReader): VersionList {
  const [slot, exchange] = [reader.slot(), reader.u32()];
  const leaf = readLeaf(reader, slot);
  const [part, partCount] = [reader.u16(), reader.u16()];
  if (partCount === 0 || partCount > VERSION_PARTS_MAX || part >= partCount) {
    throw new ClusterMessageInvalidError('a list in it is no part of a leaf');
  }
  const versions: RecordVersion[] = [];
  for (let left = reader.count(VERSION_LIST_MAX * 2, VERSION_SIZE); left > 0; left -= 1) {
    const hash = { high: reader.u32(), low: reader.u32() };
    versions.push({ hash, clock: reader.clock(), origin: reader.u48(), isDead: reader.u8() === 1 });
  }
  return { slot, exchange, leaf, part, partCount, versions };
}

function readLeaf(reader: PackedReader, slot: number): number {
  const leaf = reader.u16();
  if (leaf >= leafCountOf(slot)) throw new ClusterMessageInvalidError(`there is no leaf ${leaf}`);
  return leaf;
}
