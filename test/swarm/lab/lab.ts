import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Engine } from './engine.js';
import { LabNetwork } from './lab-network.js';
import { Reaper } from './reaper.js';

const POLL_MS = 500;

export interface LabShape {
  readonly engines: number;
  /** The first so many engines are managers; none: there is no Swarm yet. */
  readonly managers: number;
}

/** A service as `docker service ls` shows it. */
export interface ServiceView {
  readonly name: string;
  readonly running: number;
  readonly wanted: number;
}

/** Several real Docker engines, each on a machine of its own as far as it can tell, as one Swarm. Needs root. */
export class Lab {
  readonly network: LabNetwork;
  readonly engines: readonly Engine[];
  readonly #reaper: Reaper;

  private constructor(
    private readonly shape: LabShape,
    /** For whatever shall be gone with the lab. */
    readonly folder: string,
  ) {
    const name = `pl${process.pid}`;
    const cgroup = `/panal-lab-${name}`;
    this.network = new LabNetwork(name, shape.engines);
    this.engines = this.network.hosts.map((host, index) => {
      return new Engine(host, path.join(folder, host.name), index + 1, cgroup);
    });
    this.#reaper = new Reaper({ folder, cgroup, namespaces: this.network.namespaces });
  }

  /** Starts the engines and makes them one Swarm. What was begun is removed when a step fails. */
  static async start(shape: LabShape): Promise<Lab> {
    const lab = new Lab(shape, await mkdtemp(path.join(tmpdir(), 'panal-lab-')));
    try {
      await lab.network.build();
      await Promise.all(lab.engines.map((engine) => engine.start()));
      if (shape.managers > 0) await lab.#join();
      return lab;
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  /** The manager that the commands go to: the first that runs. */
  get manager(): Engine {
    return (this.engines.find(({ isRunning }) => isRunning) ?? this.engines[0]) as Engine;
  }

  engine(name: string): Engine {
    const found = this.engines.find(({ host }) => host.name === name);
    if (found === undefined) throw new Error(`the lab has no host ${name}`);
    return found;
  }

  /** Loads an image file into every engine. */
  async loadImage(file: string): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.docker('load', '--quiet', '--input', file)));
  }

  async services(stack: string): Promise<readonly ServiceView[]> {
    const lines = await this.manager.docker(
      'service',
      'ls',
      '--filter',
      `label=com.docker.stack.namespace=${stack}`,
      '--format',
      '{{.Name}} {{.Replicas}}',
    );
    return lines.split('\n').flatMap((line) => {
      const [, name, running, wanted] = /^(\S+) (\d+)\/(\d+)/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, running: Number(running), wanted: Number(wanted) }];
    });
  }

  /** @throws with the state of all tasks when it does not come to that in time */
  async untilSettled(stack: string, timeoutMs: number): Promise<void> {
    await this.until(`all services of ${stack} run`, timeoutMs, async () => {
      const services = await this.services(stack);
      return services.length > 0 && services.every(({ running, wanted }) => running === wanted && wanted > 0);
    });
  }

  /** Looks again and again. @throws with the state of all tasks when `condition` does not come true in time */
  async until(what: string, timeoutMs: number, condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await condition().catch(() => false))) {
      if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms\n${await this.#tasks()}`);
      await wait(POLL_MS);
    }
  }

  /** Runs a command in the container of a service on one engine. */
  async exec(engine: Engine, service: string, ...words: string[]): Promise<string> {
    return engine.docker('exec', await this.container(engine, service), ...words);
  }

  /** The running container of a service on one engine. */
  async container(engine: Engine, service: string): Promise<string> {
    const filter = ['--filter', `label=com.docker.swarm.service.name=${service}`, '--filter', 'status=running'];
    const [id] = (await engine.docker('ps', '--quiet', ...filter)).split('\n');
    if (id === undefined || id === '') throw new Error(`no container of ${service} runs on ${engine.host.name}`);
    return id;
  }

  /** Stops and removes everything. */
  async stop(): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.stop()));
    await this.#reaper.finish();
  }

  async #join(): Promise<void> {
    const [first, ...others] = this.engines as [Engine, ...Engine[]];
    const pool = ['--default-addr-pool', '198.19.0.0/16', '--default-addr-pool-mask-length', '24'];
    await first.docker('swarm', 'init', '--advertise-addr', first.host.address, ...pool);
    const managers = others.slice(0, this.shape.managers - 1);
    // One manager after another: two that join at once may find no majority.
    for (const engine of managers) await this.#joinOne(engine, 'manager');
    await Promise.all(others.slice(managers.length).map((engine) => this.#joinOne(engine, 'worker')));
    await this.until('all machines are ready', 60_000, async () => {
      const states = (await first.docker('node', 'ls', '--format', '{{.Status}}')).split('\n');
      return states.length === this.engines.length && states.every((state) => state === 'Ready');
    });
  }

  async #joinOne(engine: Engine, role: 'manager' | 'worker'): Promise<void> {
    const token = await this.manager.docker('swarm', 'join-token', '--quiet', role);
    const { address } = engine.host;
    await engine.docker(
      'swarm',
      'join',
      '--advertise-addr',
      address,
      '--token',
      token,
      `${this.manager.host.address}:2377`,
    );
  }

  async #tasks(): Promise<string> {
    const ids = (await this.manager.docker('service', 'ls', '--quiet').catch(() => '')).split('\n').filter(Boolean);
    if (ids.length === 0) return 'no services';
    const format = ['--no-trunc', '--format', '{{.Name}} {{.Node}} {{.CurrentState}} {{.Error}}'];
    return this.manager.docker('service', 'ps', ...format, ...ids).catch(String);
  }
}
