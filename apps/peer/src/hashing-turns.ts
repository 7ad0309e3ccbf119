/** Lets a bounded number of tasks run at a time, in order of asking; the others wait. */
export class HashingTurns {
  readonly #waiting: (() => void)[] = [];
  #runningCount = 0;

  constructor(private readonly countMax: number) {}

  /** Rejects with the reason of `signal` when it aborts before the turn comes; later it is for the task to heed it. */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#runningCount >= this.countMax) await this.#wait(signal);
    else this.#runningCount += 1;
    try {
      return await task();
    } finally {
      // The place goes to the next in line, so it is not counted down and up again.
      const next = this.#waiting.shift();
      if (next === undefined) this.#runningCount -= 1;
      else next();
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(signal?.reason as Error);
      };
      this.#waiting.push(begin);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }
}
