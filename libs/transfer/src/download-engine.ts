import assert from 'node:assert/strict';
import type { Random } from '@panal/runtime';
import type { Bitfield } from '@panal/torrent';
import { ChunkFate } from './chunk-fate.js';
import type { ChunkLayout } from './chunk-layout.js';
import { ChunkLedger } from './chunk-ledger.js';
import type { ChunkSchedulerFactory } from './chunk-scheduler.js';
import type { EngineEffect, EngineEvent } from './engine-events.js';
import { TICK_MS, WRITES_MAX } from './limits.js';
import type { Offence } from './penalty.js';
import { RequestPlanner } from './request-planner.js';
import { SourceFate } from './source-fate.js';
import { REFUSED_BUSY, REFUSED_CHUNK_MISSING, type ReceivedBlock } from './source-link.js';
import type { ActiveChunk, SourceRecord } from './source-record.js';
import type { SourceSelector } from './source-selector.js';
import { SourceTable } from './source-table.js';
import { SpeedMeter } from './speed-meter.js';

export interface DownloadEngineOptions {
  readonly layout: ChunkLayout;
  /** Chunks there already. Copied. */
  readonly done: Bitfield;
  readonly scheduler: ChunkSchedulerFactory;
  readonly selector: SourceSelector;
  readonly random: Random;
  /** Monotonic. */
  readonly nowMs: number;
}

/** A tick this late means the process, not a source, was away: nobody is blamed for the time. */
const LATE_TICK_MS = 4 * TICK_MS;

/**
 * Decides what is asked of whom. No socket, no disk, no clock: events go in with their time, effects come out, and one
 * writer feeds it. Its parts share no state but through it: the ledger knows chunks, the table sources, the planner
 * fills windows, the fate judges.
 */
export class DownloadEngine {
  readonly #ledger: ChunkLedger;
  readonly #table: SourceTable;
  readonly #planner: RequestPlanner;
  readonly #fate: ChunkFate;
  readonly #sources: SourceFate;
  readonly #meter: SpeedMeter;
  #effects: EngineEffect[] = [];
  #isPaused = false;
  #receivedBytes = 0;
  #unsettledCount = 0;
  #tickedAtMs: number;

  constructor({ layout, done, scheduler, selector, random, nowMs }: DownloadEngineOptions) {
    const chunks = scheduler.create({ chunkCount: layout.chunkCount, random });
    this.#ledger = new ChunkLedger(layout, chunks, done);
    this.#table = new SourceTable(selector, layout.blockSizeBytes);
    this.#planner = new RequestPlanner(this.#ledger, this.#table, layout);
    this.#fate = new ChunkFate(this.#ledger, this.#table, this.#planner);
    this.#sources = new SourceFate(this.#ledger, this.#table, this.#planner, this.#fate);
    this.#meter = new SpeedMeter(selector.intervalMs, nowMs);
    this.#meter.setBusy(true, nowMs);
    this.#tickedAtMs = nowMs;
  }

  /** Chunks verified and written. Live: do not change it. */
  get done(): Bitfield {
    return this.#ledger.done;
  }

  get doneBytes(): number {
    return this.#ledger.doneBytes;
  }

  /** Bytes of blocks that arrived, useful or not. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get wastedBytes(): number {
    return this.#fate.wastedBytes;
  }

  /** Bytes asked for, or received and not on the disk yet. */
  get inHandBytes(): number {
    return this.#planner.inHandBytes;
  }

  get sources(): Iterable<SourceRecord> {
    return this.#table.all;
  }

  sourceOf(peerId: string): SourceRecord | undefined {
    return this.#table.get(peerId);
  }

  /** Bytes a second, of all sources. */
  rate(nowMs: number): number {
    return this.#meter.rate(nowMs);
  }

  /** Takes one event that happened at `nowMs` (monotonic) and says what is to be done. */
  step(event: EngineEvent, nowMs: number): readonly EngineEffect[] {
    this.#apply(event, nowMs);
    if (!this.#isPaused) this.#planner.plan(nowMs, this.#effects);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #apply(event: EngineEvent, nowMs: number): void {
    switch (event.kind) {
      case 'joined':
        return this.#joined(event, nowMs);
      case 'have':
        return this.#have(event.source, event.chunks);
      case 'lost':
        return this.#lost(event.source, event.name, event.reason, nowMs);
      case 'block':
        return this.#block(event.source, event.block, nowMs);
      case 'refused':
        return this.#refused(event.source, event.requestId, event.code, nowMs);
      case 'written':
      case 'unwritten':
        return this.#settled(event.chunk, event.begin, event.kind, nowMs);
      case 'judged':
        return this.#judged(event.chunk, event.isValid, nowMs);
      case 'undone':
        this.#ledger.undo(event.chunk);
        return this.#planner.feedAll();
      case 'forgiven':
        return this.#table.get(event.source)?.penalty.forgive();
      case 'acquitted':
        return this.#table.get(event.source)?.penalty.acquit();
      case 'paused':
        this.#isPaused = true;
        return this.#sources.layDown(nowMs, this.#effects);
      case 'resumed':
        this.#isPaused = false;
        this.#sources.excuseAll(nowMs);
        return this.#planner.feedAll();
      case 'tick':
        return this.#tick(nowMs);
    }
  }

  #joined(
    { source: peerId, name, have, isElsewhere = false }: Extract<EngineEvent, { kind: 'joined' }>,
    nowMs: number,
  ): void {
    const source = this.#table.meet(peerId, name, nowMs);
    assert(!source.isConnected, 'a source joins once');
    if (have.size !== this.done.size) {
      const reason = `it has ${have.size} chunks where the torrent has ${this.done.size}`;
      return this.#drop(source, 'misconduct', reason, nowMs);
    }
    if (isElsewhere) this.#fate.discardAllOf(source, nowMs, this.#effects);
    this.#table.connect(source, have, nowMs);
    this.#ledger.join(source);
    this.#planner.feed(source);
  }

  #lost(peerId: string, name: string, reason: string, nowMs: number): void {
    const source = this.#table.meet(peerId, name, nowMs);
    source.punish('lost', reason, nowMs);
    this.#sources.leave(source, nowMs, this.#effects);
  }

  /** We close the link. */
  #drop(source: SourceRecord, offence: Offence, reason: string, nowMs: number): void {
    source.punish(offence, reason, nowMs);
    this.#effects.push({ kind: 'drop', source: source.peerId, reason, isLiar: offence === 'bad-chunk' });
    this.#sources.leave(source, nowMs, this.#effects);
  }

  #have(peerId: string, chunks: Iterable<number>): void {
    const source = this.#table.get(peerId);
    if (source?.have === undefined) return;
    for (const chunk of chunks) {
      if (Number.isInteger(chunk) && chunk >= 0 && chunk < this.done.size) this.#ledger.have(source, chunk);
    }
    this.#planner.feed(source);
  }

  #block(peerId: string, block: ReceivedBlock, nowMs: number): void {
    const source = this.#table.get(peerId);
    const lengthBytes = block.bytes.length;
    this.#receivedBytes += lengthBytes;
    const ask = source?.answered(block.requestId, nowMs);
    if (source === undefined || typeof ask !== 'object' || ask.lengthBytes !== lengthBytes) {
      this.#fate.waste(lengthBytes);
      if (ask === 'cancelled') this.#planner.cameLate(block.requestId, lengthBytes);
      this.#effects.push({ kind: 'release', block });
      if (typeof ask === 'object') this.#planner.withdraw(ask);
      const isTolerable = source?.isConnected !== true || ask === 'cancelled';
      if (!isTolerable) this.#drop(source, 'misconduct', 'it sent data nobody asked for', nowMs);
      return;
    }
    this.#meter.add(lengthBytes);
    source.arrived(ask, nowMs);
    for (const other of ask.target.received(ask)) {
      this.#planner.forget(other, ask);
      this.#fate.cancel(other, nowMs, this.#effects);
    }
    this.#unsettledCount += 1;
    const { chunk, blockSizeBytes } = ask.target;
    this.#effects.push({ kind: 'store', block, chunk, begin: ask.block * blockSizeBytes });
    this.#planner.feed(source);
  }

  #refused(peerId: string, requestId: number, code: string, nowMs: number): void {
    const source = this.#table.get(peerId);
    const ask = source?.answered(requestId, nowMs);
    if (source === undefined || typeof ask !== 'object') return;
    const { target } = ask;
    this.#planner.withdraw(ask);
    if (code === REFUSED_CHUNK_MISSING) this.#ledger.haveNot(source, target.chunk);
    // Many requests may be refused at once, for one reason: that is one offence.
    if (!source.penalty.isOver(nowMs)) return;
    source.window.restart();
    source.punish(code === REFUSED_BUSY ? 'busy' : 'refused', `it refused: ${code}`, nowMs);
    // Being busy passes: a chunk it must bring alone is not begun anew for that.
    this.#sources.abandonAll(source, nowMs, this.#effects, code === REFUSED_BUSY ? 'shared' : undefined);
  }

  #settled(chunk: number, begin: number, kind: 'written' | 'unwritten', nowMs: number): void {
    const target = this.#activeAt(chunk);
    target.settled();
    this.#unsettledCount -= 1;
    this.#planner.settled(target.lengthOf(begin / target.blockSizeBytes));
    if (target.isDiscarded) this.#fate.giveBackWhenSettled(target);
    else if (kind === 'unwritten') this.#fate.discard(target, nowMs, this.#effects);
    else if (target.isSettled) this.#effects.push({ kind: 'judge', chunk });
  }

  #judged(chunk: number, isValid: boolean, nowMs: number): void {
    const target = this.#activeAt(chunk);
    if (isValid) return this.#fate.good(target, this.#effects);
    const liar = this.#fate.bad(target, nowMs, this.#effects);
    if (liar === undefined) return;
    liar.badChunks += 1;
    // Chunks that were on their way when it was banned are no new offence.
    if (!liar.isConnected) return;
    this.#drop(liar, 'bad-chunk', 'it sent a bad chunk', nowMs);
    this.#fate.discardAllOf(liar, nowMs, this.#effects);
  }

  #tick(nowMs: number): void {
    const isExcused = this.#isPaused || this.#unsettledCount >= WRITES_MAX || nowMs - this.#tickedAtMs > LATE_TICK_MS;
    this.#tickedAtMs = nowMs;
    if (isExcused) this.#sources.excuseAll(nowMs);
    else this.#sources.watch(nowMs, this.#effects);
    this.#table.measure(nowMs);
    this.#meter.tick(nowMs);
    this.#planner.feedAll();
  }

  #activeAt(chunk: number): ActiveChunk {
    const target = this.#ledger.activeAt(chunk);
    assert(target !== undefined, 'a verdict is about a chunk that is being fetched');
    return target;
  }
}
