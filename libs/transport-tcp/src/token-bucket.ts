export interface TokenBucketOptions {
  /** Tokens it begins with, and has at most. */
  readonly sizeMax: number;
  /** One more comes after so long. */
  readonly refillMs: number;
}

/** So many at once, and so many over time. Time is monotonic. */
export class TokenBucket {
  #count: number;
  #atMs: number | undefined;

  constructor(private readonly options: TokenBucketOptions) {
    this.#count = options.sizeMax;
  }

  hasAny(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#count >= 1;
  }

  /** @returns Whether there was one to take. */
  take(nowMs: number): boolean {
    if (!this.hasAny(nowMs)) return false;
    this.#count -= 1;
    return true;
  }

  #refill(nowMs: number): void {
    const { sizeMax, refillMs } = this.options;
    this.#count = Math.min(sizeMax, this.#count + (nowMs - (this.#atMs ?? nowMs)) / refillMs);
    this.#atMs = nowMs;
  }
}
