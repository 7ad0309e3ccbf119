import type { ChunkLayout } from './chunk-layout.js';
import { ENDGAME_BLOCKS_MIN, ENDGAME_SHARE } from './limits.js';
import type { ActiveChunk, Ask, SourceRecord } from './source-record.js';

/** A duplicate must promise to come in this part of the time the first ask still needs. */
const GAIN = 0.7;
/** A source that brought nothing yet is late after this: it may be far away, and not slow. */
const NEWCOMER_MS = 250;
/** When nothing is known of either, an ask this old is worth a duplicate. */
const STRANGER_MS = 1000;

/** A block for a source that ran out of chunks of its own. */
export interface Help {
  readonly target: ActiveChunk;
  readonly block: number;
}

/**
 * The end of a download: every chunk is done or being fetched, and whoever is idle helps. First it takes blocks nobody
 * was asked for from the chunk that would take longest, from its end; then it asks a second time for the last block the
 * slowest source owes. What that may waste is bounded. An exclusive chunk is never helped with: it is to find a liar.
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

  /** Looks at sources, not at chunks or blocks, of which there are many more. */
  helpFor(helper: SourceRecord, sources: Iterable<SourceRecord>, nowMs: number): Help | undefined {
    if (helper.isOnParole) return undefined;
    const others: { readonly source: SourceRecord; readonly lateMs: number }[] = [];
    for (const source of sources) {
      if (source !== helper && !source.isOnParole) others.push({ source, lateMs: latenessOf(source, nowMs) });
    }
    others.sort((a, b) => b.lateMs - a.lateMs);
    for (const { source, lateMs } of others) {
      const help = unaskedOf(source, helper, lateMs, nowMs);
      if (help !== undefined) return help;
    }
    for (const { source, lateMs } of others) {
      if (!isWorthIt(source, helper, lateMs, nowMs)) return undefined;
      const ask = lastAskOf(source, helper);
      if (ask === undefined) continue;
      if (this.#duplicateBytes + ask.lengthBytes > this.#duplicateBytesMax) return undefined;
      this.#duplicateBytes += ask.lengthBytes;
      return ask;
    }
    return undefined;
  }
}

/** A block of one of the owner's chunks that it has not asked for yet. */
function unaskedOf(owner: SourceRecord, helper: SourceRecord, lateMs: number, nowMs: number): Help | undefined {
  for (const target of owner.open) {
    if (!isOpenTo(helper, target)) continue;
    const rate = helper.meter.rate(nowMs);
    const leftBytes = target.unaskedCount * target.blockSizeBytes;
    const ownerRate = owner.meter.rate(nowMs);
    // A source much slower than the owner would only make the end later; one that nothing is known of may try.
    const isSlower = rate > 0 && ownerRate > 0 && timeFor(helper, 1, rate) > lateMs + (leftBytes * 1000) / ownerRate;
    const block = isSlower ? undefined : target.nextUnasked('last');
    if (block !== undefined) return { target, block };
  }
  return undefined;
}

/** The ask that source would answer last, of those made once. */
function lastAskOf(source: SourceRecord, helper: SourceRecord): Ask | undefined {
  return source.asks().findLast(({ target, block }) => isOpenTo(helper, target) && target.asksOf(block).length === 1);
}

function isOpenTo(helper: SourceRecord, target: ActiveChunk): boolean {
  return target.sharing === 'shared' && helper.has(target.chunk);
}

/** How long the source will need for what it owes: by its rate, or, when that says less, by its silence. */
function latenessOf(source: SourceRecord, nowMs: number): number {
  if (source.owedCount === 0) return 0;
  const rate = source.meter.rate(nowMs);
  const silentMs = source.silentMs(nowMs);
  return rate === 0 ? Math.max(0, silentMs - NEWCOMER_MS) : Math.max(silentMs, timeFor(source, 0, rate));
}

function isWorthIt(source: SourceRecord, helper: SourceRecord, lateMs: number, nowMs: number): boolean {
  if (source.owedCount === 0) return false;
  // Of a newcomer nothing is known: it is taken to be as fast as the other, whose queue it lacks.
  const rate = helper.meter.rate(nowMs) || source.meter.rate(nowMs);
  if (rate === 0) return lateMs >= STRANGER_MS;
  return helper.window.latencyMs + timeFor(helper, 1, rate) < lateMs * GAIN;
}

/** Milliseconds for what a source owes and `moreBlocks` more. */
function timeFor(source: SourceRecord, moreBlocks: number, rate: number): number {
  return ((source.owedBytes + moreBlocks * source.blockSizeBytes) * 1000) / rate;
}
