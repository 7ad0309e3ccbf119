import type { Clock } from '@panal/runtime';
import type { HybridClock } from '@panal/wire';
import type { PeerEntry } from './peer-entry.js';
import type { RecordChange, RecordKey, RecordStore, StoredRecord } from './record-store.js';
import { sortKey, type TorrentKey } from './torrent-key.js';
import { isShared, type TorrentRow, type TorrentTable } from './torrent-table.js';

export interface PeerEntriesOptions {
  readonly clock: Clock;
  readonly hybridClock: HybridClock;
  readonly store: RecordStore<PeerEntry>;
  readonly torrents: TorrentTable;
}

/** One entry of a peer: which torrent, and what the peer has of it. */
export interface EntryWrite {
  readonly key: TorrentKey;
  /** Peer id in hex. */
  readonly peer: string;
  readonly entry: PeerEntry;
  /** Monotonic; absolute. */
  readonly expiresAtMs: number;
}

/** Who has what: the entries, and the counts derived from them, which follow every change of the store. */
export class PeerEntries {
  readonly #torrentsOfPeer = new Map<string, Map<string, TorrentKey>>();
  readonly #countIn = new Map<string, number>();

  constructor(private readonly options: PeerEntriesOptions) {
    options.store.watch((change) => this.#follow(change));
  }

  get size(): number {
    return this.options.store.recordCount;
  }

  /** Entries in one namespace. */
  countIn(namespace: string): number {
    return this.#countIn.get(namespace) ?? 0;
  }

  /** Torrents of one peer, in all namespaces. */
  countOf(peer: string): number {
    return this.#torrentsOfPeer.get(peer)?.size ?? 0;
  }

  has(key: TorrentKey, peer: string): boolean {
    return this.options.store.read(recordKey(key, peer)) !== undefined;
  }

  of(key: TorrentKey): Iterable<StoredRecord<PeerEntry>> {
    return this.options.store.readAll(key.namespace, key.torrent);
  }

  /**
   * Writes an entry; the torrent gets its row when this is its first.
   * @throws TrackerFullError
   */
  async put({ key, peer, entry, expiresAtMs }: EntryWrite): Promise<TorrentRow> {
    const row = this.options.torrents.ensure(key);
    try {
      await this.options.store.write({ key: recordKey(key, peer), clock: this.#tick(), value: entry, expiresAtMs });
    } finally {
      this.options.torrents.settle(row);
    }
    return row;
  }

  /** Lengthens the life of an entry, and writes it only when it changed. @returns Whether there is such an entry. */
  async refresh(write: Omit<EntryWrite, 'entry'> & { readonly isComplete: boolean }): Promise<boolean> {
    const key = recordKey(write.key, write.peer);
    const held = this.options.store.read(key);
    if (held === undefined || !this.options.store.refresh(key, write.expiresAtMs)) return false;
    if (held.value.isComplete === write.isComplete) return true;
    await this.put({ ...write, entry: { ...held.value, isComplete: write.isComplete } });
    return true;
  }

  remove(key: TorrentKey, peer: string): Promise<boolean> {
    return this.options.store.remove(recordKey(key, peer), this.#tick());
  }

  /** Removes all entries of a peer that were written until now. */
  async removePeer(peer: string): Promise<void> {
    const clock = this.#tick();
    const keys = [...(this.#torrentsOfPeer.get(peer)?.values() ?? [])];
    await Promise.all(keys.map((key) => this.options.store.remove(recordKey(key, peer), clock)));
  }

  expire(nowMs: number): number {
    return this.options.store.expire(nowMs);
  }

  #tick(): number {
    return this.options.hybridClock.tick(this.options.clock.nowMs());
  }

  #follow({ key: { namespace, subject: torrent, member: peer }, before, after }: RecordChange<PeerEntry>): void {
    const key: TorrentKey = { namespace, torrent };
    const row = this.options.torrents.ensure(key);
    if (before !== undefined) count(row, before.value, -1);
    if (after !== undefined) count(row, after.value, 1);
    if (before === undefined) this.#add(key, peer);
    if (after === undefined) this.#drop(key, peer);
    if (!isShared(row)) this.options.torrents.settle(row);
  }

  #add(key: TorrentKey, peer: string): void {
    const torrents = this.#torrentsOfPeer.get(peer);
    if (torrents === undefined) this.#torrentsOfPeer.set(peer, new Map([[sortKey(key), key]]));
    else torrents.set(sortKey(key), key);
    this.#countIn.set(key.namespace, this.countIn(key.namespace) + 1);
  }

  #drop(key: TorrentKey, peer: string): void {
    const torrents = this.#torrentsOfPeer.get(peer);
    torrents?.delete(sortKey(key));
    if (torrents?.size === 0) this.#torrentsOfPeer.delete(peer);
    const left = this.countIn(key.namespace) - 1;
    if (left === 0) this.#countIn.delete(key.namespace);
    else this.#countIn.set(key.namespace, left);
  }
}

function recordKey({ namespace, torrent }: TorrentKey, peer: string): RecordKey {
  return { namespace, subject: torrent, member: peer };
}

function count(row: TorrentRow, { isComplete }: PeerEntry, by: 1 | -1): void {
  if (isComplete) row.seedCount += by;
  else row.leechCount += by;
}
