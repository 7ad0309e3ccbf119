import {
  type ApplyResult,
  type ClusterRecord,
  compareRecords,
  type DigestTree,
  leafOf,
  purgeAtMs,
  type RecordLifetimes,
  type ReplicaTable,
} from '@panal/cluster';
import { COMPLETE, EntryLists, HIDDEN, INCOMPLETE, type Part } from './entry-lists.js';
import { EntryRows, POSITION, WHEEL_NEXT, WHEEL_PREVIOUS } from './entry-rows.js';
import { FloorQueue } from './floor-queue.js';
import { FLOOR_LOOKS_MAX, PURGE_LOOKS_MAX } from './limits.js';
import { PeerRows } from './peer-rows.js';
import { ENTRY_NAMESPACE_AT, type EntryKeyParts, entryKeyParts, isEntryKey, startEntryKey } from './record-key.js';
import { NONE } from './slab.js';
import type { EntryChange, ServedEntry } from './table-change.js';
import { TimeWheel } from './time-wheel.js';
import { COMPLETE_END, ENTRY_COUNT, SERVED_END, TorrentRows } from './torrent-rows.js';
import type { HashKey } from './word-hash.js';

export interface EntryTableOptions {
  readonly digests: DigestTree;
  readonly lives: RecordLifetimes;
  readonly hashKey: HashKey;
  /** Told of each change, after it. */
  readonly listener: (change: EntryChange) => void;
}

const SERVED: Readonly<Record<Part, ServedEntry | undefined>> = {
  [COMPLETE]: { isComplete: true },
  [INCOMPLETE]: { isComplete: false },
  [HIDDEN]: undefined,
};

/**
 * Entries (who has what) as records in rows outside the JavaScript heap: five million of them cost neither garbage
 * collections nor a pause to grow. Each torrent lists its entries in three parts: complete, incomplete, and what is not
 * served. What is past its time moves to the last part when `purge` meets it.
 */
export class EntryTable implements ReplicaTable {
  readonly digests: DigestTree;
  readonly torrents: TorrentRows;
  readonly peers: PeerRows;
  readonly entries: EntryRows;
  readonly lists: EntryLists;
  readonly #wheel: TimeWheel;
  readonly #floors: FloorQueue;
  /** Until the next purge. Before the first one nobody waits for this table: it is being filled from the disk. */
  #floorLooksLeft = Number.POSITIVE_INFINITY;

  constructor(private readonly options: EntryTableOptions) {
    this.digests = options.digests;
    this.torrents = new TorrentRows(options.hashKey);
    this.peers = new PeerRows(options.hashKey);
    this.entries = new EntryRows(this.peers, options.lives);
    this.#floors = new FloorQueue(this.peers, this.entries);
    const { slab } = this.entries;
    this.lists = new EntryLists({ torrents: this.torrents.slab, entries: slab, positionWord: POSITION });
    this.#wheel = new TimeWheel({
      slab,
      nextWord: WHEEL_NEXT,
      previousWord: WHEEL_PREVIOUS,
      dueAtMs: (row) => this.#dueAtMs(row),
    });
  }

  get recordCount(): number {
    return this.entries.slab.count;
  }

  /** Some entries are counted as served, or as hidden, that no longer are: their peers came or went with many others. */
  get isMoving(): boolean {
    return !this.#floors.isEmpty;
  }

  /** @param record Its key is that of an entry (`isEntryKey`). Its slot is not asked: it follows from the key. */
  apply(record: ClusterRecord, nowMs: number): ApplyResult {
    const parts = entryKeyParts(record.key);
    const torrent = this.torrents.findByKey(record.key, parts);
    const peer = this.peers.find(record.key, parts.peerIdAt);
    const entry = torrent === NONE || peer === NONE ? NONE : this.entries.find(torrent, peer);
    if (entry !== NONE && !this.#isNewer(record, entry)) return 'stale';
    if (purgeAtMs(record, this.options.lives) <= nowMs) return 'expired';

    this.#put(record, entry !== NONE ? entry : this.#make(record.key, parts, torrent), entry === NONE, nowMs);
    return 'applied';
  }

  get(key: Buffer): ClusterRecord | undefined {
    if (!isEntryKey(key)) return undefined;
    const parts = entryKeyParts(key);
    const torrent = this.torrents.findByKey(key, parts);
    const peer = torrent === NONE ? NONE : this.peers.find(key, parts.peerIdAt);
    const entry = peer === NONE ? NONE : this.entries.find(torrent, peer);
    return entry === NONE ? undefined : this.entries.recordOf(entry, key, this.torrents.slotOf(torrent));
  }

  *records(slot: number, leaf?: number): Iterable<ClusterRecord> {
    for (let torrent = this.torrents.firstIn(slot); torrent !== NONE; torrent = this.torrents.nextInSlot(torrent)) {
      for (let position = 0; position < this.#entryCount(torrent); position += 1) {
        const entry = this.lists.at(torrent, position);
        if (leaf === undefined || this.entries.leafOf(entry) === leaf) {
          yield this.entries.recordOf(entry, this.#keyOf(entry), slot);
        }
      }
    }
  }

  recordCountIn(slot: number): number {
    let count = 0;
    for (let torrent = this.torrents.firstIn(slot); torrent !== NONE; torrent = this.torrents.nextInSlot(torrent)) {
      count += this.#entryCount(torrent);
    }
    return count;
  }

  dropSlot(slot: number, limit = Number.POSITIVE_INFINITY): number {
    let count = 0;
    for (let torrent = this.torrents.firstIn(slot); torrent !== NONE; torrent = this.torrents.firstIn(slot)) {
      for (let left = this.#entryCount(torrent); left > 0; left -= 1, count += 1) {
        if (count === limit) return count;
        this.#remove(this.lists.at(torrent, left - 1));
      }
    }
    return count;
  }

  /**
   * Serves the entries of a peer that are stamped with `floor` or later, and those alone. Readers see it at once; what is
   * counted follows with the next purges when there is much to move.
   * @param peerId 16 bytes. @param floor Hybrid clock; Infinity, as before the first call, serves none.
   */
  setPeerFloor(peerId: Uint8Array, floor: number, nowMs: number): void {
    const peer = floor === Number.POSITIVE_INFINITY ? this.peers.find(peerId, 0) : this.peers.ensure(peerId, 0);
    if (peer === NONE || this.peers.floorOf(peer) === floor) return;
    this.peers.setFloor(peer, floor);
    this.#floors.add(peer);
    this.#moveSome(nowMs);
    this.#settlePeer(peer);
  }

  /**
   * Forgets what is over, and hides what is no longer served. Looks at PURGE_LOOKS_MAX entries at most, and at FLOOR_LOOKS_MAX
   * of peers that came or went.
   */
  purge(nowMs: number, limit: number): number {
    let removed = 0;
    this.#floorLooksLeft = FLOOR_LOOKS_MAX;
    this.#moveSome(nowMs);
    this.#wheel.advance(nowMs, limit > 0 ? PURGE_LOOKS_MAX : 0, (entry) => {
      if (this.entries.purgeAtMs(entry) > nowMs) {
        this.#move(entry, this.partOf(entry), HIDDEN);
        this.#wheel.file(entry, nowMs);
        return true;
      }
      this.#remove(entry);
      removed += 1;
      return removed < limit;
    });
    return removed;
  }

  /** Which part of its torrent's list an entry is in. */
  partOf(entry: number): Part {
    const { slab } = this.torrents;
    const torrent = this.entries.torrentOf(entry);
    const position = this.entries.slab.get(entry, POSITION);
    if (position >= slab.get(torrent, SERVED_END)) return HIDDEN;
    return position < slab.get(torrent, COMPLETE_END) ? COMPLETE : INCOMPLETE;
  }

  /** Puts entries of peers whose floor has changed where they belong now, as many as this turn may look at. */
  #moveSome(nowMs: number): void {
    this.#floorLooksLeft -= this.#floors.take(this.#floorLooksLeft, (entry) =>
      this.#place(entry, nowMs, this.#dueAtMs(entry)),
    );
  }

  #make(key: Buffer, parts: EntryKeyParts, known: number): number {
    const torrent = known !== NONE ? known : this.torrents.make(key, parts);
    const entry = this.entries.make(torrent, this.peers.ensure(key, parts.peerIdAt));
    this.lists.add(torrent, entry);
    return entry;
  }

  #put(record: ClusterRecord, entry: number, isNew: boolean, nowMs: number): void {
    const slot = this.torrents.slotOf(this.entries.torrentOf(entry));
    const hash = this.digests.keyHash(record.key);
    const formerDueMs = isNew ? Number.POSITIVE_INFINITY : this.#dueAtMs(entry);
    if (!isNew) this.digests.remove(slot, hash, this.entries.versionOf(entry));
    this.entries.write(entry, record, leafOf(slot, hash));
    this.digests.add(slot, hash, record);
    this.#place(entry, nowMs, formerDueMs);
  }

  /**
   * Puts an entry where it belongs as it is now: in a part of its torrent's list, and in the wheel. One that is due later
   * than before, as after every refresh, stays where it is filed until it is met there.
   */
  #place(entry: number, nowMs: number, formerDueMs: number): void {
    const before = this.partOf(entry);
    const isComplete = this.entries.isComplete(entry);
    const after = !this.entries.isServed(entry, nowMs) ? HIDDEN : isComplete ? COMPLETE : INCOMPLETE;
    if (before !== after) this.#move(entry, before, after);
    if (this.#dueAtMs(entry) >= formerDueMs) return;
    this.#wheel.remove(entry);
    this.#wheel.file(entry, nowMs);
  }

  #remove(entry: number): void {
    this.#floors.leave(entry);
    const torrent = this.entries.torrentOf(entry);
    const peer = this.entries.peerOf(entry);
    const hash = this.digests.keyHash(this.#keyOf(entry));
    this.digests.remove(this.torrents.slotOf(torrent), hash, this.entries.versionOf(entry));
    const before = this.partOf(entry);
    if (before !== HIDDEN) this.#move(entry, before, HIDDEN);
    this.#wheel.remove(entry);
    this.lists.remove(torrent, entry);
    this.entries.drop(entry);
    if (this.#entryCount(torrent) === 0) this.torrents.drop(torrent);
    this.#settlePeer(peer);
  }

  #settlePeer(peer: number): void {
    if (this.peers.settle(peer)) this.#floors.forget(peer);
  }

  #move(entry: number, before: Part, after: Part): void {
    const torrent = this.entries.torrentOf(entry);
    const peer = this.entries.peerOf(entry);
    const namespace = this.torrents.namespaceOf(torrent);
    this.lists.move(torrent, entry, before, after);
    const more = Number(after !== HIDDEN) - Number(before !== HIDDEN);
    this.torrents.namespaces.addEntries(namespace, more);
    this.peers.addServed(peer, more);
    this.options.listener({
      kind: 'entry',
      namespace: this.torrents.namespaces.nameOf(namespace),
      torrent: this.torrents.hexOf(torrent),
      peer: this.peers.handleOf(peer).id,
      before: SERVED[before],
      after: SERVED[after],
    });
  }

  #isNewer(record: ClusterRecord, entry: number): boolean {
    const clock = this.entries.clockOf(entry);
    if (record.clock !== clock) return record.clock > clock;
    return compareRecords(record, this.entries.recordOf(entry, record.key, record.slot)) > 0;
  }

  #dueAtMs(entry: number): number {
    const purgeAtMs = this.entries.purgeAtMs(entry);
    return this.partOf(entry) === HIDDEN ? purgeAtMs : Math.min(purgeAtMs, this.entries.serveUntilMs(entry));
  }

  #entryCount(torrent: number): number {
    return this.torrents.slab.get(torrent, ENTRY_COUNT);
  }

  #keyOf(entry: number): Buffer {
    const torrent = this.entries.torrentOf(entry);
    const namespace = this.torrents.namespaces.bytesOf(this.torrents.namespaceOf(torrent));
    const key = startEntryKey(namespace, this.torrents.idSizeOf(torrent));
    const contentIdEnd = this.torrents.writeId(torrent, key, ENTRY_NAMESPACE_AT + namespace.length + 1);
    this.peers.writeId(this.entries.peerOf(entry), key, contentIdEnd + 1);
    return key;
  }
}
