import type { Bitfield } from '@panal/torrent';
import type { ChunkStore } from './chunk-store.js';
import { COMMIT_BYTES, COMMIT_INTERVAL_MS } from './limits.js';

/**
 * Makes verified chunks durable in batches, one commit at a time, beside the transfer: a sync may take as long as it
 * likes. What a failed commit would have named is named by the next.
 */
export class JournalWriter {
  #newBytes = 0;
  #dirtySinceMs: number | undefined;
  #running: Promise<void> | undefined;

  constructor(
    private readonly store: ChunkStore,
    private readonly done: Bitfield,
  ) {}

  /** `done` changed by this much. */
  changed(sizeBytes: number, nowMs: number): void {
    this.#newBytes += sizeBytes;
    this.#dirtySinceMs ??= nowMs;
  }

  isDue(nowMs: number): boolean {
    if (this.#dirtySinceMs === undefined || this.#running !== undefined) return false;
    return nowMs - this.#dirtySinceMs >= COMMIT_INTERVAL_MS || this.#newBytes >= COMMIT_BYTES;
  }

  /** Waits for the commit under way, if any, and makes durable what is done by then. Rejects as the store does. */
  async commit(nowMs: number): Promise<void> {
    // Not `idle()`: between its end and here another commit could begin.
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
    if (this.#dirtySinceMs === undefined) return;
    const since = this.#dirtySinceMs;
    const bytes = this.#newBytes;
    this.#dirtySinceMs = undefined;
    this.#newBytes = 0;
    this.#running = this.store.commit(this.done.clone());
    try {
      await this.#running;
    } catch (error) {
      this.#dirtySinceMs = Math.min(since, nowMs);
      this.#newBytes += bytes;
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  /** Settles, and never rejects, when no commit is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
  }
}
