import assert from 'node:assert/strict';
import type { ChunkLayout } from './chunk-layout.js';
import type { ChunkLedger } from './chunk-ledger.js';
import { Endgame } from './endgame.js';
import type { EngineEffect } from './engine-events.js';
import { IN_HAND_BYTES_MAX, WINDOW_BLOCKS_MAX } from './limits.js';
import type { ActiveChunk, Ask, SourceRecord } from './source-record.js';
import type { SourceTable } from './source-table.js';

/**
 * Keeps every source's window full. Looks only at sources for which something changed; when work comes back that anyone
 * may do, at all of them. What is asked for and not yet settled counts against one bound, which bounds memory.
 */
export class RequestPlanner {
  readonly #endgame: Endgame;
  /** Sources that may be able to take more. */
  readonly #hungry = new Set<SourceRecord>();
  #isWorkNew = false;
  #inHandBytes = 0;
  #nextId = 0;

  constructor(
    private readonly ledger: ChunkLedger,
    private readonly table: SourceTable,
    private readonly layout: ChunkLayout,
  ) {
    this.#endgame = new Endgame(layout);
  }

  /** Bytes asked for, or received and not settled. */
  get inHandBytes(): number {
    return this.#inHandBytes;
  }

  /** Something changed for `source`: look at it in the next plan. */
  feed(source: SourceRecord): void {
    this.#hungry.add(source);
  }

  /** Something changed for all. */
  feedAll(): void {
    this.#isWorkNew = true;
  }

  /** A block came with an ask that was cancelled. */
  cameLate(requestId: number, lengthBytes: number): void {
    this.#endgame.duplicates.cameLate(requestId, lengthBytes);
  }

  /** A block that was in hand is on the disk, or given up. */
  settled(lengthBytes: number): void {
    this.#inHandBytes -= lengthBytes;
  }

  /** An ask will not be answered: its block is anyone's again. */
  withdraw(ask: Ask): void {
    this.#inHandBytes -= ask.lengthBytes;
    this.#endgame.duplicates.unanswered(ask);
    const { target } = ask;
    target.unasked(ask);
    if (target.unaskedCount > 0) target.owner?.open.add(target);
    this.#isWorkNew = true;
  }

  /** An ask whose block came with `answered`. */
  forget(ask: Ask, answered: Ask): void {
    this.#inHandBytes -= ask.lengthBytes;
    this.#endgame.duplicates.cameOtherwise(ask, answered);
    this.#hungry.add(ask.source);
  }

  plan(nowMs: number, effects: EngineEffect[]): void {
    if (this.#isWorkNew) for (const source of this.table.connected) this.#hungry.add(source);
    this.#isWorkNew = false;
    if (this.#hungry.size === 0) return;
    const hadWanted = this.ledger.wantedCount > 0;
    for (const source of this.table.inOrder(this.#hungry, nowMs)) {
      const isStarved = this.#fill(source, nowMs, effects);
      if (!isStarved) this.#hungry.delete(source);
    }
    for (const source of this.#hungry) if (!source.isUsable(nowMs)) this.#hungry.delete(source);
    // The last wanted chunk was begun: whoever is idle may help from now on.
    if (hadWanted && this.ledger.wantedCount === 0) this.#isWorkNew = true;
  }

  /** @returns Whether only the bound on bytes in hand kept it from asking for more. */
  #fill(source: SourceRecord, nowMs: number, effects: EngineEffect[]): boolean {
    const allowance = this.table.allowanceOf(source);
    while (source.owedCount === 0 || (source.owedBytes < allowance && source.owedCount < WINDOW_BLOCKS_MAX)) {
      if (this.#inHandBytes > 0 && this.#inHandBytes + this.layout.blockSizeBytes > IN_HAND_BYTES_MAX) return true;
      if (!this.#askNext(source, nowMs, effects)) return false;
    }
    return false;
  }

  #askNext(source: SourceRecord, nowMs: number, effects: EngineEffect[]): boolean {
    const target = this.#nextOwned(source, nowMs);
    if (target !== undefined) {
      const block = target.nextUnasked('first');
      assert(block !== undefined, 'an open chunk has a block nobody was asked for');
      this.#ask(source, target, block, nowMs, effects);
      if (target.unaskedCount === 0) source.open.delete(target);
      return true;
    }
    if (this.ledger.wantedCount > 0) return false;
    const help = this.#endgame.helpFor(source, this.table, nowMs);
    if (help === undefined) return false;
    const ask = this.#ask(source, help.target, help.block, nowMs, effects);
    this.#endgame.duplicates.asked(ask);
    if (help.target.unaskedCount === 0) help.target.owner?.open.delete(help.target);
    return true;
  }

  /** A chunk of its own with blocks to ask for: one it has, one left behind, or a new one. */
  #nextOwned(source: SourceRecord, nowMs: number): ActiveChunk | undefined {
    for (const target of source.open) return target;
    // A suspect takes over what others began only when there is nothing it could do alone.
    if (source.isOnParole) return this.#begin(source) ?? this.#adopt(source, nowMs);
    return this.#adopt(source, nowMs) ?? this.#begin(source);
  }

  #adopt(source: SourceRecord, nowMs: number): ActiveChunk | undefined {
    for (const target of this.ledger.orphans) {
      if (target.unaskedCount === 0 || !source.has(target.chunk)) continue;
      if (!this.table.mayHelp(source, target.chunk, nowMs)) continue;
      this.ledger.adopt(target, source);
      return target;
    }
    return undefined;
  }

  #begin(source: SourceRecord): ActiveChunk | undefined {
    const chunk = this.ledger.pick(source);
    return chunk === undefined ? undefined : this.ledger.begin(chunk, source);
  }

  #ask(source: SourceRecord, target: ActiveChunk, block: number, nowMs: number, effects: EngineEffect[]): Ask {
    const lengthBytes = target.lengthOf(block);
    const ask: Ask = { id: this.#nextId, source, target, block, lengthBytes, sentAtMs: nowMs };
    this.#nextId = (this.#nextId + 1) >>> 0;
    target.asked(ask);
    source.asked(ask, nowMs);
    this.#inHandBytes += lengthBytes;
    const begin = block * this.layout.blockSizeBytes;
    const request = { id: ask.id, chunk: target.chunk, begin, lengthBytes };
    effects.push({ kind: 'request', source: source.peerId, request });
    return ask;
  }
}
