import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { attempt, command } from './command.js';
import type { LabHost } from './lab-network.js';

/** Where a machine of the lab has a disk of its own, as its containers see it. */
export const MACHINE_CONTENT = '/mnt/content';

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
  ) {}

  /** What the machine has at MACHINE_CONTENT, as this process sees it. */
  get contentFolder(): string {
    return path.join(this.folder, 'content');
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
      'mount -t tmpfs none /mnt',
      `mkdir ${MACHINE_CONTENT}`,
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
    const pids = (await attempt(['ip', 'netns', 'pids', this.host.namespace])) ?? '';
    await this.#signalAll(pids, 'KILL');
    await this.#signalAll(await this.#descendants(), 'KILL');
    await this.#end('SIGKILL');
  }

  /** Stops time for the engine and its containers; `resume` lets it go on. */
  async pause(): Promise<void> {
    await this.#signalAll(await this.#descendants(), 'STOP');
  }

  async resume(): Promise<void> {
    await this.#signalAll(await this.#descendants(), 'CONT');
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

  /** The engine, its containerd, the shims and what runs in the containers, wherever they moved in the process tree. */
  async #descendants(): Promise<string> {
    return (await attempt(['pgrep', '-f', `${this.folder}/`])) ?? '';
  }

  async #signalAll(pids: string, signal: string): Promise<void> {
    const list = pids.split(/\s+/).filter((pid) => pid !== '' && Number(pid) !== process.pid);
    if (list.length > 0) await attempt(['kill', `-${signal}`, ...list]);
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
      bip: `198.18.${20 + this.index}.1/24`,
      'default-address-pools': [{ base: `198.18.${128 + this.index * 8}.0/21`, size: 24 }],
      'log-level': 'warn',
    };
  }
}
