import type { ChunkLayout } from './chunk-layout.js';
import type { ChunkLedger } from './chunk-ledger.js';
import { ENDGAME_BLOCKS_MIN, ENDGAME_SHARE } from './limits.js';
import type { ActiveChunk, Ask, SourceRecord } from './source-record.js';

/** A duplicate must promise to come in this part of the time the first ask still needs. */
const GAIN = 0.7;
/** An ask this old is worth a duplicate from a source whose speed is not known. */
const OLD_ASK_MS = 1000;

/** A block for a source that ran out of chunks of its own. */
export interface Help {
  readonly target: ActiveChunk;
  readonly block: number;
  /** Somebody else owes the block too: one of the two comes in vain. */
  readonly isDuplicate: boolean;
}

/**
 * The end of a download: every chunk is done or being fetched, and whoever is idle helps. First it takes blocks nobody
 * was asked for from the chunk that would take longest, from its end; then it asks a second time for blocks a slower
 * source owes. What that may waste is bounded. An exclusive chunk is never helped with: it is there to find a liar.
 */
export class Endgame {
  readonly #duplicateBytesMax: number;
  #duplicateBytes = 0;

  constructor(layout: ChunkLayout) {
    this.#duplicateBytesMax = Math.max(
      ENDGAME_BLOCKS_MIN * layout.blockSizeBytes,
      Math.floor(layout.contentSizeBytes / ENDGAME_SHARE),
    );
  }

  helpFor(helper: SourceRecord, ledger: ChunkLedger, nowMs: number): Help | undefined {
    if (ledger.wantedCount > 0 || helper.isOnParole) return undefined;
    const targets: ActiveChunk[] = [];
    for (const target of ledger.active()) if (isOpenTo(helper, target)) targets.push(target);
    return unaskedOf(targets, helper, nowMs) ?? this.#duplicateOf(targets, helper, nowMs);
  }

  #duplicateOf(targets: readonly ActiveChunk[], helper: SourceRecord, nowMs: number): Help | undefined {
    const slowest = slowestAsk(targets, helper, nowMs);
    if (slowest === undefined || this.#duplicateBytes + slowest.lengthBytes > this.#duplicateBytesMax) return undefined;
    if (!isWorthIt(slowest, helper, nowMs)) return undefined;
    this.#duplicateBytes += slowest.lengthBytes;
    return { target: slowest.target, block: slowest.block, isDuplicate: true };
  }
}

function isOpenTo(helper: SourceRecord, target: ActiveChunk): boolean {
  if (target.isDiscarded || target.sharing === 'exclusive' || target.owner === helper) return false;
  return target.owner?.isOnParole !== true && helper.has(target.chunk);
}

function unaskedOf(targets: readonly ActiveChunk[], helper: SourceRecord, nowMs: number): Help | undefined {
  let longest: ActiveChunk | undefined;
  let longestMs = -1;
  for (const target of targets) {
    if (target.unaskedCount === 0) continue;
    const leftMs = target.owner === undefined ? Number.MAX_VALUE : timeFor(target.owner, target.unaskedCount, nowMs);
    if (leftMs <= longestMs) continue;
    longest = target;
    longestMs = leftMs;
  }
  const block = longest?.nextUnasked('last');
  if (longest === undefined || block === undefined) return undefined;
  // A source much slower than the owner would only make the end later; one that nothing is known of may try.
  if (helper.meter.rate(nowMs) > 0 && timeFor(helper, 1, nowMs) > longestMs) return undefined;
  return { target: longest, block, isDuplicate: false };
}

/** The ask that would be answered last, of those made once and of others. */
function slowestAsk(targets: readonly ActiveChunk[], helper: SourceRecord, nowMs: number): Ask | undefined {
  let slowest: Ask | undefined;
  let slowestMs = -1;
  for (const target of targets) {
    if (!target.hasOutstanding) continue;
    for (const ask of target.outstanding()) {
      if (ask.source === helper || target.asksOf(ask.block).length > 1) continue;
      const leftMs = timeFor(ask.source, 0, nowMs);
      if (leftMs < slowestMs || (leftMs === slowestMs && ask.sentAtMs <= (slowest?.sentAtMs ?? 0))) continue;
      slowest = ask;
      slowestMs = leftMs;
    }
  }
  return slowest;
}

function isWorthIt(ask: Ask, helper: SourceRecord, nowMs: number): boolean {
  const ageMs = nowMs - ask.sentAtMs;
  // Of a newcomer nothing is known: it is taken to be as fast as the other, whose queue it lacks.
  const rate = helper.meter.rate(nowMs) || ask.source.meter.rate(nowMs);
  if (rate === 0) return ageMs >= OLD_ASK_MS;
  const mineMs = helper.window.latencyMs + ((helper.owedBytes + ask.lengthBytes) * 1000) / rate;
  return mineMs < Math.max(timeFor(ask.source, 0, nowMs), ageMs) * GAIN;
}

/** How long a source needs for what it owes and `moreBlocks` more; as good as for ever when it brought nothing yet. */
function timeFor(source: SourceRecord, moreBlocks: number, nowMs: number): number {
  const rate = source.meter.rate(nowMs);
  return rate === 0 ? Number.MAX_SAFE_INTEGER : ((source.owedBytes + moreBlocks * source.blockSizeBytes) * 1000) / rate;
}
