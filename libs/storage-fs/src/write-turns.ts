/**
 * One write to a file at a time, in the order of asking. The kernel lets only one in anyway, and those that wait for it
 * spin: four writes to one file at once, with a sync beside them, were measured to take three times the CPU of the same
 * writes in turn.
 */
export class WriteTurns {
  /** Those that wait for their turn, of each file that is being written. */
  readonly #waiting = new Map<number, (() => void)[]>();

  /**
   * Runs `task` when its turn comes, however those before it settled.
   * @param task Is told how many wait behind it by then.
   */
  async run<T>(fileIndex: number, task: (waitingCount: number) => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(fileIndex);
    if (waiting === undefined) this.#waiting.set(fileIndex, []);
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task(this.#waiting.get(fileIndex)?.length ?? 0);
    } finally {
      const next = this.#waiting.get(fileIndex)?.shift();
      if (next === undefined) this.#waiting.delete(fileIndex);
      else next();
    }
  }
}
