import { type ChildProcess, fork } from 'node:child_process';
import type { ErrorReport } from '@panal/runtime';
import { ServerStartError } from '../errors.js';
import { START_TIMEOUT_MS, STOP_TIMEOUT_MS } from '../limits.js';
import { within } from '../wait.js';
import { logTail, openLog } from './server-log.js';
import { readServerMessage, type ServerReady } from './server-message.js';

export interface ServerProcessOptions {
  /** What the user knows it by: `t1`, `p2`. */
  readonly name: string;
  readonly entry: string;
  readonly args: readonly string[];
  /** Of Node itself; none unless given. */
  readonly nodeFlags?: readonly string[];
  /** Gets standard output and standard error of the child. */
  readonly logFile: string;
  /** The whole environment of the child; without it the child gets this process's own. */
  readonly environment?: NodeJS.ProcessEnv;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

// A child must not outlive this process by any way that still lets us act. By the others (SIGKILL) the channel closes,
// and the child ends by itself.
const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** A tracker or peer that runs as a child of this process. */
export class ServerProcess {
  readonly exited: Promise<ServerExit>;
  #hasExited = false;
  #isStopping = false;

  private constructor(
    readonly name: string,
    readonly logFile: string,
    private readonly child: ChildProcess,
  ) {
    living.add(child);
    this.exited = new Promise((resolve) => {
      const finish = (exit: ServerExit): void => {
        living.delete(child);
        this.#hasExited = true;
        resolve(exit);
      };
      child.once('exit', (code, signal) => finish({ code, signal }));
      child.on('error', () => {
        if (child.pid === undefined) finish({ code: null, signal: null });
      });
    });
  }

  /**
   * Starts a server and waits until it serves. When it cannot, or `signal` is given, nothing of it is left.
   * @throws ServerStartError with the server's own reason, or the end of its log.
   */
  static async start(options: ServerProcessOptions, signal: AbortSignal): Promise<[ServerProcess, ServerReady]> {
    signal.throwIfAborted();
    const log = await openLog(options.logFile);
    let server: ServerProcess;
    try {
      // Its own process group: Ctrl-C on the terminal reaches this process only, which then stops its children in order.
      const child = fork(options.entry, options.args, {
        detached: true,
        execArgv: [...(options.nodeFlags ?? [])],
        env: options.environment,
        stdio: ['ignore', log.fd, log.fd, 'ipc'],
      });
      server = new ServerProcess(options.name, options.logFile, child);
    } finally {
      await log.close();
    }
    try {
      return [server, await server.#ready(signal)];
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** True from the moment this side decided that the child ends. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Asks the child to end, and kills it when it has not after `timeoutMs`. Safe to call again. */
  async stop(timeoutMs = STOP_TIMEOUT_MS): Promise<'stopped' | 'killed'> {
    this.#isStopping = true;
    if (this.#hasExited) return 'stopped';
    this.child.kill('SIGTERM');
    if ((await within(this.exited, timeoutMs)) !== undefined) return 'stopped';
    this.child.kill('SIGKILL');
    await this.exited;
    return 'killed';
  }

  async #ready(signal: AbortSignal): Promise<ServerReady> {
    const cleanUp: (() => void)[] = [];
    try {
      return await new Promise<ServerReady>((resolve, reject) => {
        let failure: ErrorReport | undefined;
        const onMessage = (raw: unknown): void => {
          const message = readServerMessage(raw);
          if (message?.kind === 'ready') resolve(message);
          else if (message?.kind === 'failed') failure = message.report;
        };
        const onAbort = (): void => reject(signal.reason as Error);
        const timer = setTimeout(
          () => reject(this.#startError(`did not answer within ${START_TIMEOUT_MS / 1000} s`, [])),
          START_TIMEOUT_MS,
        );
        this.child.on('message', onMessage);
        signal.addEventListener('abort', onAbort, { once: true });
        void this.exited.then(async (exit) => reject(await this.#exitError(exit, failure)));
        cleanUp.push(
          () => clearTimeout(timer),
          () => this.child.off('message', onMessage),
          () => signal.removeEventListener('abort', onAbort),
        );
      });
    } finally {
      for (const clean of cleanUp) clean();
    }
  }

  async #exitError(exit: ServerExit, failure: ErrorReport | undefined): Promise<ServerStartError> {
    if (failure !== undefined) {
      return new ServerStartError(`${this.name} did not start: ${failure.message}`, failure.action, failure.code);
    }
    return this.#startError(`ended at once (${describeExit(exit)})`, await logTail(this.logFile));
  }

  #startError(what: string, tail: readonly string[]): ServerStartError {
    const shown = tail.map((line) => `\n  ${line}`).join('');
    return new ServerStartError(`${this.name} ${what}.${shown}`, `Its log is ${this.logFile}.`);
  }
}

/** `exit code 1` or `SIGKILL`. */
export function describeExit({ code, signal }: ServerExit): string {
  if (signal !== null) return signal;
  return code === null ? 'could not be started' : `exit code ${code}`;
}
