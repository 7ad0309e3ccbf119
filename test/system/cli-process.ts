import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PANAL = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../bin/panal.cjs');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line that runs. `until` resolves when the text has been written; it rejects when the command ends first. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  until(text: string): Promise<void>;
}

/** Starts the built command line as it is, with its real servers, in a folder. Nothing of this process's environment gets in. */
export function start(args: readonly string[], folder: string): Running {
  const child = spawn(process.execPath, [PANAL, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (written[name] += text));
  }
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, ...written })));
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if ((written.stdout + written.stderr).includes(text)) resolve();
      };
      look();
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      void ended.then((end) => reject(new Error(`ended before it wrote "${text}": ${JSON.stringify(end)}`)));
    });
  return { pid: child.pid ?? 0, ended, until, kill: (signal) => void child.kill(signal) };
}

/** Runs the built command line to its end. */
export function run(args: readonly string[], folder: string): Promise<Ended> {
  return start(args, folder).ended;
}

/** Looks until `check` is true, at most `boundMs`. */
export async function eventually(check: () => boolean | Promise<boolean>, boundMs: number): Promise<void> {
  for (const endMs = performance.now() + boundMs; performance.now() < endMs; ) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not true within ${boundMs} ms: ${check.toString()}`);
}
