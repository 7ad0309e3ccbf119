import type { ChunkLedger } from './chunk-ledger.js';
import type { EngineEffect } from './engine-events.js';
import { ORPHANS_MAX, PAROLE_CHUNKS } from './limits.js';
import type { RequestPlanner } from './request-planner.js';
import type { ActiveChunk, Ask, SourceRecord } from './source-record.js';
import type { SourceTable } from './source-table.js';

/** Suspicion makes parole four times longer each time, up to this: for a source that lies only in company, for good. */
const PAROLE_CHUNKS_MAX = 4096;

/** What becomes of chunks that are being fetched: left behind, thrown away, found good, or found bad and blamed on someone. */
export class ChunkFate {
  #wastedBytes = 0;

  constructor(
    private readonly ledger: ChunkLedger,
    private readonly table: SourceTable,
    private readonly planner: RequestPlanner,
  ) {}

  get wastedBytes(): number {
    return this.#wastedBytes;
  }

  waste(bytes: number): void {
    this.#wastedBytes += bytes;
  }

  /** Tells the source that an ask is void. */
  cancel(ask: Ask, nowMs: number, effects: EngineEffect[]): void {
    ask.source.cancelled(ask, nowMs);
    effects.push({ kind: 'cancel', source: ask.source.peerId, requestId: ask.id });
  }

  /** The owner of `target` goes or is left alone. What came stays, unless only one source may bring it. */
  abandon(target: ActiveChunk, nowMs: number, effects: EngineEffect[]): void {
    if (target.receivedCount === 0 && !target.hasOutstanding) this.ledger.giveBack(target);
    else if (target.sharing === 'exclusive') this.discard(target, nowMs, effects);
    else this.ledger.orphan(target);
    this.planner.feedAll();
  }

  /** Throws away what came of `target` and what was asked. It is wanted again when its writes have settled. */
  discard(target: ActiveChunk, nowMs: number, effects: EngineEffect[]): void {
    if (target.isDiscarded) return;
    for (const ask of target.outstanding()) {
      this.planner.withdraw(ask);
      this.cancel(ask, nowMs, effects);
    }
    this.#wastedBytes += target.receivedBytes;
    target.isDiscarded = true;
    this.ledger.retire(target);
    effects.push({ kind: 'forget', chunk: target.chunk });
    this.giveBackWhenSettled(target);
  }

  /** Nothing a liar brought is built upon: whoever went on with its chunks would look like a liar too. */
  discardAllOf(liar: SourceRecord, nowMs: number, effects: EngineEffect[]): void {
    for (const target of this.ledger.active()) {
      // A settled one has its verdict under way.
      if (target.contributors.has(liar.peerId) && !target.isSettled) this.discard(target, nowMs, effects);
    }
  }

  giveBackWhenSettled(target: ActiveChunk): void {
    if (target.hasWritesUnderWay) return;
    this.ledger.giveBack(target);
    this.planner.feedAll();
  }

  /** Keeps the number of chunks left behind bounded: the emptiest is the cheapest to begin anew. */
  limitOrphans(nowMs: number, effects: EngineEffect[]): void {
    while (this.ledger.orphans.size > ORPHANS_MAX) {
      let emptiest: ActiveChunk | undefined;
      for (const target of this.ledger.orphans) {
        if (emptiest === undefined || target.receivedBytes < emptiest.receivedBytes) emptiest = target;
      }
      if (emptiest !== undefined) this.discard(emptiest, nowMs, effects);
    }
  }

  good(target: ActiveChunk, effects: EngineEffect[]): void {
    this.ledger.finish(target);
    effects.push({ kind: 'done', chunk: target.chunk });
    for (const contributor of this.#contributorsOf(target)) {
      contributor.penalty.relent();
      contributor.chunksDone += 1;
      if (target.contributors.size === 1 && contributor.paroleChunks > 0) contributor.paroleChunks -= 1;
    }
  }

  /**
   * A bad chunk is thrown away. One contributor: it is to blame, and returned for a ban. Several: each goes on parole,
   * where it fetches chunks alone, and so will whoever fetches this one next; the liar is caught with its next lie.
   */
  bad(target: ActiveChunk, nowMs: number, effects: EngineEffect[]): SourceRecord | undefined {
    const contributors = this.#contributorsOf(target);
    const isSole = target.contributors.size === 1;
    if (!isSole) {
      this.ledger.suspect(target.chunk);
      for (const contributor of contributors) {
        contributor.paroleChunks = Math.min(PAROLE_CHUNKS_MAX, PAROLE_CHUNKS * 4 ** contributor.suspicions);
        contributor.suspicions += 1;
      }
    }
    this.discard(target, nowMs, effects);
    if (isSole) for (const liar of contributors) liar.paroleChunks = PAROLE_CHUNKS;
    return isSole ? contributors[0] : undefined;
  }

  #contributorsOf(target: ActiveChunk): SourceRecord[] {
    return [...target.contributors].flatMap((peerId) => this.table.get(peerId) ?? []);
  }
}
