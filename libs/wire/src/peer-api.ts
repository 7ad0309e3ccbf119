import type { ErrorReport } from '@panal/runtime';

// The peer's REST API, http://HOST:5580/api/v1, as JSON. `Authorization: Bearer <token>`, save for health and metrics.
// Errors are an ErrorReport with a 4xx or 5xx status. Hashes are hex; rates are bytes a second; times are ms since 1970.

/** Where the API lives under the peer's address. */
export const PEER_API_PREFIX = '/api/v1';

export type TorrentKind = 'share' | 'download';
export type TorrentState = 'hashing' | 'resolving' | 'waiting' | 'downloading' | 'complete' | 'paused' | 'failed';
export type VerifyMode = 'standard' | 'reread';
export type TorrentFormatName = 'v1' | 'v2' | 'hybrid';

/** `GET /torrents/:id`; `GET /torrents` gives all of them. */
export interface TorrentView {
  readonly id: string;
  readonly kind: TorrentKind;
  /** Null until it is known. */
  readonly hash: string | null;
  readonly title: string;
  /** Name in the cluster, such as `llm:v3`. */
  readonly name: string | null;
  /** Absolute path of the content. */
  readonly path: string;
  readonly state: TorrentState;
  /** Why it waits, is paused or failed. */
  readonly reason: ErrorReport | null;
  readonly sizeBytes: number;
  readonly doneBytes: number;
  readonly fileCount: number;
  readonly chunkCount: number;
  readonly chunksDone: number;
  readonly chunkSizeBytes: number;
  readonly downRate: number;
  readonly upRate: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly wastedBytes: number;
  readonly etaMs: number | null;
  readonly sources: readonly SourceView[];
  readonly magnet: string | null;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  readonly elapsedMs: number;
}

export interface SourceView {
  readonly name: string;
  readonly address: string;
  readonly rate: number;
  readonly chunksDone: number;
  readonly isComplete: boolean;
  readonly state: 'connecting' | 'active' | 'avoided';
  readonly badChunks: number;
  readonly reason?: string;
}

/** `GET /peer`. */
export interface PeerStatus {
  readonly name: string;
  readonly peerId: string;
  readonly cluster: string;
  /** What its owner says of it (`--label`). */
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly dataAddress: string;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  readonly trackers: readonly TrackerView[];
  readonly shareCount: number;
  readonly downloadCount: number;
  readonly downRate: number;
  readonly upRate: number;
}

/** A tracker of the cluster, as far as this peer is concerned. */
export interface TrackerView {
  readonly address: string;
  /**
   * Connecting: also while the next attempt waits. Standby: one of the cluster that this peer needs no connection to. Away:
   * the cluster has lost it.
   */
  readonly state: 'connected' | 'connecting' | 'refused' | 'standby' | 'away';
  /** What people call it, once the cluster told. */
  readonly name?: string;
  /** This peer's heartbeats go to it. Absent: they do not. */
  readonly isSession?: boolean;
  readonly reason?: ErrorReport;
}

/** `POST /shares`, answered by 202 and a TorrentView. */
export interface ShareRequest {
  /** Absolute path of a file or directory. */
  readonly path: string;
  readonly name?: string;
  /** Power of two; absent: chosen by size. */
  readonly chunkSizeBytes?: number;
  /** Absent: v2. */
  readonly format?: TorrentFormatName;
}

/** `POST /downloads`, answered by 202 and a TorrentView. Exactly one of `torrent`, `hash`, `magnet` and `name`. */
export interface DownloadRequest {
  /** A torrent file, base64. */
  readonly torrent?: string;
  readonly hash?: string;
  readonly magnet?: string;
  readonly name?: string;
  /** Absolute path of the directory that will hold the content. */
  readonly directory: string;
  /** Another name for the content in that directory. */
  readonly rename?: string;
  /** Replace what is there. */
  readonly force?: boolean;
  /** `rarest-first`, `sequential`, `random`, or one of a plugin. Absent: rarest-first. */
  readonly scheduler?: string;
  /** Absent: standard. `reread` reads the finished content back from disk. */
  readonly verify?: VerifyMode;
}

/** `GET /catalog`: the trackers' lists, merged. */
export interface CatalogView {
  readonly torrents: readonly CatalogEntry[];
}

export interface CatalogEntry {
  readonly hash: string;
  readonly title: string;
  readonly sizeBytes: number;
  readonly seedCount: number;
  readonly leechCount: number;
  readonly requestCount: number;
  readonly names: readonly string[];
}

/** `<data>/peer.json`: how a local command finds the running peer. */
export interface PeerFile {
  readonly pid: number;
  readonly url: string;
  readonly name: string;
  readonly dataAddress: string;
}
