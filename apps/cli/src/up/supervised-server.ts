import { setTimeout as delay } from 'node:timers/promises';
import { RECOVERED_AFTER_MS, RESTART_DELAYS_MS } from '../limits.js';
import { logTail } from '../servers/server-log.js';
import type { ServerReady } from '../servers/server-message.js';
import { describeExit, ServerProcess, type ServerProcessOptions } from '../servers/server-process.js';
import { monotonicMs } from '../wait.js';

/** What a supervised server tells of itself. */
export interface SupervisionEvents {
  /** It ended by itself. `restartInMs` is absent when it is given up. */
  onDied(
    name: string,
    death: { readonly how: string; readonly logTail: readonly string[]; readonly restartInMs?: number },
  ): void;
  /** It serves again. */
  onRestarted(name: string): void;
}

/** A server that is started again when it dies, after a growing wait, a bounded number of times in a row. */
export class SupervisedServer {
  readonly #stop = new AbortController();
  #process: ServerProcess | undefined;
  #ready: ServerReady | undefined;
  #startedMs = 0;
  #deathCount = 0;
  #revival: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: ServerProcessOptions,
    private readonly events: SupervisionEvents,
  ) {}

  get name(): string {
    return this.options.name;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** What the server said when it came up last. Only after `start`. */
  get ready(): ServerReady {
    if (this.#ready === undefined) throw new Error(`${this.name} was not started`);
    return this.#ready;
  }

  /** @throws ServerStartError; a first start that fails is not tried again here. */
  async start(signal: AbortSignal): Promise<void> {
    [this.#process, this.#ready] = await ServerProcess.start(
      this.options,
      AbortSignal.any([signal, this.#stop.signal]),
    );
    this.#startedMs = monotonicMs();
    const { exited } = this.#process;
    void exited.then((exit) => {
      if (!this.#stop.signal.aborted) this.#revival = this.#revive(describeExit(exit));
    });
  }

  /** Ends it for good, also when it is just being started again. */
  async stop(): Promise<'stopped' | 'killed'> {
    this.#stop.abort(new Error(`${this.name} is being stopped`));
    await this.#revival;
    return (await this.#process?.stop()) ?? 'stopped';
  }

  async #revive(how: string): Promise<void> {
    if (monotonicMs() - this.#startedMs >= RECOVERED_AFTER_MS) this.#deathCount = 0;
    const restartInMs = RESTART_DELAYS_MS[this.#deathCount];
    this.#deathCount += 1;
    this.events.onDied(this.name, { how, logTail: await logTail(this.options.logFile), restartInMs });
    if (restartInMs === undefined) return;
    try {
      await delay(restartInMs, undefined, { signal: this.#stop.signal });
      await this.start(this.#stop.signal);
      this.events.onRestarted(this.name);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      await this.#revive((error as Error).message);
    }
  }
}
