import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from './command.js';
import type { Engine } from './engine.js';

/** To replace each tracker three times takes longest. */
const SCRIPT_TIMEOUT_MS = 900_000;
const CHECKOUT = '/mnt/checkout';
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The machines that one script may speak of. */
export interface Neighbourhood {
  /** Of the lab. */
  readonly folder: string;
  readonly engines: readonly Engine[];
}

export interface ShellOptions {
  /** This machine's network or, for what needs a registry, the one of the process. Default: this machine's. */
  readonly network?: 'machine' | 'outside';
}

/** A person at a machine of the lab, in a checkout of Panal that nobody else sees. */
export class Machine {
  private constructor(
    readonly engine: Engine,
    private readonly path: string,
  ) {}

  static async open(engine: Engine, { folder, engines }: Neighbourhood): Promise<Machine> {
    const bin = path.join(folder, 'bin');
    await mkdir(bin, { recursive: true });
    const hosts = engines.map(({ host }) => `${host.address} ${host.name}`);
    await writeFile(path.join(folder, 'hosts'), ['127.0.0.1 localhost', ...hosts, ''].join('\n'));
    // Whoever reaches a machine by ssh reaches its engine.
    await program(bin, 'ssh', `machine=$1; shift; DOCKER_HOST=unix://${folder}/$machine/docker.sock exec "$@"`);
    await program(bin, 'sudo', 'exec "$@"');
    const machine = new Machine(engine, bin);
    const upper = path.join(engine.folder, 'checkout');
    const work = path.join(engine.folder, 'checkout-work');
    await Promise.all([mkdir(upper, { recursive: true }), mkdir(work, { recursive: true })]);
    await machine.#enter(
      [
        `mkdir -p ${CHECKOUT}`,
        `mount -t overlay overlay -o lowerdir=${root},upperdir=${upper},workdir=${work} ${CHECKOUT}`,
        `mount --bind ${folder}/hosts /etc/hosts`,
      ].join('\n'),
      {},
    );
    return machine;
  }

  /** Runs a script in the checkout. @returns What it wrote. @throws with that when any of it fails */
  run(script: string, options: ShellOptions = {}): Promise<string> {
    return this.#enter(`cd ${CHECKOUT}\n${script}`, options);
  }

  #enter(script: string, { network = 'machine' }: ShellOptions): Promise<string> {
    const spaces = ['--mount', '--uts', ...(network === 'machine' ? ['--net'] : [])];
    const env = { ...process.env, PATH: `${this.path}:${process.env.PATH}`, DOCKER_HOST: this.engine.socketUrl };
    const words = ['nsenter', '--target', String(this.engine.pid), ...spaces, 'bash', '-euo', 'pipefail', '-c', script];
    return command(words, { env, timeoutMs: SCRIPT_TIMEOUT_MS });
  }
}

async function program(folder: string, name: string, script: string): Promise<void> {
  const file = path.join(folder, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}
