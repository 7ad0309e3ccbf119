import { type ErrorReport, errorReport } from '@panal/runtime';
import type { SourceView, TorrentState, TorrentView } from '@panal/wire';

// What `--json` prints: one object a line, told apart by `event`. Fields are added, never renamed: scripts read them.

interface ProgressEvent {
  readonly event: 'progress';
  readonly id: string;
  readonly hash: string | null;
  readonly title: string;
  readonly state: TorrentState;
  readonly doneBytes: number;
  readonly sizeBytes: number;
  /** Bytes a second. */
  readonly rate: number;
  readonly etaMs: number | null;
  readonly sourceCount: number;
  /** Why it does not move. */
  readonly situation: string | null;
}

interface CompleteEvent {
  readonly event: 'complete';
  readonly id: string;
  readonly hash: string | null;
  readonly title: string;
  readonly name: string | null;
  readonly path: string;
  readonly sizeBytes: number;
  readonly fileCount: number;
  readonly chunkCount: number;
  readonly chunkSizeBytes: number;
  readonly magnet: string | null;
  readonly elapsedMs: number;
  readonly downloadedBytes: number;
  readonly sources: readonly Pick<SourceView, 'name' | 'address' | 'chunksDone' | 'badChunks'>[];
}

/** The last line when the command does not end well. */
interface ErrorEvent extends ErrorReport {
  readonly event: 'error';
}

/** For the help of each command that has `--json`. */
export const JSON_HELP = `With --json, standard output is one JSON object a line.
  At most once a second:
    {"event":"progress","id","hash","title","state","doneBytes","sizeBytes",
     "rate","etaMs","sourceCount","situation"}
    state: hashing, resolving, waiting, downloading, paused, complete or failed;
    rate: bytes a second; situation: why nothing moves, or null
  The last line, when all went well:
    {"event":"complete","id","hash","title","name","path","sizeBytes",
     "fileCount","chunkCount","chunkSizeBytes","magnet","elapsedMs",
     "downloadedBytes","sources":[{"name","address","chunksDone","badChunks"}]}
  The last line, when not:
    {"event":"error","code","message","action","retryable"}`;

export function progressEvent(view: TorrentView, situation: string | undefined): ProgressEvent {
  const { id, hash, title, state, doneBytes, sizeBytes, etaMs } = view;
  const sourceCount = view.sources.filter((source) => source.state === 'active').length;
  const rate = Math.round(view.downRate);
  return {
    event: 'progress',
    id,
    hash,
    title,
    state,
    doneBytes,
    sizeBytes,
    rate,
    etaMs,
    sourceCount,
    situation: situation ?? null,
  };
}

export function completeEvent(view: TorrentView): CompleteEvent {
  return {
    event: 'complete',
    id: view.id,
    hash: view.hash,
    title: view.title,
    name: view.name,
    path: view.path,
    sizeBytes: view.sizeBytes,
    fileCount: view.fileCount,
    chunkCount: view.chunkCount,
    chunkSizeBytes: view.chunkSizeBytes,
    magnet: view.magnet,
    elapsedMs: view.elapsedMs,
    downloadedBytes: view.downloadedBytes,
    sources: view.sources.map(({ name, address, chunksDone, badChunks }) => ({ name, address, chunksDone, badChunks })),
  };
}

export function errorEvent(error: unknown): ErrorEvent {
  return { event: 'error', ...errorReport(error) };
}
