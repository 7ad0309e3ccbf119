import type { Sharing } from './active-chunk.js';
import type { ChunkFate } from './chunk-fate.js';
import type { ChunkLedger } from './chunk-ledger.js';
import type { EngineEffect } from './engine-events.js';
import type { RequestPlanner } from './request-planner.js';
import type { SourceRecord } from './source-record.js';
import type { SourceTable } from './source-table.js';

/** What becomes of sources: those that go, those that stall, and what they leave behind. */
export class SourceFate {
  constructor(
    private readonly ledger: ChunkLedger,
    private readonly table: SourceTable,
    private readonly planner: RequestPlanner,
    private readonly chunks: ChunkFate,
  ) {}

  /** The link is gone: what the source owed is asked of others. Nothing happens when there is no link. */
  leave(source: SourceRecord, nowMs: number, effects: EngineEffect[]): void {
    if (!source.isConnected) return;
    for (const ask of source.asks()) {
      source.cancelled(ask, nowMs);
      this.planner.withdraw(ask);
    }
    this.abandonAll(source, nowMs, effects);
    this.ledger.leave(source);
    this.table.disconnect(source);
  }

  /** Leaves alone whoever owes blocks and has been silent for too long. */
  watch(nowMs: number, effects: EngineEffect[]): void {
    for (const source of this.table.connected) {
      if (!source.isStalled(nowMs)) continue;
      this.#cancelAll(source, nowMs, effects);
      source.punish('stalled', 'it stalled', nowMs);
      this.abandonAll(source, nowMs, effects);
    }
  }

  /** Nothing is wanted of anyone for now: a disk that refuses must not fill the memory. */
  layDown(nowMs: number, effects: EngineEffect[]): void {
    for (const source of this.table.connected) {
      this.#cancelAll(source, nowMs, effects);
      this.abandonAll(source, nowMs, effects);
    }
  }

  /** Time that passed through no fault of theirs counts against nobody. */
  excuseAll(nowMs: number): void {
    for (const source of this.table.connected) source.excuse(nowMs);
  }

  /** Others go on with the chunks of `source`; all, or those of one kind. */
  abandonAll(source: SourceRecord, nowMs: number, effects: EngineEffect[], only?: Sharing): void {
    for (const target of source.owned()) {
      if (only === undefined || target.sharing === only) this.chunks.abandon(target, nowMs, effects);
    }
    this.chunks.limitOrphans(nowMs, effects);
  }

  #cancelAll(source: SourceRecord, nowMs: number, effects: EngineEffect[]): void {
    for (const ask of source.asks()) {
      this.planner.withdraw(ask);
      this.chunks.cancel(ask, nowMs, effects);
    }
    source.window.restart();
  }
}
