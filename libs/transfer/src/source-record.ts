import type { Bitfield } from '@panal/torrent';
import type { ActiveChunkOf, AskOf } from './active-chunk.js';
import { ArrivalPace } from './arrival-pace.js';
import { CANCELLED_MAX } from './limits.js';
import { type Offence, Penalty } from './penalty.js';
import { RequestWindow } from './request-window.js';
import type { SourceStanding } from './source-selector.js';
import { SpeedMeter } from './speed-meter.js';

/** A chunk and an ask, as the engine knows them. */
export type ActiveChunk = ActiveChunkOf<SourceRecord>;
export type Ask = AskOf<SourceRecord>;

/** Everything the engine knows of one peer. It outlives the link: a liar that reconnects is still a liar. */
export class SourceRecord implements SourceStanding {
  /** What it has; undefined while it is not connected. */
  have: Bitfield | undefined;
  /** Unbegun chunks it has: 0 means there is nothing to look for. */
  wantedCount = 0;
  /** Its place when several could be given work; higher first. */
  score = 0;
  isLastResort = false;
  chunksDone = 0;
  badChunks = 0;
  /** Chunks it must deliver alone before it may share one with others again. */
  paroleChunks = 0;
  /** Times it took part in a bad chunk with others. */
  suspicions = 0;
  /** Why it was last left alone. */
  reason: string | undefined;
  readonly penalty = new Penalty();
  readonly blockSizeBytes: number;
  readonly window: RequestWindow;
  readonly meter: SpeedMeter;
  pace = new ArrivalPace();
  /** Of the chunks it fetches those with blocks not asked for yet: hardly ever more than one. */
  readonly open = new Set<ActiveChunk>();
  readonly #owned = new Set<ActiveChunk>();
  readonly #asks = new Map<number, Ask>();
  /** Requests whose answer is no longer wanted but may come, oldest first. */
  readonly #cancelled = new Set<number>();
  #owedBytes = 0;
  #isProven = false;
  #isDoubtful = false;
  /** When it last brought something, or was given something after it had nothing to do. */
  #progressAtMs = 0;

  constructor(
    readonly peerId: string,
    readonly name: string,
    options: { readonly blockSizeBytes: number; readonly measureIntervalMs: number; readonly nowMs: number },
  ) {
    this.blockSizeBytes = options.blockSizeBytes;
    this.window = new RequestWindow(options.blockSizeBytes);
    this.meter = new SpeedMeter(options.measureIntervalMs, options.nowMs);
  }

  get isConnected(): boolean {
    return this.have !== undefined;
  }

  get isComplete(): boolean {
    return this.have?.isFull ?? false;
  }

  get isOnParole(): boolean {
    return this.paroleChunks > 0;
  }

  /** It brought a block on this link, and nothing was held against it since. */
  get isProven(): boolean {
    return this.#isProven;
  }

  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  get speed(): number {
    return this.meter.speed;
  }

  get stability(): number {
    return this.meter.stability;
  }

  get owedBytes(): number {
    return this.#owedBytes;
  }

  get owedCount(): number {
    return this.#asks.size;
  }

  /** What it owes. A copy: cancelling changes it. */
  asks(): Ask[] {
    return [...this.#asks.values()];
  }

  /** Chunks it fetches. A copy: abandoning changes it. */
  owned(): ActiveChunk[] {
    return [...this.#owned];
  }

  own(target: ActiveChunk): void {
    this.#owned.add(target);
    if (target.unaskedCount > 0) this.open.add(target);
  }

  disown(target: ActiveChunk): void {
    this.#owned.delete(target);
    this.open.delete(target);
  }

  punish(offence: Offence, reason: string, nowMs: number): void {
    this.penalty.punish(offence, nowMs);
    this.#isProven = false;
    this.#isDoubtful = true;
    this.reason = reason;
  }

  isUsable(nowMs: number): boolean {
    return this.have !== undefined && this.penalty.isOver(nowMs);
  }

  has(chunk: number): boolean {
    return this.have?.has(chunk) ?? false;
  }

  asked(ask: Ask, nowMs: number): void {
    if (this.#asks.size === 0) {
      this.#progressAtMs = nowMs;
      this.meter.setBusy(true, nowMs);
    }
    this.#asks.set(ask.id, ask);
    this.#owedBytes += ask.lengthBytes;
  }

  /** The ask with this id, no longer owed; or whether it was cancelled before. An answer comes once. */
  answered(requestId: number, nowMs: number): Ask | 'cancelled' | undefined {
    const ask = this.#asks.get(requestId);
    if (ask === undefined) return this.#cancelled.delete(requestId) ? 'cancelled' : undefined;
    this.#settle(ask, nowMs);
    return ask;
  }

  cancelled(ask: Ask, nowMs: number): void {
    this.#settle(ask, nowMs);
    this.#cancelled.add(ask.id);
    if (this.#cancelled.size > CANCELLED_MAX) this.#cancelled.delete(this.#cancelled.values().next().value as number);
  }

  arrived(ask: Ask, nowMs: number): void {
    this.#isProven = true;
    this.#isDoubtful = false;
    this.pace.arrived(nowMs - this.#progressAtMs);
    this.#progressAtMs = nowMs;
    this.meter.add(ask.lengthBytes);
    this.window.arrived(ask.lengthBytes, nowMs - ask.sentAtMs, this.meter.rate(nowMs));
  }

  /** Time since it last brought something it owes; 0 when it owes nothing. */
  silentMs(nowMs: number): number {
    return this.#asks.size === 0 ? 0 : nowMs - this.#progressAtMs;
  }

  isStalled(nowMs: number): boolean {
    return this.silentMs(nowMs) > this.pace.deadlineMs(this.penalty.strikes);
  }

  /** Time in which it could not have delivered does not count against it. */
  excuse(nowMs: number): void {
    this.#progressAtMs = nowMs;
  }

  /** The link is gone, and with it whatever was outstanding. */
  disconnected(): void {
    this.have = undefined;
    this.wantedCount = 0;
    this.#isProven = false;
    this.#cancelled.clear();
    this.pace = new ArrivalPace();
    this.window.restart();
  }

  #settle(ask: Ask, nowMs: number): void {
    this.#asks.delete(ask.id);
    this.#owedBytes -= ask.lengthBytes;
    if (this.#asks.size === 0) this.meter.setBusy(false, nowMs);
  }
}
