import type { Random } from '@panal/runtime';
import type { EntryTable } from './entry-table.js';
import { SAMPLE_LOOKS_MAX } from './limits.js';
import type { PeerHandle } from './peer-handle.js';
import { Shuffle } from './shuffle.js';
import { NONE } from './slab.js';
import { COMPLETE_END, ENTRY_COUNT, SERVED_END } from './torrent-rows.js';

/** A torrent as messages name it. */
export interface TorrentRef {
  readonly namespace: string;
  /** Content id, 20 or 32 bytes. */
  readonly hash: Uint8Array;
}

export interface TorrentCounts {
  /** Entries that are served, complete ones and others. What ended a moment ago is counted until the next purge. */
  readonly seedCount: number;
  readonly leechCount: number;
  /** All records of entries, dead and outdated ones too. */
  readonly entryCount: number;
}

/** One torrent of `torrents`. */
export interface ListedTorrent extends TorrentCounts {
  readonly namespace: string;
  /** Content id in hex. */
  readonly torrent: string;
}

export interface SampleRequest extends TorrentRef {
  readonly count: number;
  /** Wall clock. */
  readonly nowMs: number;
  readonly random: Random;
  /** Complete ones come before the others; else all are equal. */
  readonly isCompleteFirst: boolean;
  /** Whether the peer will do; `last`: it will, and there are enough now. Must not change the table. */
  readonly accept: (peer: PeerHandle, isComplete: boolean) => boolean | 'last';
}

export interface SampledPeer {
  readonly peer: PeerHandle;
  readonly isComplete: boolean;
}

export interface EntryOfPeer {
  readonly namespace: string;
  /** Content id in hex. */
  readonly torrent: string;
  readonly isComplete: boolean;
}

/** One entry, as long as it is served. */
export interface EntryState {
  readonly isComplete: boolean;
  readonly clock: number;
  readonly serveUntilMs: number;
  /** `TrackerTable.notePromised` was called for this version. */
  readonly isPromised: boolean;
}

/** What the tracker asks of its entries. Answers are copies; what is not served is not in them. */
export class EntryReader {
  readonly #shuffle = new Shuffle();

  constructor(private readonly table: EntryTable) {}

  /** Torrents with at least one record of an entry. */
  get torrentCount(): number {
    return this.table.torrents.count;
  }

  /** Entries that are served, in all namespaces. */
  get servedCount(): number {
    return this.table.torrents.namespaces.entryCount;
  }

  /** Entries that are served in a namespace. */
  servedCountIn(namespace: string): number {
    return this.table.torrents.namespaces.entryCountIn(namespace);
  }

  /** Entries of a peer that are served, in all namespaces. @param peerId 16 bytes. */
  servedCountOf(peerId: Uint8Array): number {
    const peer = this.table.peers.find(peerId, 0);
    return peer === NONE ? 0 : this.table.peers.servedCount(peer);
  }

  /** All zero for a torrent without entries. */
  torrent(ref: TorrentRef): TorrentCounts {
    return this.#countsOf(this.#find(ref));
  }

  /** The row of an entry, served or not, or NONE. @param peerId 16 bytes. */
  rowOf(ref: TorrentRef, peerId: Uint8Array): number {
    const torrent = this.#find(ref);
    const peer = torrent === NONE ? NONE : this.table.peers.find(peerId, 0);
    return peer === NONE ? NONE : this.table.entries.find(torrent, peer);
  }

  /** The entry of a peer, or undefined. @param peerId 16 bytes. */
  entry(ref: TorrentRef, peerId: Uint8Array, nowMs: number): EntryState | undefined {
    const entry = this.rowOf(ref, peerId);
    if (entry === NONE || !this.table.entries.isServed(entry, nowMs)) return undefined;
    const { entries } = this.table;
    return {
      isComplete: entries.isComplete(entry),
      clock: entries.clockOf(entry),
      serveUntilMs: entries.serveUntilMs(entry),
      isPromised: entries.isPromised(entry),
    };
  }

  /** Served entries of a peer. Valid until the next change. @param peerId 16 bytes. */
  *entriesOfPeer(peerId: Uint8Array, nowMs: number): IterableIterator<EntryOfPeer> {
    const { entries, peers, torrents } = this.table;
    const peer = peers.find(peerId, 0);
    let entry = peer === NONE ? NONE : peers.firstEntry(peer);
    for (; entry !== NONE; entry = entries.nextOfPeer(entry)) {
      if (!entries.isServed(entry, nowMs)) continue;
      const torrent = entries.torrentOf(entry);
      const namespace = torrents.namespaces.nameOf(torrents.namespaceOf(torrent));
      yield { namespace, torrent: torrents.hexOf(torrent), isComplete: entries.isComplete(entry) };
    }
  }

  /** Every torrent with entries, in no promised order; one that comes meanwhile may be left out. */
  *torrents(): IterableIterator<ListedTorrent> {
    const { torrents } = this.table;
    for (const row of torrents.all()) {
      const namespace = torrents.namespaces.nameOf(torrents.namespaceOf(row));
      yield { namespace, torrent: torrents.hexOf(row), ...this.#countsOf(row) };
    }
  }

  /**
   * Peers of a torrent that the caller accepts, each at most once and each as likely as any other of its kind.
   * Looks at SAMPLE_LOOKS_MAX entries at most, so it may find fewer than there are.
   */
  sample(request: SampleRequest): readonly SampledPeer[] {
    const torrent = this.#find(request);
    if (torrent === NONE) return [];
    const { slab } = this.table.torrents;
    const completeEnd = slab.get(torrent, COMPLETE_END);
    const servedEnd = slab.get(torrent, SERVED_END);
    const chosen: SampledPeer[] = [];
    if (!request.isCompleteFirst) this.#draw(torrent, 0, servedEnd, SAMPLE_LOOKS_MAX, request, chosen);
    else {
      const looksLeft = this.#draw(torrent, 0, completeEnd, SAMPLE_LOOKS_MAX, request, chosen);
      this.#draw(torrent, completeEnd, servedEnd, looksLeft, request, chosen);
    }
    return chosen;
  }

  /** Draws from a part of the list until there are enough. @returns Looks left. */
  #draw(
    torrent: number,
    from: number,
    end: number,
    looksMax: number,
    { count, nowMs, random, accept }: SampleRequest,
    chosen: SampledPeer[],
  ): number {
    const { entries, lists, peers, isMoving } = this.table;
    const looks = Math.min(looksMax, end - from);
    this.#shuffle.start(end - from);
    for (let look = 0; look < looks; look += 1) {
      if (chosen.length >= count) return looksMax - look;
      const entry = lists.at(torrent, from + this.#shuffle.next(random));
      // It is in a part that is served, but since the last purge its time may be over, or its peer have gone.
      if (nowMs >= entries.serveUntilMs(entry) || (isMoving && !entries.isServed(entry, nowMs))) continue;
      const peer = peers.handleOf(entries.peerOf(entry));
      const isComplete = entries.isComplete(entry);
      const verdict = accept(peer, isComplete);
      if (verdict === false) continue;
      chosen.push({ peer, isComplete });
      if (verdict === 'last') return 0;
    }
    return looksMax - looks;
  }

  #countsOf(torrent: number): TorrentCounts {
    if (torrent === NONE) return { seedCount: 0, leechCount: 0, entryCount: 0 };
    const { slab } = this.table.torrents;
    const seedCount = slab.get(torrent, COMPLETE_END);
    const leechCount = slab.get(torrent, SERVED_END) - seedCount;
    return { seedCount, leechCount, entryCount: slab.get(torrent, ENTRY_COUNT) };
  }

  #find({ namespace, hash }: TorrentRef): number {
    const number = this.table.torrents.namespaces.numberOf(namespace);
    return number === undefined ? NONE : this.table.torrents.find(number, hash);
  }
}
