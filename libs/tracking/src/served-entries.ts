import type { Clock, Random } from '@panal/runtime';
import type { EntryState, SampledPeer, SampleRequest, TorrentRef } from './table/entry-reader.js';
import type { TrackerTable } from './table/tracker-table.js';
import { hashOf, MessageTorrent, type TorrentKey } from './torrent-key.js';

export interface ServedEntriesOptions {
  readonly table: TrackerTable;
  readonly clock: Clock;
  readonly random: Random;
}

export interface SwarmCounts {
  /** Living peers with all of it. */
  readonly seedCount: number;
  /** Living peers with less. */
  readonly leechCount: number;
}

/** The entries of this tracker's table that are served now, by ids as the rest of the lib has them. */
export class ServedEntries {
  constructor(private readonly options: ServedEntriesOptions) {}

  counts(key: TorrentKey): SwarmCounts {
    return this.options.table.entries.torrent(refOf(key));
  }

  isShared(key: TorrentKey): boolean {
    const { seedCount, leechCount } = this.counts(key);
    return seedCount + leechCount > 0;
  }

  /** What a peer has of a torrent; undefined: it is not registered. @param peerId 16 bytes. @param nowMs Wall clock. */
  find(key: TorrentKey, peerId: Uint8Array, nowMs = this.options.clock.nowMs()): EntryState | undefined {
    return this.options.table.entries.entry(refOf(key), peerId, nowMs);
  }

  /** This version of an entry is on as many trackers as the cluster promises. @param peerId 16 bytes. @param clock Its stamp. */
  notePromised(key: TorrentKey, peerId: Uint8Array, clock: number): void {
    this.options.table.notePromised(refOf(key), peerId, clock);
  }

  /** Up to `count` peers that will do, drawn at random, the complete ones first. */
  sample(key: TorrentKey, { count, accept }: Pick<SampleRequest, 'count' | 'accept'>): readonly SampledPeer[] {
    const { table, clock, random } = this.options;
    const { namespace, hash } = refOf(key);
    return table.entries.sample({
      namespace,
      hash,
      count,
      nowMs: clock.nowMs(),
      random,
      isCompleteFirst: true,
      accept,
    });
  }

  /** Torrents of one peer, in all namespaces. */
  countOf(peerId: Uint8Array): number {
    return this.options.table.entries.servedCountOf(peerId);
  }

  countIn(namespace: string): number {
    return this.options.table.entries.servedCountIn(namespace);
  }

  get count(): number {
    return this.options.table.entries.servedCount;
  }
}

function refOf(key: TorrentKey): TorrentRef {
  return key instanceof MessageTorrent ? key : { namespace: key.namespace, hash: hashOf(key) };
}
