import type { Bitfield } from '@panal/torrent';

interface WaitingCommit {
  done: Bitfield;
  readonly settled: Promise<void>;
}

/**
 * Runs one commit at a time. Those asked for meanwhile become a single one, of the latest set: a disk slower than the
 * network then commits less often instead of ever later.
 */
export class CommitQueue {
  #running: Promise<void> | undefined;
  #waiting: WaitingCommit | undefined;

  constructor(private readonly commit: (done: Bitfield) => Promise<void>) {}

  /** @param done Kept until the promise settles, and not changed by anyone. */
  submit(done: Bitfield): Promise<void> {
    if (this.#running === undefined) return this.#run(done);
    if (this.#waiting !== undefined) {
      this.#waiting.done = done;
      return this.#waiting.settled;
    }
    // The commit before has its own caller to tell of a failure; this one only waits for its end.
    const settled = this.#running.catch(() => undefined).then(() => this.#runWaiting());
    this.#waiting = { done, settled };
    return settled;
  }

  /** Settles when nothing runs or waits; failures went to those who asked. */
  async idle(): Promise<void> {
    while (this.#running !== undefined || this.#waiting !== undefined) {
      await (this.#waiting?.settled ?? this.#running)?.catch(() => undefined);
    }
  }

  #runWaiting(): Promise<void> {
    const { done } = this.#waiting as WaitingCommit;
    this.#waiting = undefined;
    return this.#run(done);
  }

  #run(done: Bitfield): Promise<void> {
    const running = this.commit(done).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
