import type { TrackerId } from '../record.js';
import {
  decodeGroups,
  decodeLeaves,
  decodeSlotDigests,
  encodeSlotDigests,
  GROUP_SIZE,
  type GroupDigest,
  isSameDigest,
  type SlotDigest,
  type SlotLeaves,
} from './digest-codec.js';
import type { Digest } from './digest-tree.js';
import { BATCH_SIZE_TARGET, VERSION_LIST_MAX, VERSION_PARTS_MAX } from './limits.js';
import { isNearlyOver } from './nearly-over.js';
import type { ReplicationContext } from './replication-context.js';
import {
  decodeFetch,
  encodeVersions,
  partOf,
  type RecordVersion,
  VERSION_SIZE,
  type VersionList,
  type VersionsEnd,
} from './version-list.js';

/** Answers the questions of the tracker that compares: what do you have. */
export class SlotServer {
  constructor(private readonly context: ReplicationContext) {}

  groups(from: TrackerId, bytes: Buffer): void {
    const { send } = this.context;
    const differing = decodeGroups(bytes).filter((group) => !isSameDigest(group, this.#sumOf(group)));
    const slots = differing.flatMap((group) => slotsOf(group)).map((slot) => this.digestOf(slot));
    if (slots.length > 0) send(from, { kind: 'slots', slots: encodeSlotDigests(slots) });
  }

  ask(from: TrackerId, bytes: Buffer): void {
    const slots = decodeSlotDigests(bytes).map(({ slot }) => this.digestOf(slot));
    this.context.send(from, { kind: 'slots', slots: encodeSlotDigests(slots) });
  }

  /** Of each leaf that differs: the records, if the other has none of it, else which versions are here. */
  leaves(from: TrackerId, bytes: Buffer): void {
    let lists: VersionList[] = [];
    let ends: VersionsEnd[] = [];
    let size = 0;
    const flush = (): void => {
      if (lists.length + ends.length > 0)
        this.context.send(from, { kind: 'versions', lists: encodeVersions({ lists, ends }) });
      [lists, ends, size] = [[], [], 0];
    };
    for (const theirs of decodeLeaves(bytes)) {
      const { table, states } = this.context;
      const isStreaming = this.#stream(from, theirs);
      for (const list of this.#listsOf(theirs)) {
        lists.push(list);
        size += list.versions.length * VERSION_SIZE;
        if (size >= BATCH_SIZE_TARGET) flush();
      }
      ends.push({
        slot: theirs.slot,
        exchange: theirs.exchange,
        ...states.standing(theirs.slot),
        isStreaming,
        digest: table.digests.slot(theirs.slot),
      });
    }
    flush();
  }

  fetch(from: TrackerId, bytes: Buffer): void {
    const transfers = this.context.transfersTo(from);
    /** Slots of which something was left out, for want of room. */
    const incomplete = new Set<number>();
    for (const { slot, exchange, leaf, hashes, isLast } of decodeFetch(bytes)) {
      if (!transfers.addKeys(slot, leaf, hashes)) incomplete.add(slot);
      if (isLast) transfers.addEnd({ slot, exchange, isComplete: !incomplete.has(slot) });
    }
  }

  digestOf(slot: number): SlotDigest {
    return { slot, ...this.context.states.standing(slot), ...this.context.table.digests.slot(slot) };
  }

  /** @returns Whether leaves of the slot are on their way, with an end to tell when they have come. */
  #stream(from: TrackerId, { slot, exchange, leaves }: SlotLeaves): boolean {
    const { table, transfersTo } = this.context;
    const wanted = leaves.flatMap(({ count }, leaf) =>
      count === 0 && table.digests.leaf(slot, leaf).count > 0 ? [leaf] : [],
    );
    if (wanted.length === 0) return false;
    const transfers = transfersTo(from);
    const isComplete = wanted.every((leaf) => transfers.addLeaf(slot, leaf));
    transfers.addEnd({ slot, exchange, isComplete });
    return true;
  }

  *#listsOf({ slot, exchange, leaves }: SlotLeaves): Iterable<VersionList> {
    const { table, clock, options } = this.context;
    const nowMs = clock.nowMs();
    for (const [leaf, theirs] of leaves.entries()) {
      if (theirs.count === 0 || isSameDigest(theirs, table.digests.leaf(slot, leaf))) continue;
      const versions: RecordVersion[] = [];
      for (const record of table.records(slot, leaf)) {
        if (isNearlyOver(record, options.lives, nowMs)) continue;
        const { key, clock: stamp, origin, isDead } = record;
        versions.push({ hash: table.digests.keyHash(key), clock: stamp, origin, isDead });
      }
      yield* inParts({ slot, exchange, leaf }, versions);
    }
  }

  #sumOf(group: GroupDigest): Digest {
    return sumDigests(this.context, slotsOf(group));
  }
}

/** The slots a group digest is about. */
function slotsOf({ group, maskLow, maskHigh }: GroupDigest): readonly number[] {
  const slots: number[] = [];
  for (let at = 0; at < GROUP_SIZE; at += 1) {
    const bit = at < 32 ? (maskLow >>> at) & 1 : (maskHigh >>> (at - 32)) & 1;
    if (bit === 1) slots.push(group * GROUP_SIZE + at);
  }
  return slots;
}

/** Of the records of several slots together. */
export function sumDigests({ table: { digests } }: ReplicationContext, slots: readonly number[]): Digest {
  let [count, high, low] = [0, 0, 0];
  for (const slot of slots) {
    count += digests.countOf(slot);
    high ^= digests.highOf(slot);
    low ^= digests.lowOf(slot);
  }
  return { count: count >>> 0, high: high >>> 0, low: low >>> 0 };
}

function* inParts(
  whose: Pick<VersionList, 'slot' | 'exchange' | 'leaf'>,
  versions: readonly RecordVersion[],
): Iterable<VersionList> {
  const partCount = Math.min(VERSION_PARTS_MAX, Math.ceil(versions.length / VERSION_LIST_MAX));
  if (partCount <= 1) return yield { ...whose, part: 0, partCount: 1, versions };
  for (let part = 0; part < partCount; part += 1) {
    yield { ...whose, part, partCount, versions: versions.filter(({ hash }) => partOf(hash, partCount) === part) };
  }
}
