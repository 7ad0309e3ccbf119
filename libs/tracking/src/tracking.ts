import type { Clock, Random } from '@panal/runtime';
import type { HybridClock } from '@panal/wire';
import type { Dialback } from './dialback.js';
import { DialbackQueue } from './dialback-queue.js';
import type { HandoutPolicy } from './handout-policy.js';
import {
  DIALBACK_QUEUE_MAX,
  DIALBACK_TIMEOUT_MS,
  DIALBACKS_MAX,
  METADATA_TOTAL_BYTES_MAX,
  METADATA_TTL_MS,
  NAME_RECORDS_MAX,
  PEER_ENTRIES_MAX,
  PEER_TTL_MS,
  PEERS_MAX,
  TORRENTS_MAX,
} from './limits.js';
import { MemoryRecordStore } from './memory-record-store.js';
import { MetadataStore } from './metadata-store.js';
import { NameRegistry } from './name-registry.js';
import { PeerDirectory } from './peer-directory.js';
import { PeerEntries } from './peer-entries.js';
import type { PeerEntry } from './peer-entry.js';
import { type Expired, PeerRegistry } from './peer-registry.js';
import { RandomHandoutPolicy } from './random-handout-policy.js';
import { ReachabilityCheck } from './reachability-check.js';
import type { RecordStore } from './record-store.js';
import { TorrentCatalog } from './torrent-catalog.js';
import { TorrentTable } from './torrent-table.js';

/** How much a tracker holds. Every number has its default in limits.ts. */
export interface TrackingLimits {
  readonly torrentCountMax: number;
  readonly peerCountMax: number;
  readonly entryCountMax: number;
  readonly nameRecordCountMax: number;
  readonly metadataTotalBytesMax: number;
}

/** The three kinds of records, each in a store of its own. */
export interface TrackingStores {
  readonly entries: RecordStore<PeerEntry>;
  readonly metadata: RecordStore<Buffer>;
  readonly names: RecordStore<null>;
}

export interface TrackingOptions {
  readonly clock: Clock;
  /** The process's one hybrid clock: it stamps what this tracker writes. */
  readonly hybridClock: HybridClock;
  readonly random: Random;
  readonly dialback: Dialback;
  /** A peer silent for so long is forgotten; default PEER_TTL_MS. */
  readonly peerTtlMs?: number;
  /** A torrent file nobody needs for so long is forgotten; default METADATA_TTL_MS. */
  readonly metadataTtlMs?: number;
  /** Default: a random sample, complete peers first. */
  readonly handoutPolicy?: HandoutPolicy;
  /** Default: in memory. */
  readonly stores?: TrackingStores;
  readonly limits?: Partial<TrackingLimits>;
}

/** What a tracker is counted by. */
export interface TrackingCounts {
  readonly torrentCount: number;
  /** Living peers, in all namespaces: a peer is one whatever it shares. */
  readonly peerCount: number;
  readonly entryCount: number;
  readonly nameCount: number;
}

/** What was dropped because its time was over. */
export interface TrackingExpired extends Expired {
  readonly metadataCount: number;
}

/** Over all namespaces. */
export interface TrackingTotals extends TrackingCounts {
  readonly metadataBytes: number;
  /** Since the start; it only grows. */
  readonly expired: TrackingExpired;
}

/** All that a tracker knows and decides; the app around it only carries messages. */
export class Tracking {
  readonly peers: PeerRegistry;
  readonly metadata: MetadataStore;
  readonly names: NameRegistry;
  readonly catalog: TorrentCatalog;
  readonly #directory: PeerDirectory;
  readonly #entries: PeerEntries;
  readonly #torrents: TorrentTable;

  constructor(private readonly options: TrackingOptions) {
    const { clock, hybridClock, peerTtlMs = PEER_TTL_MS } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const stores = options.stores ?? memoryStores(limits);
    const torrents = new TorrentTable(limits.torrentCountMax);
    const directory = new PeerDirectory({ peerTtlMs, peerCountMax: limits.peerCountMax });
    const entries = new PeerEntries({ clock, hybridClock, store: stores.entries, torrents });
    const queue = new DialbackQueue({
      dialback: options.dialback,
      concurrency: DIALBACKS_MAX,
      queueMax: DIALBACK_QUEUE_MAX,
      timeoutMs: DIALBACK_TIMEOUT_MS,
    });
    const reachability = new ReachabilityCheck({ clock, directory, queue });
    const policy = options.handoutPolicy ?? new RandomHandoutPolicy(options.random);
    this.peers = new PeerRegistry({ clock, peerTtlMs, directory, entries, torrents, reachability, policy });
    this.metadata = new MetadataStore({
      clock,
      hybridClock,
      store: stores.metadata,
      torrents,
      totalBytesMax: limits.metadataTotalBytesMax,
      ttlMs: options.metadataTtlMs ?? METADATA_TTL_MS,
    });
    this.names = new NameRegistry({ clock, hybridClock, store: stores.names, torrents });
    this.catalog = new TorrentCatalog(torrents);
    this.#directory = directory;
    this.#entries = entries;
    this.#torrents = torrents;
  }

  /** Drops what is over. Answers never depend on when this is called; memory does. */
  async expire(): Promise<TrackingExpired> {
    const nowMs = this.options.clock.monotonicMs();
    const expired = this.peers.expire(nowMs);
    return { ...expired, metadataCount: await this.metadata.expire(nowMs) };
  }

  countsIn(namespace: string): TrackingCounts {
    return {
      torrentCount: this.#torrents.countIn(namespace),
      peerCount: this.#directory.size,
      entryCount: this.#entries.countIn(namespace),
      nameCount: this.names.countIn(namespace),
    };
  }

  /** Counts over all namespaces, for metrics. */
  totals(): TrackingTotals {
    return {
      torrentCount: this.#torrents.size,
      peerCount: this.#directory.size,
      entryCount: this.#entries.size,
      nameCount: this.names.count,
      metadataBytes: this.metadata.totalBytes,
      expired: { ...this.peers.expiredSoFar, metadataCount: this.metadata.expiredCount },
    };
  }
}

const DEFAULT_LIMITS: TrackingLimits = {
  torrentCountMax: TORRENTS_MAX,
  peerCountMax: PEERS_MAX,
  entryCountMax: PEER_ENTRIES_MAX,
  nameRecordCountMax: NAME_RECORDS_MAX,
  metadataTotalBytesMax: METADATA_TOTAL_BYTES_MAX,
};

function memoryStores(limits: TrackingLimits): TrackingStores {
  return {
    entries: new MemoryRecordStore({ what: 'peer entries', recordCountMax: limits.entryCountMax }),
    // Bounded by bytes, and by the table of torrents.
    metadata: new MemoryRecordStore({ what: 'torrent files', recordCountMax: limits.torrentCountMax }),
    names: new MemoryRecordStore({ what: 'names', recordCountMax: limits.nameRecordCountMax }),
  };
}
