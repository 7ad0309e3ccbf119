import { type ErrorReport, errorReport, formatAddress } from '@panal/runtime';
import type { DownloadEngine } from './download-engine.js';
import { NoSourceError, SourcesAvoidedError } from './errors.js';
import type { LinkPool } from './link-pool.js';

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
  /** Chunks it brought, or had a part in. */
  readonly chunksDone: number;
  readonly isComplete: boolean;
  readonly state: SourceState;
  readonly badChunks: number;
  /** Why it is, or was last, left alone. */
  readonly reason?: string;
}

/** A copy, safe to keep. */
export interface DownloadSnapshot {
  readonly state: DownloadState;
  /** Why it waits, is paused or failed, and what to do. */
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

/** Below this many bytes a second a forecast is noise. */
const RATE_MIN = 1;

/** The numbers of a snapshot; state and reason are the caller's. */
export function progressOf(
  engine: DownloadEngine,
  sizeBytes: number,
  nowMs: number,
): Omit<DownloadSnapshot, 'state' | 'reason' | 'sources'> {
  const isWhole = engine.done.isFull;
  const downRate = isWhole ? 0 : engine.rate(nowMs);
  const leftBytes = sizeBytes - engine.doneBytes;
  return {
    sizeBytes,
    doneBytes: engine.doneBytes,
    chunkCount: engine.done.size,
    chunksDone: engine.done.count,
    downloadedBytes: engine.receivedBytes,
    wastedBytes: engine.wastedBytes,
    downRate,
    etaMs: isWhole ? 0 : downRate < RATE_MIN ? null : Math.round((leftBytes * 1000) / downRate),
  };
}

/** Every peer the download knows an address of, those in use first. */
export function sourcesOf(engine: DownloadEngine, links: LinkPool, nowMs: number): SourceSnapshot[] {
  const order: Readonly<Record<SourceState, number>> = { active: 0, connecting: 1, avoided: 2 };
  const sources = [...links.peers].map(({ peerId, name, address, standing }): SourceSnapshot => {
    const record = engine.sourceOf(peerId);
    const isLeftAlone = record?.penalty.isOver(nowMs) === false;
    return {
      peerId,
      name,
      address: formatAddress(address),
      rate: record?.isConnected === true && record.owedCount > 0 ? record.meter.rate(nowMs) : 0,
      chunksDone: record?.chunksDone ?? 0,
      isComplete: record?.isComplete ?? false,
      state: isLeftAlone ? 'avoided' : standing === 'linked' ? 'active' : 'connecting',
      badChunks: record?.badChunks ?? 0,
      ...(record?.reason !== undefined && { reason: record.reason }),
    };
  });
  return sources.sort((a, b) => order[a.state] - order[b.state] || b.rate - a.rate);
}

/** Why nothing comes in: nobody is there, or whoever is there is left alone for now. */
export function waitingReason(engine: DownloadEngine, nowMs: number): ErrorReport {
  let soonest: { readonly name: string; readonly reason: string | undefined; readonly untilMs: number } | undefined;
  for (const { name, reason, penalty, isConnected } of engine.sources) {
    if (penalty.isOver(nowMs)) {
      // Somebody could be asked, and has nothing that is missing: that is no matter of time.
      if (isConnected) return errorReport(new NoSourceError());
      continue;
    }
    if (soonest === undefined || penalty.untilMs < soonest.untilMs)
      soonest = { name, reason, untilMs: penalty.untilMs };
  }
  if (soonest === undefined) return errorReport(new NoSourceError());
  const seconds = Math.ceil((soonest.untilMs - nowMs) / 1000);
  return errorReport(new SourcesAvoidedError(soonest.name, soonest.reason, seconds));
}
