/** Limits a rate on average: what is taken may exceed what is there once, and is paid back before more is given. */
export class TokenBucket {
  #tokens: number;
  #filledAtMs: number;

  /** @param burst What may be taken at once after a rest. */
  constructor(
    private readonly ratePerSecond: number,
    private readonly burst: number,
    nowMs: number,
  ) {
    this.#tokens = burst;
    this.#filledAtMs = nowMs;
  }

  /** @param nowMs Monotonic. */
  isOpen(nowMs: number): boolean {
    const elapsedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#tokens = Math.min(this.burst, this.#tokens + (elapsedMs * this.ratePerSecond) / 1000);
    this.#filledAtMs = Math.max(this.#filledAtMs, nowMs);
    return this.#tokens > 0;
  }

  take(count: number): void {
    this.#tokens -= count;
  }
}
