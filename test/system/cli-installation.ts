import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const FAKES = path.join(ROOT, 'test/system/cli-fakes');

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
  until(text: string | RegExp): Promise<string>;
}

/**
 * The built command line, installed in a folder of its own with fakes in place of its servers: the package's real layout,
 * so that nothing in it has to know of tests.
 */
export class CliInstallation {
  readonly #running = new Set<ChildProcess>();

  private constructor(
    /** Everything the test may write to; goes with `remove`. */
    readonly folder: string,
    readonly dataDir: string,
  ) {}

  static async make(): Promise<CliInstallation> {
    const folder = await mkdtemp(path.join(tmpdir(), 'panal-cli-'));
    const dist = path.join(folder, 'package/dist');
    // Copied, because where its file lies tells the command line where its servers are; the rest may be linked.
    await cp(path.join(ROOT, 'dist/apps/cli'), path.join(dist, 'apps/cli'), { recursive: true });
    await symlink(path.join(ROOT, 'dist/libs'), path.join(dist, 'libs'));
    await cp(path.join(ROOT, 'bin'), path.join(folder, 'package/bin'), { recursive: true });
    await cp(path.join(ROOT, 'package.json'), path.join(folder, 'package/package.json'));
    await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'package/node_modules'));
    for (const role of ['tracker', 'peer']) {
      const entry = path.join(dist, 'apps', role, 'src/main.js');
      await mkdir(path.dirname(entry), { recursive: true });
      await writeFile(entry, `await import(${JSON.stringify(path.join(FAKES, `fake-${role}.mjs`))});\n`);
    }
    return new CliInstallation(folder, path.join(folder, 'data'));
  }

  /** Starts a command line. */
  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
    const child = spawn(process.execPath, [path.join(this.folder, 'package/bin/panal.cjs'), ...args], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, HOME: this.folder, PANAL_DATA: this.dataDir, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    const written = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      written.err += text;
    });
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (code) => {
        this.#running.delete(child);
        resolve({ code, stdout: written.out, stderr: written.err });
      });
    });
    const until = async (text: string | RegExp): Promise<string> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const all = written.out + written.err;
          if (typeof text === 'string' ? all.includes(text) : text.test(all)) resolve(all);
        };
        look();
        child.stdout.on('data', look);
        child.stderr.on('data', look);
        void ended.then(({ code }) => {
          look();
          reject(new Error(`ended with ${code} before it wrote ${String(text)}:\n${written.out}${written.err}`));
        });
      });
    return { pid: child.pid ?? 0, ended, until, kill: (signal) => void child.kill(signal) };
  }

  /** Runs a command line to its end. */
  async run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start(args, environment).ended;
  }

  /** Ends what still runs and removes the folder. */
  async remove(): Promise<void> {
    const closing = [...this.#running].map(
      (child) =>
        new Promise((resolve) => {
          child.once('close', resolve);
          child.kill('SIGKILL');
        }),
    );
    await Promise.all(closing);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Whether a process with this pid runs. One that has ended and waits to be collected does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = process.platform === 'linux' ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
    return stat.slice(stat.lastIndexOf(')')).at(2) !== 'Z';
  } catch {
    return false;
  }
}

/** Looks until `check` is true, at most `boundMs`. */
export async function eventually(check: () => boolean | Promise<boolean>, boundMs = 10_000): Promise<void> {
  for (const endMs = performance.now() + boundMs; performance.now() < endMs; ) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`not true within ${boundMs} ms: ${check.toString()}`);
}
