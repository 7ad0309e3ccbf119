/** Lets a bounded number of tasks run at a time, in order of asking; the others wait. */
export class HashingTurns {
  readonly #waiting: (() => void)[] = [];
  #runningCount = 0;

  constructor(private readonly countMax: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#runningCount >= this.countMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
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
}
