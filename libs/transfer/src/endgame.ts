import type { ChunkLayout } from './chunk-layout.js';
import { DuplicateBudget } from './duplicate-budget.js';
import { ENDGAME_BLOCKS_MIN, ENDGAME_SHARE } from './limits.js';
import type { ActiveChunk, Ask, SourceRecord } from './source-record.js';
import type { SourceTable } from './source-table.js';

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
 * slowest source owes; a third time only when one of the two may be hung. What that may waste is bounded. An exclusive chunk is never helped with: it is to find a liar.
 */
export class Endgame {
  readonly duplicates: DuplicateBudget;

  constructor(layout: ChunkLayout) {
    this.duplicates = new DuplicateBudget(
      Math.max(ENDGAME_BLOCKS_MIN * layout.blockSizeBytes, Math.floor(layout.contentSizeBytes / ENDGAME_SHARE)),
    );
  }

  /** Looks at sources, not at chunks or blocks, of which there are many more. */
  helpFor(helper: SourceRecord, table: SourceTable, nowMs: number): Help | undefined {
    if (helper.isOnParole) return undefined;
    const others: { readonly source: SourceRecord; readonly lateMs: number }[] = [];
    for (const source of table.connected) {
      if (source !== helper && !source.isOnParole) others.push({ source, lateMs: latenessOf(source, nowMs) });
    }
    others.sort((a, b) => b.lateMs - a.lateMs);
    const isOpen = (target: ActiveChunk): boolean =>
      target.sharing === 'shared' && helper.has(target.chunk) && table.mayHelp(helper, target.chunk, nowMs);
    for (const { source, lateMs } of others) {
      const help = unaskedOf(source, helper, { lateMs, nowMs, isOpen });
      if (help !== undefined) return help;
    }
    for (const { source, lateMs } of others) {
      if (!isWorthIt(source, helper, lateMs, nowMs)) return undefined;
      const ask = source.asks().findLast((last) => isOpen(last.target) && isHelpful(last, helper, nowMs));
      if (ask !== undefined) return this.duplicates.allows(ask.lengthBytes, helper) ? ask : undefined;
    }
    return undefined;
  }
}

/** A block of one of the owner's chunks that it has not asked for yet. */
function unaskedOf(
  owner: SourceRecord,
  helper: SourceRecord,
  {
    lateMs,
    nowMs,
    isOpen,
  }: { readonly lateMs: number; readonly nowMs: number; readonly isOpen: (target: ActiveChunk) => boolean },
): Help | undefined {
  for (const target of owner.open) {
    if (!isOpen(target)) continue;
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

/** Whether the block is asked of one source; or of two, one of which may be hung, where the helper is known not to be. */
function isHelpful({ target, block }: Ask, helper: SourceRecord, nowMs: number): boolean {
  const asks = target.asksOf(block);
  if (asks.some(({ source }) => source === helper)) return false;
  if (asks.length !== 2 || !helper.isProven) return asks.length === 1;
  return asks.some(({ source }) => !source.isProven && source.silentMs(nowMs) >= STRANGER_MS);
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
