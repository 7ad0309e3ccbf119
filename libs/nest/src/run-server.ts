import { errorReport, type Logger, PanalError, type Timers } from '@panal/runtime';
import { STOP_TIMEOUT_MS } from './limits.js';
import type { ServerAddresses, ServerMessage, ServerProcess } from './server-process.js';

/** A server that is up. */
export interface RunningServer {
  readonly addresses: ServerAddresses;
  readonly logger: Logger;
  /** Resolves should the server become unable to go on, to the reason. */
  readonly failed?: Promise<Error>;
  /** Whether an error that nobody caught is known to have harmed nothing here; then the server goes on. Default: never. */
  contains?(error: unknown): boolean;
  /** Stops taking work, finishes what is short, lets go of everything. Called once. */
  close(): Promise<void>;
}

export interface RunServerOptions {
  /** Starts the server, or throws the reason why it cannot; undefined when only the help was asked for. */
  readonly start: () => Promise<RunningServer | undefined>;
  readonly timers: Timers;
  readonly process: ServerProcess;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Runs a server until it is told to stop: by a signal, or by the end of the process that forked it. The second signal ends it
 * at once, and so does a stop that takes longer than STOP_TIMEOUT_MS. A failed start ends with exit code 1, the reason on
 * stderr and, when forked, with the parent.
 * @returns When the process may end. The exit code has been set by then.
 */
export async function runServer({ start, timers, process }: RunServerOptions): Promise<void> {
  const stop = new StopRequest(process);
  try {
    const server = await start();
    if (server === undefined) return;
    stop.server = server;
    await tell(process, { kind: 'ready', ...server.addresses });
    server.logger.info('Ready', { ...server.addresses });
    const reason = await Promise.race([stop.requested, ...(server.failed === undefined ? [] : [server.failed])]);
    server.logger.info('Stopping', { reason: reason instanceof Error ? reason.message : reason });
    const cancel = timers.after(STOP_TIMEOUT_MS, () => {
      server.logger.warn('Stopping took too long', { timeoutMs: STOP_TIMEOUT_MS });
      process.exit(1);
    });
    await server.close();
    cancel();
    if (reason instanceof Error) throw reason;
    server.logger.info('Stopped');
    process.exit(stop.exitCode);
  } catch (error) {
    await fail(process, error);
  } finally {
    stop.close();
  }
}

/** Collects what may end a server; the first reason counts. */
class StopRequest {
  server: RunningServer | undefined;
  exitCode = 0;
  readonly requested: Promise<string>;
  readonly #listeners: [event: string, listener: (error: unknown) => void][] = [];
  #resolve: (reason: string) => void = () => undefined;
  #isRequested = false;

  constructor(private readonly process: ServerProcess) {
    this.requested = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const signal of SIGNALS) this.#on(signal, () => this.#ask(signal));
    if (process.send !== undefined) this.#on('disconnect', () => this.#ask('parent gone'));
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      this.#on(event, (error: unknown) => this.#crash(event, error));
    }
  }

  close(): void {
    for (const [event, listener] of this.#listeners) this.process.off(event, listener);
  }

  #on(event: string, listener: (error: unknown) => void): void {
    this.#listeners.push([event, listener]);
    this.process.on(event, listener);
  }

  #ask(reason: string): void {
    // Whoever asks twice does not want to wait.
    if (this.#isRequested && reason !== 'parent gone') this.process.exit(130);
    this.#isRequested = true;
    this.#resolve(reason);
  }

  /** A bug: what the process knows may be wrong now, so it stops in order and starts afresh. */
  #crash(event: string, error: unknown): void {
    if (this.server?.contains?.(error) === true) return;
    if (this.server === undefined) this.process.stderr.write(`panal: ${event}: ${String(error)}\n`);
    else this.server.logger.error('A bug ends this process', { event, error });
    this.exitCode = 1;
    this.#isRequested = true;
    this.#resolve(event);
  }
}

async function fail(process: ServerProcess, error: unknown): Promise<void> {
  const report = errorReport(error);
  process.stderr.write(`panal: ${report.message}\n${report.action}\n`);
  if (!(error instanceof PanalError)) process.stderr.write(`${String((error as Error | null)?.stack ?? error)}\n`);
  await tell(process, { kind: 'failed', report });
  process.exit(1);
}

/** Waits until the message has left, because an exit would cut it off; a parent that is gone is not waited for. */
async function tell(process: ServerProcess, message: ServerMessage): Promise<void> {
  if (process.send === undefined) return;
  await new Promise<void>((resolve) => {
    process.send?.(message, () => resolve());
  });
}
