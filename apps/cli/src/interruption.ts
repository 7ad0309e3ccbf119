import { InterruptedError } from './errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Turns Ctrl-C, a stop by the system and a closed terminal into an `AbortSignal`, until it is released. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #onSignal = (name: NodeJS.Signals): void => {
    if (this.#controller.signal.aborted) this.#onSecond?.(name);
    else this.#controller.abort(new InterruptedError(name));
  };
  #onSecond: ((name: NodeJS.Signals) => void) | undefined;

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#onSignal);
  }

  /** Aborted with an `InterruptedError` at the first of the signals. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What a second signal does, for a user who does not want to wait for a clean end. */
  onSecond(act: (name: NodeJS.Signals) => void): void {
    this.#onSecond = act;
  }

  /** Gives the signals back to Node's own handling, which ends the process. */
  release(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal);
  }
}
