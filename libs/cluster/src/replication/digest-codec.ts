import { ClusterMessageInvalidError } from '../membership/errors.js';
import { SLOT_COUNT } from '../placement/slot.js';
import { type Digest, leafCountOf } from './digest-tree.js';
import { EXCHANGES_PER_PEER_MAX, SLOTS_MAX } from './limits.js';
import { PackedReader, PackedWriter } from './packed.js';

/** Slots next to each other that are compared together first: 257 groups, 5.5 KB when nothing differs. */
export const GROUP_SIZE = 64;

export const GROUP_COUNT = SLOT_COUNT / GROUP_SIZE + 1;

/** What the sender is to a slot. */
export interface SlotStanding {
  /** Active, and one of the owners in its own view. */
  readonly isOwner: boolean;
  /** Its "not found" can be believed. */
  readonly isSynced: boolean;
}

export interface SlotDigest extends Digest, SlotStanding {
  readonly slot: number;
}

/** Some slots of a group, and the sum of their digests. */
export interface GroupDigest extends Digest {
  /** 0 to GROUP_COUNT - 1; slots GROUP_SIZE * group and on. */
  readonly group: number;
  /** Which of the slots: the first 32 of them, lowest bit first, and the others. */
  readonly maskLow: number;
  readonly maskHigh: number;
}

export interface SlotLeaves {
  readonly slot: number;
  /** Number of the exchange, repeated in all that answers it. */
  readonly exchange: number;
  readonly leaves: readonly Digest[];
}

/** A slot of which all was sent that was asked for; not all when the sender has too much to do. */
export interface SlotEnd {
  readonly slot: number;
  readonly exchange: number;
  readonly isComplete: boolean;
}

const DIGEST_SIZE = 12;
/** Slot, exchange, and the digests of 16 leaves. */
const LEAVES_SIZE_MIN = 6 + 16 * DIGEST_SIZE;

const IS_OWNER = 1;
const IS_SYNCED = 2;

export function encodeSlotDigests(slots: readonly SlotDigest[]): Buffer {
  const writer = new PackedWriter(4 + slots.length * 15).u32(slots.length);
  for (const slot of slots) {
    writer.u16(slot.slot).u8((slot.isOwner ? IS_OWNER : 0) | (slot.isSynced ? IS_SYNCED : 0));
    writeDigest(writer, slot);
  }
  return writer.take();
}

/** @throws ClusterMessageInvalidError, as all here that decode */
export function decodeSlotDigests(bytes: Buffer): readonly SlotDigest[] {
  return decodeList(bytes, SLOTS_MAX, 15, (reader) => {
    const slot = reader.slot();
    const flags = reader.u8();
    const digest = readDigest(reader);
    return { slot, isOwner: (flags & IS_OWNER) !== 0, isSynced: (flags & IS_SYNCED) !== 0, ...digest };
  });
}

export function encodeGroups(groups: readonly GroupDigest[]): Buffer {
  const writer = new PackedWriter(4 + groups.length * 22).u32(groups.length);
  for (const group of groups) {
    writer.u16(group.group).u32(group.maskLow).u32(group.maskHigh);
    writeDigest(writer, group);
  }
  return writer.take();
}

export function decodeGroups(bytes: Buffer): readonly GroupDigest[] {
  return decodeList(bytes, GROUP_COUNT, 22, (reader) => {
    const group = reader.u16();
    const [maskLow, maskHigh] = [reader.u32(), reader.u32()];
    const isLast = group === GROUP_COUNT - 1;
    if (group >= GROUP_COUNT || (isLast && (maskLow > 1 || maskHigh > 0))) {
      throw new ClusterMessageInvalidError('it names slots that there are not');
    }
    return { group, maskLow, maskHigh, ...readDigest(reader) };
  });
}

export function encodeLeaves(slots: readonly SlotLeaves[]): Buffer {
  const writer = new PackedWriter(4 + slots.length * LEAVES_SIZE_MIN).u32(slots.length);
  for (const { slot, exchange, leaves } of slots) {
    writer.u16(slot).u32(exchange);
    for (const leaf of leaves) writeDigest(writer, leaf);
  }
  return writer.take();
}

export function decodeLeaves(bytes: Buffer): readonly SlotLeaves[] {
  return decodeList(bytes, EXCHANGES_PER_PEER_MAX, LEAVES_SIZE_MIN, (reader) => {
    const [slot, exchange] = [reader.slot(), reader.u32()];
    const leaves: Digest[] = [];
    for (let left = leafCountOf(slot); left > 0; left -= 1) leaves.push(readDigest(reader));
    return { slot, exchange, leaves };
  });
}

export function encodeEnds(ends: readonly SlotEnd[]): Buffer {
  const writer = new PackedWriter(4 + ends.length * 7).u32(ends.length);
  for (const { slot, exchange, isComplete } of ends)
    writer
      .u16(slot)
      .u32(exchange)
      .u8(isComplete ? 1 : 0);
  return writer.take();
}

export function decodeEnds(bytes: Buffer): readonly SlotEnd[] {
  return decodeList(bytes, 2 * SLOTS_MAX, 7, (reader) => {
    return { slot: reader.slot(), exchange: reader.u32(), isComplete: reader.u8() === 1 };
  });
}

export function writeDigest(writer: PackedWriter, { count, high, low }: Digest): void {
  writer.u32(count).u32(high).u32(low);
}

export function readDigest(reader: PackedReader): Digest {
  return { count: reader.u32(), high: reader.u32(), low: reader.u32() };
}

export function isSameDigest(one: Digest, other: Digest): boolean {
  return one.count === other.count && one.high === other.high && one.low === other.low;
}

function decodeList<Item>(
  bytes: Buffer,
  max: number,
  sizeEach: number,
  read: (reader: PackedReader) => Item,
): readonly Item[] {
  const reader = new PackedReader(bytes);
  const items: Item[] = [];
  for (let left = reader.count(max, sizeEach); left > 0; left -= 1) items.push(read(reader));
  if (!reader.isAtEnd) throw new ClusterMessageInvalidError('bytes follow its end');
  return items;
}
