import type { Clock, ErrorReport, Logger, Random, Timers } from '@panal/runtime';
import type { Bitfield, ChunkGeometry, Metainfo, RootOf } from '@panal/torrent';
import type { ChunkSchedulerFactory, ChunkSchedulerName } from './chunk-scheduler.js';
import type { ChunkStore } from './chunk-store.js';
import type { DownloadState } from './download-snapshot.js';
import type { SourceDialer } from './source-link.js';
import type { SourceSelector } from './source-selector.js';

/** What the world gives to a download. */
export interface DownloadPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** What a download tells. Called synchronously; a listener must not throw. */
export interface DownloadListener {
  /** These chunks are verified and written, so they can be served and announced to neighbours. Batched. */
  onChunks?(chunks: readonly number[]): void;
  /** The state, or the code of its reason, changed. */
  onState?(state: DownloadState, reason: ErrorReport | null): void;
}

export interface DownloadRunOptions {
  readonly metainfo: Metainfo;
  readonly geometry: ChunkGeometry;
  readonly store: ChunkStore;
  readonly dialer: SourceDialer;
  readonly ports: DownloadPorts;
  /** Chunks the store already has, verified. Copied. */
  readonly done: Bitfield;
  readonly listener?: DownloadListener;
  /** Default rarest-first. */
  readonly scheduler?: ChunkSchedulerName | ChunkSchedulerFactory;
  /** Default: speed and stability over 2 s, no priorities. */
  readonly selector?: SourceSelector;
  /** `reread`: the whole content is read back and checked before the end; costs a read of it. Default `standard`. */
  readonly verify?: 'standard' | 'reread';
  /** Hashes blocks; default: on this thread. */
  readonly rootOf?: RootOf;
  /** This peer's own id as hex; an address with it is not dialled. Default: nobody is skipped. */
  readonly ownPeerId?: string;
}
