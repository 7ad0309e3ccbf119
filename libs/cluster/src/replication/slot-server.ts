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
import { BATCH_SIZE_TARGET, LIST_JOBS_MAX, LIST_LOOKS_MAX, VERSION_LIST_MAX, VERSION_PARTS_MAX } from './limits.js';
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

/** A slot whose lists another tracker waits for. */
interface ListJob {
  readonly to: TrackerId;
  readonly theirs: SlotLeaves;
  readonly end: VersionsEnd;
  /** The first leaf that was not looked at. */
  leaf: number;
}

/** Answers the questions of the tracker that compares: what do you have. */
export class SlotServer {
  #jobs: ListJob[] = [];

  constructor(private readonly context: ReplicationContext) {}

  /** Slots whose lists are not all made. */
  get jobCount(): number {
    return this.#jobs.length;
  }

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

  /**
   * Of each leaf that differs: the records, if the other has none of it, else which versions are here. Lists of large leaves
   * are made with the next ticks.
   */
  leaves(from: TrackerId, bytes: Buffer): void {
    const { table, states } = this.context;
    for (const theirs of decodeLeaves(bytes)) {
      if (this.#jobs.length >= LIST_JOBS_MAX) break;
      const { slot, exchange } = theirs;
      // All that is held now is in the lists, however late they are made; what comes meanwhile may be missing in them.
      const end = { slot, exchange, ...states.standing(slot), digest: table.digests.slot(slot) };
      this.#jobs.push({ to: from, theirs, leaf: 0, end: { ...end, isStreaming: this.#stream(from, theirs) } });
    }
    this.#makeLists();
  }

  tick(): void {
    if (this.#jobs.length > 0) this.#makeLists();
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

  /** As many lists as one tick may look for; what others asked for first comes first. */
  #makeLists(): void {
    let looksLeft = LIST_LOOKS_MAX;
    let done = 0;
    let letter: VersionsLetter | undefined;
    for (const job of this.#jobs) {
      if (letter?.to !== job.to) {
        letter?.send();
        letter = new VersionsLetter(job.to, this.context);
      }
      const { slot, leaves } = job.theirs;
      for (; looksLeft > 0 && job.leaf < leaves.length; job.leaf += 1) {
        if (!this.#isListed(job)) continue;
        looksLeft -= this.context.table.digests.leaf(slot, job.leaf).count;
        for (const list of this.#listsOf(job)) letter.add(list);
      }
      if (job.leaf < leaves.length) break;
      letter.end(job.end);
      done += 1;
    }
    letter?.send();
    this.#jobs = done === this.#jobs.length ? [] : this.#jobs.slice(done);
  }

  /** Whether both have something of the leaf, and not the same. */
  #isListed({ theirs: { slot, leaves }, leaf }: ListJob): boolean {
    const theirs = leaves[leaf];
    return (
      theirs !== undefined && theirs.count > 0 && !isSameDigest(theirs, this.context.table.digests.leaf(slot, leaf))
    );
  }

  #listsOf({ theirs: { slot, exchange }, leaf }: ListJob): Iterable<VersionList> {
    const { table, clock, options } = this.context;
    const nowMs = clock.nowMs();
    const versions: RecordVersion[] = [];
    for (const record of table.records(slot, leaf)) {
      if (isNearlyOver(record, options.lives, nowMs)) continue;
      const { key, clock: stamp, origin, isDead } = record;
      versions.push({ hash: table.digests.keyHash(key), clock: stamp, origin, isDead });
    }
    return inParts({ slot, exchange, leaf }, versions);
  }

  #sumOf(group: GroupDigest): Digest {
    return sumDigests(this.context, slotsOf(group));
  }
}

/** Lists for one other tracker, in messages of a bounded size. */
class VersionsLetter {
  #lists: VersionList[] = [];
  #ends: VersionsEnd[] = [];
  #size = 0;

  constructor(
    readonly to: TrackerId,
    private readonly context: ReplicationContext,
  ) {}

  add(list: VersionList): void {
    this.#lists.push(list);
    this.#size += list.versions.length * VERSION_SIZE;
    if (this.#size >= BATCH_SIZE_TARGET) this.send();
  }

  /** Comes with or after all lists that were added before it. */
  end(end: VersionsEnd): void {
    this.#ends.push(end);
  }

  send(): void {
    if (this.#lists.length + this.#ends.length === 0) return;
    const lists = encodeVersions({ lists: this.#lists, ends: this.#ends });
    this.context.send(this.to, { kind: 'versions', lists });
    [this.#lists, this.#ends, this.#size] = [[], [], 0];
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
