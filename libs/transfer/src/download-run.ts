import type { Clock, ErrorReport, Logger, Random, Timers } from '@panal/runtime';
import type { Bitfield, ChunkGeometry, Metainfo } from '@panal/torrent';
import type { ChunkSchedulerFactory, ChunkSchedulerName } from './chunk-scheduler.js';
import type { ChunkStore } from './chunk-store.js';
import type { DownloadSnapshot, DownloadState } from './download-snapshot.js';
import type { SourceAddress, SourceDialer } from './source-link.js';
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
  /** The state or its reason changed. */
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
  /** This peer's own id as hex; an address with it is not dialled. Default: nobody is skipped. */
  readonly ownPeerId?: string;
}

/** One download from begin to end, or to `stop`. */
export class DownloadRun {
  constructor(readonly options: DownloadRunOptions) {}

  /** Settles with the final state: complete, failed, or whatever it was when `stop` was called. Never rejects. */
  get ended(): Promise<DownloadState> {
    throw new Error('to come');
  }

  /** Chunks verified and written, live: uploads read from it. Do not change it. */
  get done(): Bitfield {
    throw new Error('to come');
  }

  start(): void {
    throw new Error('to come');
  }

  /** Peers that may have the content. Known ones are not added twice; call it as often as the tracker answers. */
  offer(_addresses: readonly SourceAddress[]): void {
    throw new Error('to come');
  }

  /** Closes all links, makes what is done durable and closes the store. */
  stop(): Promise<void> {
    throw new Error('to come');
  }

  snapshot(): DownloadSnapshot {
    throw new Error('to come');
  }
}
