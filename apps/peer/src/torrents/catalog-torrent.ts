import type { Clock, Logger, Random, Timers } from '@panal/runtime';
import type { Metainfo, RootOf } from '@panal/torrent';
import type { ChunkSchedulerFactory, SourceSelector } from '@panal/transfer';
import type { DataDialer, DialedTorrent, MetadataDialer } from '@panal/transport-tcp';
import type { TorrentView } from '@panal/wire';
import type { TrackerAgent } from '../tracking/tracker-agent.js';
import type { ContentShelf } from './content-shelf.js';
import type { SavedTorrent, TorrentRecords } from './torrent-records.js';

/** What shares and downloads are made with. */
export interface TorrentPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly shelf: ContentShelf;
  readonly trackers: TrackerAgent;
  readonly records: TorrentRecords;
  readonly peerId: Buffer;
  /** Where this peer's own data port listens; for a download of what the peer shares itself. */
  readonly ownAddress: () => { readonly host: string; readonly port: number };
  /** Runs `task` when one of the few places for hashing is free; rejects when `signal` aborts before. */
  readonly inHashingTurn: <T>(task: () => Promise<T>, signal?: AbortSignal) => Promise<T>;
  /** Hashes the blocks of downloads. */
  readonly rootOf: RootOf;
  /** Orders of chunks that a download can be asked for, by name: those that ship, and those of plugins. */
  readonly schedulers: ReadonlyMap<string, ChunkSchedulerFactory>;
  /** A plugin's choice of sources; undefined: the default. */
  readonly makeSelector: (() => SourceSelector) | undefined;
  makeDialer(torrent: DialedTorrent): DataDialer;
  /** The torrent file as a peer has it, unchecked. */
  readonly fetchMetadata: MetadataDialer['fetch'];
}

/** One share or download of this peer. */
export interface CatalogTorrent {
  readonly id: string;
  /** Absolute path of the content; empty until it is known. */
  readonly path: string;
  readonly metainfo: Metainfo | undefined;
  /** It is neither complete nor failed. */
  readonly isUnderWay: boolean;
  view(): TorrentView;
  /** The process ends: what is under way is kept for the next start. */
  stop(): Promise<void>;
  /** Ends it. @returns What to begin anew with, so that all of the content is read again. Once it is whole or has failed. */
  recheck(): Promise<SavedTorrent>;
  /** The user is done with it: nothing of it stays but the content. */
  remove(): Promise<void>;
}
