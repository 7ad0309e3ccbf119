import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { attempt, command } from './command.js';
import { type LabHost, SWITCH_ADDRESS } from './lab-network.js';

/** Where a machine of the lab has a disk of its own, as its containers see it: where the stack binds it, unless told otherwise. */
const MACHINE_CONTENT = '/var/lib/panal/content';

const START_MAX_MS = 60_000;
const STOP_MAX_MS = 20_000;
const POLL_MS = 200;

/** A Docker engine on a host of the lab, with all it keeps in a folder of its own. */
export class Engine {
  #process: ChildProcess | undefined;

  constructor(
    readonly host: LabHost,
    readonly folder: string,
    private readonly index: number,
    /** Of the lab, for its containers. */
    private readonly cgroup: string,
  ) {}

  /** What the machine has at /var/lib/panal/content, as this process sees it. */
  get contentFolder(): string {
    return path.join(this.folder, 'content');
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** Of the engine itself: whoever enters its namespaces is on this machine. @throws when it does not run */
  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`the engine of ${this.host.name} does not run`);
    return pid;
  }

  /** Where its API is, as DOCKER_HOST. */
  get socketUrl(): string {
    return `unix://${this.#socket}`;
  }

  get #socket(): string {
    return path.join(this.folder, 'docker.sock');
  }

  get #pidFile(): string {
    return path.join(this.folder, 'docker.pid');
  }

  /** Starts it and waits until it answers. What it kept before is still there. */
  async start(): Promise<void> {
    await mkdir(this.contentFolder, { recursive: true });
    const config = path.join(this.folder, 'daemon.json');
    await writeFile(config, JSON.stringify(this.#settings()));
    const { namespace, name } = this.host;
    // Not "ip netns exec": it mounts /sys anew, and the engine then misses the devices cgroup.
    const script = [
      `hostname ${name}`,
      'mkdir -p /var/run/docker',
      'mount -t tmpfs none /var/run/docker',
      // Nothing of this machine shows through where scripts on it write.
      'mount -t tmpfs none /mnt',
      'mount -t tmpfs none /var/lib',
      `mkdir -p ${MACHINE_CONTENT}`,
      `mount --bind ${this.contentFolder} ${MACHINE_CONTENT}`,
      `exec dockerd --config-file ${config}`,
    ].join(' && ');
    const words = [
      `--net=/var/run/netns/${namespace}`,
      'unshare',
      '-m',
      '-u',
      '--propagation',
      'private',
      'sh',
      '-c',
      script,
    ];
    const child = spawn('nsenter', words, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    child.stderr?.pipe(createWriteStream(path.join(this.folder, 'engine.log'), { flags: 'a' }));
    this.#process = child;
    const deadline = performance.now() + START_MAX_MS;
    while ((await attempt(this.#words(['version', '--format', '{{.Server.Version}}']))) === undefined) {
      const isOver = child.exitCode !== null || performance.now() > deadline;
      if (isOver) throw new Error(`the engine of ${name} did not start: ${await this.log()}`);
      await wait(POLL_MS);
    }
  }

  /** Runs `docker ...` against this engine. */
  docker(...words: string[]): Promise<string> {
    return command(this.#words(words));
  }

  /** The same with an input. */
  dockerWithInput(input: string, ...words: string[]): Promise<string> {
    return command(this.#words(words), { input });
  }

  /** The end of what it logged. */
  async log(): Promise<string> {
    const text = await readFile(path.join(this.folder, 'engine.log'), 'utf8').catch(() => '');
    return text.slice(-4_000);
  }

  /** Stops it, and its containers with it. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** The machine is lost: the engine and every process of its containers, at once. */
  async kill(): Promise<void> {
    // Again until nobody is left: a process may have been begun while the others were listed.
    while (await this.#signal('SIGKILL')) await wait(POLL_MS);
    await this.#end('SIGKILL');
  }

  /** Stops time for the engine and its containers; `resume` lets it go on. */
  async pause(): Promise<void> {
    await this.#signal('SIGSTOP');
  }

  async resume(): Promise<void> {
    await this.#signal('SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS);
    await ended;
    clearTimeout(timer);
    await attempt(['rm', '-f', this.#pidFile, this.#socket]);
  }

  /** To the engine, its containerd, the shims and all that runs in containers. @returns Whether there was any */
  async #signal(signal: NodeJS.Signals): Promise<boolean> {
    const pids = await processesWithMountsOf(`${this.folder}/`);
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        // It has ended by itself in between.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    return pids.length > 0;
  }

  #words(words: readonly string[]): string[] {
    return ['docker', '-H', this.socketUrl, ...words];
  }

  #settings(): Record<string, unknown> {
    return {
      hosts: [this.socketUrl],
      'data-root': path.join(this.folder, 'data'),
      'exec-root': path.join(this.folder, 'run'),
      pidfile: this.#pidFile,
      'cgroup-parent': this.cgroup,
      'exec-opts': ['native.cgroupdriver=cgroupfs'],
      bip: `198.18.${20 + this.index}.1/24`,
      'default-address-pools': [{ base: `198.18.${128 + this.index * 8}.0/21`, size: 24 }],
      // A name that nobody knows is to be refused, as it is elsewhere; the resolver of this machine would be silent.
      dns: [SWITCH_ADDRESS],
      'log-level': 'warn',
    };
  }
}

/** An engine and its containers are in mount namespaces of their own, in which this folder is mounted; nobody else is. */
async function processesWithMountsOf(folder: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const mounts = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '');
      return mounts.includes(folder) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}
