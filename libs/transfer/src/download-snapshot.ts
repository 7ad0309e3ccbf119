import type { ErrorReport } from '@panal/runtime';

/** `waiting`: nobody at hand has what is missing. `paused`: the disk refuses; it goes on by itself. */
export type DownloadState = 'waiting' | 'downloading' | 'paused' | 'complete' | 'failed';

/** `avoided`: not asked for now, because it stalled, refused, was lost or sent bad chunks; `reason` says which. */
export type SourceState = 'connecting' | 'active' | 'avoided';

export interface SourceSnapshot {
  readonly peerId: string;
  readonly name: string;
  /** HOST:PORT as last dialled. */
  readonly address: string;
  /** Bytes a second. */
  readonly rate: number;
  /** Chunks this source completed for us. */
  readonly chunksDone: number;
  readonly isComplete: boolean;
  readonly state: SourceState;
  readonly badChunks: number;
  readonly reason?: string;
}

/** A copy, safe to keep. */
export interface DownloadSnapshot {
  readonly state: DownloadState;
  /** Why it is paused or failed, and what to do. */
  readonly reason: ErrorReport | null;
  readonly sizeBytes: number;
  /** Bytes of chunks verified and written, those of earlier runs included. */
  readonly doneBytes: number;
  readonly chunkCount: number;
  readonly chunksDone: number;
  /** Bytes received in this run, wasted ones included. */
  readonly downloadedBytes: number;
  /** Bytes received in vain: bad chunks, duplicates, late answers. */
  readonly wastedBytes: number;
  /** Bytes a second over the last interval. */
  readonly downRate: number;
  /** Milliseconds to the end at the present rate; null when nothing comes in. */
  readonly etaMs: number | null;
  readonly sources: readonly SourceSnapshot[];
}
