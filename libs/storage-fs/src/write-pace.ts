import type { Clock } from '@panal/runtime';
import { CACHE_GAIN_MIN, CACHE_TRIAL_WRITES, DIRECT_BACKLOG_MAX } from './limits.js';

/** Weight of the latest write: half, for the disk of a moment ago says little, and trials are few. */
const LATEST_SHARE = 1 / 2;

/**
 * Past the page cache or through it. While the disk keeps up, past it. Once writes wait, whatever is much faster: the cache
 * takes what a slow disk cannot yet, but on a machine whose processors are what is short it only costs more of them. The
 * two are told apart by their times, and so a few writes are tried through the cache.
 */
export class WritePace {
  /** Milliseconds a byte. */
  #direct: number | undefined;
  #cached: number | undefined;
  #untilTrial = 1;

  /** @param clock Without one nothing is known, and everything is to go through the cache. */
  constructor(private readonly clock: Clock | undefined) {}

  get isKnown(): boolean {
    return this.clock !== undefined;
  }

  /** @param waitingCount Writes of the same file that wait behind this one. */
  prefersCache(waitingCount: number): boolean {
    if (waitingCount < DIRECT_BACKLOG_MAX) return false;
    this.#untilTrial -= 1;
    if (this.#untilTrial === 0) {
      this.#untilTrial = CACHE_TRIAL_WRITES;
      return true;
    }
    return (this.#direct ?? 0) > (this.#cached ?? Number.POSITIVE_INFINITY) * CACHE_GAIN_MIN;
  }

  /** Runs and times a write past the cache. */
  async direct<T>(sizeBytes: number, write: () => Promise<T>): Promise<T> {
    const startMs = this.#nowMs();
    const written = await write();
    this.#direct = averageOf(this.#direct, (this.#nowMs() - startMs) / sizeBytes);
    return written;
  }

  /** Runs and times a write through the cache. */
  async cached<T>(sizeBytes: number, write: () => Promise<T>): Promise<T> {
    const startMs = this.#nowMs();
    const written = await write();
    this.#cached = averageOf(this.#cached, (this.#nowMs() - startMs) / sizeBytes);
    return written;
  }

  #nowMs(): number {
    return this.clock?.monotonicMs() ?? 0;
  }
}

function averageOf(before: number | undefined, latest: number): number {
  return before === undefined ? latest : before + (latest - before) * LATEST_SHARE;
}
