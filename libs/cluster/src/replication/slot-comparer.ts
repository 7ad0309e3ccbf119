import type { ClusterRecord, TrackerId } from '../record.js';
import {
  decodeEnds,
  decodeSlotDigests,
  encodeLeaves,
  type SlotDigest,
  type SlotLeaves,
  type SlotStanding,
} from './digest-codec.js';
import { type Digest, leafCountOf, type VersionStamp } from './digest-tree.js';
import { EXCHANGES_PER_PEER_MAX } from './limits.js';
import { isNearlyOver } from './nearly-over.js';
import type { ReplicationContext } from './replication-context.js';
import {
  decodeVersions,
  encodeFetch,
  type FetchList,
  hashNumber,
  partOf,
  type VersionList,
  type VersionsEnd,
} from './version-list.js';

/** Without an answer for so long a message was lost, unless records of the other are on their way before it. */
const PATIENCE_MS = 3_000;

/** However much is on its way. */
const PATIENCE_MAX_MS = 30_000;

/** Keys in one message: 8 bytes each, 400 KB. */
const FETCH_KEYS_MAX = 50_000;

/** One slot, being compared with one other tracker. */
interface Exchange {
  readonly slot: number;
  /** Tells its answers from late ones to an earlier exchange. */
  readonly number: number;
  readonly startedAtMs: number;
  readonly fetches: FetchList[];
  /** What the other held, once it has told all. */
  held: (Digest & SlotStanding) | undefined;
  /** Streams that have not ended: the one of empty leaves, the one that was asked for. */
  endsLeft: number;
  /** Something that should have come did not, or was refused. */
  isFailed: boolean;
}

interface PeerExchanges {
  readonly bySlot: Map<number, Exchange>;
  /** When it last sent records. */
  pushedAtMs: number;
}

/** All that a tracker held of a slot, when it had this digest, is held here too. */
export type OnCovered = (from: TrackerId, slot: number, held: Digest & SlotStanding) => void;

/**
 * Compares slots with other trackers: leaves, then versions, then records. What is newer here is pushed to the other; what is
 * newer there is fetched, and when it has come the slot is covered: here is then all the other had when it made its lists,
 * whatever was written meanwhile. The same exchange repairs, fills a new tracker, and confirms that a copy may be dropped.
 */
export class SlotComparer {
  readonly #peers = new Map<TrackerId, PeerExchanges>();
  #exchangeNumber = 0;

  constructor(
    private readonly context: ReplicationContext,
    private readonly onCovered: OnCovered,
  ) {}

  /** Slots being compared. */
  get exchangeCount(): number {
    let count = 0;
    for (const { bySlot } of this.#peers.values()) count += bySlot.size;
    return count;
  }

  isComparing(peer: TrackerId, slot: number): boolean {
    return this.#peers.get(peer)?.bySlot.has(slot) ?? false;
  }

  /** The digests of another came: covers what is equal, and compares what is not, as far as there is room. */
  slots(from: TrackerId, bytes: Buffer): void {
    this.compare(from, decodeSlotDigests(bytes));
  }

  compare(from: TrackerId, slots: readonly SlotDigest[]): void {
    const { table, clock } = this.context;
    const peer = this.#peer(from);
    const leaves: SlotLeaves[] = [];
    for (const theirs of slots) {
      const { slot } = theirs;
      if (table.digests.isEqual(slot, theirs)) this.onCovered(from, slot, theirs);
      else if (peer.bySlot.size < EXCHANGES_PER_PEER_MAX && !peer.bySlot.has(slot)) {
        const { number } = this.#begin(peer, slot, clock.monotonicMs());
        leaves.push({ slot, exchange: number, leaves: leavesOf(table.digests, slot) });
      }
    }
    if (leaves.length > 0) this.context.send(from, { kind: 'leaves', leaves: encodeLeaves(leaves) });
  }

  /** The other told which versions it has. */
  versions(from: TrackerId, bytes: Buffer): void {
    const peer = this.#peer(from);
    const { lists, ends } = decodeVersions(bytes);
    for (const list of lists) {
      const exchange = peer.bySlot.get(list.slot);
      if (exchange?.number === list.exchange) this.#compareList(from, exchange, list);
    }
    const fetches: FetchList[] = [];
    for (const end of ends) {
      const exchange = peer.bySlot.get(end.slot);
      if (exchange?.number === end.exchange) fetches.push(...this.#endLists(from, exchange, end));
    }
    this.#fetch(from, fetches);
  }

  /** Records came, and were taken but for those of `refusedSlots`; some slots are complete with them. */
  pushed(from: TrackerId, endBytes: Buffer, refusedSlots: readonly number[]): void {
    const peer = this.#peers.get(from);
    if (peer === undefined) return;
    peer.pushedAtMs = this.context.clock.monotonicMs();
    for (const slot of refusedSlots) {
      const exchange = peer.bySlot.get(slot);
      if (exchange !== undefined) exchange.isFailed = true;
    }
    for (const { slot, exchange: number, isComplete } of decodeEnds(endBytes)) {
      const exchange = peer.bySlot.get(slot);
      if (exchange?.number !== number) continue;
      exchange.endsLeft -= 1;
      if (!isComplete) exchange.isFailed = true;
      this.#endIfDone(from, exchange);
    }
  }

  /** Forgets exchanges with those who are gone or silent. */
  tick(): void {
    const { clock, view } = this.context;
    const nowMs = clock.monotonicMs();
    for (const [id, { bySlot, pushedAtMs }] of this.#peers) {
      const health = view.member(id)?.health;
      if (health === undefined || health === 'dead' || health === 'left') this.#peers.delete(id);
      for (const { slot, startedAtMs } of bySlot.values()) {
        const isLost = nowMs - Math.max(startedAtMs, pushedAtMs) > PATIENCE_MS || nowMs - startedAtMs > PATIENCE_MAX_MS;
        if (isLost) bySlot.delete(slot);
      }
    }
  }

  #peer(id: TrackerId): PeerExchanges {
    let peer = this.#peers.get(id);
    if (peer === undefined) this.#peers.set(id, (peer = { bySlot: new Map(), pushedAtMs: 0 }));
    return peer;
  }

  #begin({ bySlot }: PeerExchanges, slot: number, startedAtMs: number): Exchange {
    this.#exchangeNumber = (this.#exchangeNumber + 1) >>> 0;
    const number = this.#exchangeNumber;
    const exchange = { slot, number, startedAtMs, fetches: [], held: undefined, endsLeft: 0, isFailed: false };
    bySlot.set(slot, exchange);
    return exchange;
  }

  #compareList(from: TrackerId, exchange: Exchange, { slot, leaf, part, partCount, versions }: VersionList): void {
    const mine = this.#versionsHere(slot, leaf, part, partCount);
    const missing = versions.filter((theirs) => {
      const number = hashNumber(theirs.hash);
      const record = mine.get(number);
      if (record !== undefined && compareStamps(record, theirs) >= 0) {
        if (compareStamps(record, theirs) === 0) mine.delete(number);
        return false;
      }
      mine.delete(number);
      return true;
    });
    if (missing.length > 0) {
      exchange.fetches.push({
        slot,
        exchange: exchange.number,
        leaf,
        isLast: false,
        hashes: missing.map(({ hash }) => hash),
      });
    }
    if (mine.size > 0 && this.#isKeeper(from, slot)) {
      const hashes = [...mine.values()].map(({ key }) => this.context.table.digests.keyHash(key));
      this.context.transfersTo(from).addKeys(slot, leaf, hashes);
    }
  }

  /** Whoever only offers a slot, to be rid of it, must not be filled. */
  #isKeeper(id: TrackerId, slot: number): boolean {
    const { view } = this.context;
    return view.owners(slot).includes(id) || view.pendingOwners(slot).includes(id);
  }

  #versionsHere(slot: number, leaf: number, part: number, partCount: number): Map<number, ClusterRecord> {
    const { table, options, clock } = this.context;
    const nowMs = clock.nowMs();
    const mine = new Map<number, ClusterRecord>();
    for (const record of table.records(slot, leaf)) {
      const hash = table.digests.keyHash(record.key);
      if (partOf(hash, partCount) === part && !isNearlyOver(record, options.lives, nowMs)) {
        mine.set(hashNumber(hash), record);
      }
    }
    return mine;
  }

  /** All lists of a slot are here. @returns What is to be fetched. */
  #endLists(
    from: TrackerId,
    exchange: Exchange,
    { isStreaming, digest, isOwner, isSynced }: VersionsEnd,
  ): readonly FetchList[] {
    exchange.held = { ...digest, isOwner, isSynced };
    exchange.endsLeft += (isStreaming ? 1 : 0) + (exchange.fetches.length > 0 ? 1 : 0);
    this.#endIfDone(from, exchange);
    return exchange.fetches.map((fetch, at) =>
      at === exchange.fetches.length - 1 ? { ...fetch, isLast: true } : fetch,
    );
  }

  /** In messages of bounded size, the order kept. */
  #fetch(from: TrackerId, fetches: readonly FetchList[]): void {
    let lists: FetchList[] = [];
    let keyCount = 0;
    for (const fetch of fetches) {
      lists.push(fetch);
      keyCount += fetch.hashes.length;
      if (keyCount < FETCH_KEYS_MAX) continue;
      this.context.send(from, { kind: 'fetch', keys: encodeFetch(lists) });
      [lists, keyCount] = [[], 0];
    }
    if (lists.length > 0) this.context.send(from, { kind: 'fetch', keys: encodeFetch(lists) });
  }

  #endIfDone(from: TrackerId, exchange: Exchange): void {
    const { slot, held, endsLeft, isFailed } = exchange;
    if (held === undefined || endsLeft > 0) return;
    this.#peers.get(from)?.bySlot.delete(slot);
    if (!isFailed) this.onCovered(from, slot, held);
  }
}

function compareStamps(one: VersionStamp, other: VersionStamp): number {
  return one.clock - other.clock || one.origin - other.origin || Number(one.isDead) - Number(other.isDead);
}

function leavesOf(digests: ReplicationContext['table']['digests'], slot: number): readonly Digest[] {
  const leaves: Digest[] = [];
  for (let leaf = 0; leaf < leafCountOf(slot); leaf += 1) leaves.push(digests.leaf(slot, leaf));
  return leaves;
}
