/**
 * One write to a file at a time. The kernel lets only one in anyway, and those that wait for it spin: four writes to one
 * file at once, with a sync beside them, were measured to take three times the CPU of the same writes in turn.
 */
export class WriteTurns {
  readonly #last = new Map<number, Promise<unknown>>();

  /** Runs `task` when the earlier ones of this file have settled, however they did. */
  async run<T>(fileIndex: number, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(fileIndex);
    const mine = before === undefined ? task() : before.then(task, task);
    this.#last.set(fileIndex, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(fileIndex) === mine) this.#last.delete(fileIndex);
    }
  }
}
