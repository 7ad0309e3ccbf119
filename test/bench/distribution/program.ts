import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Host } from './network.js';

const KILL_AFTER_MS = 10_000;
const POLL_MS = 20;
const COMPLAINTS_MAX = 4000;

/** A program of others that runs on a host. */
export class Program {
  readonly child: ChildProcess;
  /** Exit code; rejects when it cannot be started. */
  readonly ended: Promise<number | null>;
  #complaints = '';

  constructor(host: Host, words: readonly string[], cwd?: string) {
    const [command, ...rest] = [...host.launcher, ...words] as [string, ...string[]];
    this.child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('exit', (code) => resolve(code));
    });
    this.ended.catch(() => undefined); // Whoever waits for it hears; nobody has to.
    this.child.stderr?.on('data', (text: Buffer) => this.#complain(text));
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The end of what it wrote to its standard error. */
  get complaints(): string {
    return this.#complaints;
  }

  /** @throws when it ends, or ends with anything but 0 */
  async succeeded(): Promise<void> {
    const code = await this.ended;
    if (code !== 0) throw new Error(`${this.child.spawnargs.join(' ')} ended with ${code}: ${this.#complaints}`);
  }

  /** @throws when the program ended */
  mustRun(): void {
    if (!this.isRunning) throw new Error(`${this.child.spawnargs.join(' ')} ended early: ${this.#complaints}`);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return;
    const timer = setTimeout(() => this.child.kill('SIGKILL'), KILL_AFTER_MS);
    this.child.kill(signal);
    await this.ended;
    clearTimeout(timer);
  }

  #complain(text: Buffer): void {
    this.#complaints = (this.#complaints + text.toString()).slice(-COMPLAINTS_MAX);
  }
}

/** Settles when `file` is there. A look at a name costs microseconds, so that nobody is disturbed by the waiting. */
export async function untilExists(file: string, program: Program, signal: AbortSignal): Promise<void> {
  while (!existsSync(file)) {
    program.mustRun();
    await wait(POLL_MS, undefined, { signal });
  }
}

/** The first line that a program says of its version, from either output; null when it is not there. */
export function versionOf(command: string, ...words: string[]): string | null {
  try {
    const text = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', command, ...words], { encoding: 'utf8', stdio: 'pipe' });
    return text.split('\n')[0]?.trim() ?? null;
  } catch {
    return null; // Not installed; the report says so.
  }
}
