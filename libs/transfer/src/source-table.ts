import type { Bitfield } from '@panal/torrent';
import { IN_HAND_BYTES_MAX, PROMPT_MS, SOURCES_KNOWN_MAX } from './limits.js';
import { SourceRecord } from './source-record.js';
import type { SourceSelector } from './source-selector.js';

/** Everyone the download ever met, in a bounded number, and the order in which they get work. */
export class SourceTable {
  readonly #records = new Map<string, SourceRecord>();
  readonly #connected = new Set<SourceRecord>();
  #rankedAtMs = Number.NEGATIVE_INFINITY;
  #windowScale = 1;

  constructor(
    private readonly selector: SourceSelector,
    private readonly blockSizeBytes: number,
  ) {}

  get all(): Iterable<SourceRecord> {
    return this.#records.values();
  }

  get connected(): ReadonlySet<SourceRecord> {
    return this.#connected;
  }

  get(peerId: string): SourceRecord | undefined {
    return this.#records.get(peerId);
  }

  /** The record of a peer, made when it is new. The oldest stranger makes room; a ban is kept as long as there is any. */
  meet(peerId: string, name: string, nowMs: number): SourceRecord {
    const known = this.#records.get(peerId);
    if (known !== undefined) return known;
    if (this.#records.size >= SOURCES_KNOWN_MAX) this.#makeRoom();
    const record = new SourceRecord(peerId, name, {
      blockSizeBytes: this.blockSizeBytes,
      measureIntervalMs: this.selector.intervalMs,
      nowMs,
    });
    this.#records.set(peerId, record);
    return record;
  }

  connect(record: SourceRecord, have: Bitfield, nowMs: number): void {
    record.have = have;
    this.#connected.add(record);
    this.rank(nowMs);
  }

  disconnect(record: SourceRecord): void {
    record.disconnected();
    this.#connected.delete(record);
  }

  /** Closes measuring intervals that are over, and ranks anew when one was. */
  measure(nowMs: number): void {
    for (const record of this.#connected) record.meter.tick(nowMs);
    if (nowMs - this.#rankedAtMs >= this.selector.intervalMs) this.rank(nowMs);
    let windowBytes = 0;
    for (const record of this.#connected) if (record.isUsable(nowMs)) windowBytes += record.window.bytes;
    this.#windowScale = Math.min(1, IN_HAND_BYTES_MAX / Math.max(1, windowBytes));
  }

  rank(nowMs: number): void {
    this.#rankedAtMs = nowMs;
    for (const record of this.#connected) {
      record.score = this.selector.score(record);
      record.isLastResort = this.selector.isLastResort(record.name);
    }
  }

  /**
   * What a source may owe: its window, scaled down when all windows together would not fit into memory. Nothing for one
   * in doubt, and so it gets the one block that whoever owes none may have.
   */
  allowanceOf(record: SourceRecord): number {
    return record.isDoubtful ? 0 : record.window.bytes * this.#windowScale;
  }

  /**
   * Whether a source may go on with what others began. One in doubt only when nobody else who has the chunk is at hand:
   * sources that hang must not hand each other the last blocks.
   */
  mayHelp(record: SourceRecord, chunk: number, nowMs: number): boolean {
    if (!record.isDoubtful) return true;
    for (const other of this.#connected) {
      if (other.isDoubtful || !other.has(chunk) || !other.isUsable(nowMs)) continue;
      if (other.silentMs(nowMs) < PROMPT_MS) return false;
    }
    return true;
  }

  /** Who may be given work now: those in doubt last, the idle first, then the best. A last resort only when there is no one else. */
  inOrder(candidates: Iterable<SourceRecord>, nowMs: number): SourceRecord[] {
    let usable = [...candidates].filter((record) => record.isUsable(nowMs));
    if (usable.some((record) => record.isLastResort) && this.#hasPreferred(nowMs)) {
      usable = usable.filter((record) => !record.isLastResort);
    }
    return usable.sort(
      (a, b) =>
        Number(a.isDoubtful) - Number(b.isDoubtful) ||
        Number(a.owedCount > 0) - Number(b.owedCount > 0) ||
        b.score - a.score,
    );
  }

  #hasPreferred(nowMs: number): boolean {
    for (const record of this.#connected) {
      if (!record.isLastResort && !record.isDoubtful && record.isUsable(nowMs)) return true;
    }
    return false;
  }

  #makeRoom(): void {
    let oldest: SourceRecord | undefined;
    for (const record of this.#records.values()) {
      if (record.isConnected) continue;
      if (record.badChunks === 0) {
        this.#records.delete(record.peerId);
        return;
      }
      oldest ??= record;
    }
    if (oldest !== undefined) this.#records.delete(oldest.peerId);
  }
}
