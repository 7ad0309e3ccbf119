import type { Clock } from '@panal/runtime';

/** A rate is taken over at least so long; shorter ones jump. */
const INTERVAL_MS = 2_000;

/** Bytes a second of something that only counts bytes. Moves on when it is looked at, so it costs nothing in between. */
export class UploadMeter {
  #sinceMs: number;
  #sinceBytes = 0;
  #rate = 0;

  constructor(private readonly clock: Clock) {
    this.#sinceMs = clock.monotonicMs();
  }

  rate(totalBytes: number): number {
    const elapsedMs = this.clock.monotonicMs() - this.#sinceMs;
    if (elapsedMs >= INTERVAL_MS) {
      this.#rate = ((totalBytes - this.#sinceBytes) * 1000) / elapsedMs;
      this.#sinceMs += elapsedMs;
      this.#sinceBytes = totalBytes;
    }
    return Math.round(this.#rate);
  }
}
