import type { ClusterKeyring } from '@panal/access';
import type { Clock, Random } from '@panal/runtime';
import type { HybridClock } from '@panal/wire';
import type { Dialback } from './dialback.js';
import { DialbackQueue } from './dialback-queue.js';
import type { HandoutPolicy } from './handout-policy.js';
import { KeyRegistry } from './key-registry.js';
import {
  DIALBACK_QUEUE_MAX,
  DIALBACK_TIMEOUT_MS,
  DIALBACKS_MAX,
  ENTRY_LIVES_OF_PEER,
  METADATA_TOTAL_BYTES_MAX,
  METADATA_TTL_MS,
  NAME_RECORDS_MAX,
  PEER_ENTRIES_MAX,
  PEER_TTL_MS,
  PEERS_MAX,
  TORRENTS_MAX,
} from './limits.js';
import { MetadataStore } from './metadata-store.js';
import { NameRegistry } from './name-registry.js';
import { NearFirstHandoutPolicy } from './near-first-handout-policy.js';
import { PeerClaims } from './peer-claims.js';
import { PeerDirectory } from './peer-directory.js';
import { PeerRegistry } from './peer-registry.js';
import { PeerSessions } from './peer-sessions.js';
import { answerQuestion } from './questions.js';
import { ReachabilityCheck } from './reachability-check.js';
import { slotOfTorrent } from './record-keys.js';
import { RecordMaker } from './record-maker.js';
import { type Question, type Replicas, tried } from './replicas.js';
import { Routes } from './routes.js';
import { ServedEntries } from './served-entries.js';
import { Swarms } from './swarms.js';
import type { TrackerTable } from './table/tracker-table.js';
import { TableFollower } from './table-follower.js';
import { TorrentCatalog } from './torrent-catalog.js';
import { TorrentTable } from './torrent-table.js';

/** How much a tracker takes on. Every number has its default in limits.ts. */
export interface TrackingLimits {
  readonly torrentCountMax: number;
  readonly peerCountMax: number;
  readonly entryCountMax: number;
  readonly nameRecordCountMax: number;
  readonly metadataTotalBytesMax: number;
}

export interface TrackingOptions {
  readonly clock: Clock;
  /** The process's one hybrid clock: it stamps what this tracker writes. */
  readonly hybridClock: HybridClock;
  readonly random: Random;
  readonly dialback: Dialback;
  /** What this tracker keeps; whoever replicates writes to it as well. */
  readonly table: TrackerTable;
  readonly replicas: Replicas;
  /** Seals the keys of clients. */
  readonly ring: ClusterKeyring;
  /** A peer silent for so long is forgotten; default PEER_TTL_MS. */
  readonly peerTtlMs?: number;
  /** A torrent file nobody needs for so long is forgotten; default METADATA_TTL_MS. */
  readonly metadataTtlMs?: number;
  /** Default: a random sample, complete peers first. */
  readonly handoutPolicy?: HandoutPolicy;
  readonly limits?: Partial<TrackingLimits>;
}

/** What a tracker is counted by: what it keeps itself. */
export interface TrackingCounts {
  readonly torrentCount: number;
  /** Living peers, in all namespaces: a peer is one whatever it shares. */
  readonly peerCount: number;
  readonly entryCount: number;
  readonly nameCount: number;
}

/** What was dropped because its time was over. */
export interface TrackingExpired {
  readonly peerCount: number;
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
  readonly keys: KeyRegistry;
  readonly catalog: TorrentCatalog;
  readonly #swarms: Swarms;
  readonly #directory: PeerDirectory;
  readonly #torrents: TorrentTable;
  readonly #make: RecordMaker;
  readonly #entries: ServedEntries;

  constructor(private readonly options: TrackingOptions) {
    const { clock, hybridClock, table, replicas, peerTtlMs = PEER_TTL_MS } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const lifeMs = peerTtlMs * ENTRY_LIVES_OF_PEER;
    const make = new RecordMaker({ clock, hybridClock, selfId: replicas.selfId, lifeMs });
    const routes = new Routes(replicas);
    const entries = new ServedEntries({ table, clock, random: options.random });
    const torrents = new TorrentTable(limits.torrentCountMax);
    const sessions = new PeerSessions({ peerTtlMs, sessionCountMax: limits.peerCountMax });
    const directory = new PeerDirectory((id, _, lease) => {
      table.setPeerFloor(id, lease?.since ?? Number.POSITIVE_INFINITY);
      // The peer beats to another tracker now.
      if (lease !== undefined && lease.session !== replicas.selfId) sessions.end(id);
    });
    const reachability = new ReachabilityCheck({ clock, queue: makeDialbackQueue(options.dialback) });
    const bury = ({ id, clock: last }: { id: string; clock: number }): void => {
      sessions.end(id);
      void tried(replicas.write([make.peerEnd(id, last + 1)]));
    };
    const claims = new PeerClaims({ directory, sessions, reachability, make, bury });
    const policy = options.handoutPolicy ?? new NearFirstHandoutPolicy();
    const swarms = new Swarms({ entries, directory, torrents, policy, routes });
    const { entryCountMax } = limits;
    const shared = { clock, make, replicas, entries };
    this.peers = new PeerRegistry({
      ...shared,
      peerTtlMs,
      lifeMs,
      entryCountMax,
      directory,
      sessions,
      claims,
      swarms,
      torrents,
      reachability,
    });
    this.metadata = new MetadataStore({
      ...shared,
      table,
      routes,
      swarms,
      torrents,
      totalBytesMax: limits.metadataTotalBytesMax,
      ttlMs: options.metadataTtlMs ?? METADATA_TTL_MS,
    });
    const recordCountMax = limits.nameRecordCountMax;
    this.names = new NameRegistry({ clock, hybridClock, make, replicas, routes, torrents, recordCountMax });
    this.keys = new KeyRegistry({ clock, random: options.random, make, replicas, ring: options.ring });
    this.catalog = new TorrentCatalog({ torrents, entries, replicas });
    this.#swarms = swarms;
    this.#directory = directory;
    this.#torrents = torrents;
    this.#make = make;
    this.#entries = entries;
    const follower = new TableFollower({
      clock,
      torrents,
      directory,
      metadata: this.metadata,
      names: this.names,
      keys: this.keys,
    });
    table.watch((change) => follower.follow(change));
  }

  /** Answers another tracker. @throws QuestionInvalidError when the question makes no sense */
  answer(question: Question): unknown {
    const { metadata, names, catalog, options } = this;
    return answerQuestion(question, { metadata, names, catalog, swarms: this.#swarms, replicas: options.replicas });
  }

  /** Drops what is over. */
  async expire(): Promise<TrackingExpired> {
    const peerCount = await this.peers.endSilent();
    const metadataCount = await this.metadata.expire(this.options.clock.monotonicMs());
    await this.#tidy();
    await this.keys.tidy();
    return { peerCount, metadataCount };
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
      entryCount: this.#entries.count,
      nameCount: this.names.count,
      metadataBytes: this.metadata.totalBytes,
      expired: { peerCount: this.peers.silentCount, metadataCount: this.metadata.expiredCount },
    };
  }

  /** Descriptions of torrents that nobody shares, names or describes in full any more. */
  async #tidy(): Promise<void> {
    const { clock, replicas } = this.options;
    const unused = this.#torrents.findUnused(clock.monotonicMs(), (key) => this.#entries.isShared(key));
    const due = unused.filter((key) => replicas.isFirst(slotOfTorrent(key)));
    if (due.length > 0) await replicas.write(due.map((key) => this.#make.aboutEnd(key)));
  }
}

const DEFAULT_LIMITS: TrackingLimits = {
  torrentCountMax: TORRENTS_MAX,
  peerCountMax: PEERS_MAX,
  entryCountMax: PEER_ENTRIES_MAX,
  nameRecordCountMax: NAME_RECORDS_MAX,
  metadataTotalBytesMax: METADATA_TOTAL_BYTES_MAX,
};

function makeDialbackQueue(dialback: Dialback): DialbackQueue {
  return new DialbackQueue({
    dialback,
    concurrency: DIALBACKS_MAX,
    queueMax: DIALBACK_QUEUE_MAX,
    timeoutMs: DIALBACK_TIMEOUT_MS,
  });
}
