import {
  WINDOW_BLOCKS_MAX,
  WINDOW_BYTES_MAX,
  WINDOW_BYTES_MIN,
  WINDOW_START_BLOCKS,
  WINDOW_START_BYTES,
  WINDOW_TARGET_MS,
} from './limits.js';

/**
 * How much one source may owe: what it sends in half a second beyond its latency. It starts small and grows by what
 * arrives, so it doubles each round trip, until it holds more than twice the target; from then on it follows the rate.
 */
export class RequestWindow {
  readonly #bytesMin: number;
  readonly #bytesMax: number;
  readonly #bytesAtStart: number;
  #bytes: number;
  #isStarting = true;
  #latencyMs = Number.POSITIVE_INFINITY;

  constructor(blockSizeBytes: number) {
    this.#bytesMin = Math.max(WINDOW_BYTES_MIN, 2 * blockSizeBytes);
    this.#bytesMax = Math.min(WINDOW_BYTES_MAX, WINDOW_BLOCKS_MAX * blockSizeBytes);
    this.#bytesAtStart = this.#clamp(Math.min(WINDOW_START_BYTES, WINDOW_START_BLOCKS * blockSizeBytes));
    this.#bytes = this.#bytesAtStart;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Shortest time from request to block seen; 0 before the first. */
  get latencyMs(): number {
    return Number.isFinite(this.#latencyMs) ? this.#latencyMs : 0;
  }

  /** A block came `elapsedMs` after it was asked for. `rate` is in bytes a second. */
  arrived(lengthBytes: number, elapsedMs: number, rate: number): void {
    this.#latencyMs = Math.min(this.#latencyMs, elapsedMs);
    const target = (rate * (WINDOW_TARGET_MS + this.#latencyMs)) / 1000;
    if (this.#isStarting) {
      this.#bytes = this.#clamp(this.#bytes + lengthBytes);
      this.#isStarting = this.#bytes < 2 * target || this.#bytes === this.#bytesMin;
      return;
    }
    const share = Math.min(1, lengthBytes / this.#bytes);
    this.#bytes = this.#clamp(this.#bytes + (target - this.#bytes) * share);
  }

  /** The source faltered: begin small again. */
  restart(): void {
    this.#bytes = Math.min(this.#bytes, this.#bytesAtStart);
    this.#isStarting = true;
    this.#latencyMs = Number.POSITIVE_INFINITY;
  }

  #clamp(bytes: number): number {
    return Math.min(this.#bytesMax, Math.max(this.#bytesMin, bytes));
  }
}
