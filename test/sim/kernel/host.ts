import type { CancelTimer, Random } from '@panal/runtime';
import { SimulatedDisk } from './disk.js';
import { DATAGRAM_BACKLOG_MAX, type Endpoint } from './link.js';
import type { SimulatedNetwork } from './network.js';
import { NodeClock } from './node-clock.js';
import type { Simulation } from './simulation.js';

/**
 * A process under test. It acts only when it is called, and reaches the world only through its `NodeWorld`; a kill drops
 * the object with everything in it, and a restart makes another one that finds the same disk.
 */
export interface SimulatedNode {
  /** The process begins: it may read its disk and set timers. */
  start(): void;
  onMessage(from: string, bytes: Buffer): void;
  onDatagram(from: string, bytes: Buffer): void;
  onStreamDown(peer: string): void;
}

/** What one life of a process can use. After its death every call does nothing. */
export interface NodeWorld {
  readonly name: string;
  readonly clock: NodeClock;
  readonly random: Random;
  readonly disk: SimulatedDisk;
  after(delayMs: number, run: () => void): CancelTimer;
  every(intervalMs: number, run: () => void): void;
  send(to: string, bytes: Buffer): void;
  datagram(to: string, bytes: Buffer): void;
  /** Calls back when what was written to the disk is safe from a crash of the machine. */
  sync(done: () => void): void;
  note(what: string): void;
  /** The process ends itself; whoever supervises it may start it again. */
  exit(): void;
}

/** How a process dies: alone, or with its machine, which loses what the disk had not synced and tells nobody. */
export type Death = 'process' | 'machine';

type HostState = 'off' | 'running' | 'paused';

/** A machine with a disk, a clock, and at most one process. */
export class SimulatedHost<Node extends SimulatedNode = SimulatedNode> implements Endpoint {
  readonly disk: SimulatedDisk;
  readonly clock: NodeClock;
  #state: HostState = 'off';
  #node: Node | undefined;
  #life = 0;
  #backlog: (() => void)[] = [];
  #backlogDatagrams = 0;

  constructor(
    readonly name: string,
    private readonly options: {
      readonly simulation: Simulation;
      readonly network: SimulatedNetwork;
      readonly create: (world: NodeWorld) => Node;
      readonly onExit?: (host: SimulatedHost<Node>) => void;
    },
  ) {
    this.disk = new SimulatedDisk(options.simulation, name);
    this.clock = new NodeClock(options.simulation);
  }

  /** The living process; also while it stands still. */
  get node(): Node | undefined {
    return this.#node;
  }

  get state(): HostState {
    return this.#state;
  }

  start(): Node {
    const { network, simulation, create } = this.options;
    if (this.#node !== undefined) return this.#node;
    this.#life += 1;
    this.#state = 'running';
    simulation.note(this.name, 'starts');
    const node = create(this.#world());
    this.#node = node;
    network.attach(this.name, this);
    node.start();
    return node;
  }

  kill(death: Death): void {
    if (this.#node === undefined) return;
    this.options.simulation.note(this.name, `dies (${death})`);
    this.#node = undefined;
    this.#state = 'off';
    this.#life += 1;
    this.#backlog = [];
    this.#backlogDatagrams = 0;
    this.options.network.detach(this.name, { isSilent: death === 'machine' });
    if (death === 'machine') this.disk.crash();
  }

  /** SIGSTOP: the machine still takes what arrives, the process does nothing, time goes on. */
  pause(): void {
    if (this.#state !== 'running') return;
    this.options.simulation.note(this.name, 'stands still');
    this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.options.simulation.note(this.name, 'goes on');
    this.#state = 'running';
    this.#backlogDatagrams = 0;
    const life = this.#life;
    for (const run of this.#backlog.splice(0)) this.#whenRunning(life, run);
  }

  onMessage(from: string, bytes: Buffer): void {
    this.#whenRunning(this.#life, () => this.#node?.onMessage(from, bytes));
  }

  onDatagram(from: string, bytes: Buffer): void {
    if (this.#state === 'paused') {
      if (this.#backlogDatagrams >= DATAGRAM_BACKLOG_MAX) return;
      this.#backlogDatagrams += 1;
    }
    this.#whenRunning(this.#life, () => this.#node?.onDatagram(from, bytes));
  }

  onStreamDown(peer: string): void {
    this.#whenRunning(this.#life, () => this.#node?.onStreamDown(peer));
  }

  #exit(): void {
    this.kill('process');
    this.options.onExit?.(this);
  }

  #whenRunning(life: number, run: () => void): void {
    if (life !== this.#life) return;
    if (this.#state === 'paused') this.#backlog.push(() => this.#whenRunning(life, run));
    else run();
  }

  #world(): NodeWorld {
    const { simulation, network } = this.options;
    const life = this.#life;
    const isAlive = () => life === this.#life;
    const after = (delayMs: number, run: () => void): CancelTimer => {
      let isCancelled = false;
      const cancel = simulation.after(delayMs, () =>
        this.#whenRunning(life, () => {
          if (!isCancelled) run();
        }),
      );
      return () => {
        isCancelled = true;
        cancel();
      };
    };
    const every = (intervalMs: number, run: () => void): void => {
      after(intervalMs, () => {
        run();
        if (isAlive()) every(intervalMs, run);
      });
    };
    return {
      name: this.name,
      clock: this.clock,
      random: simulation.random(`${this.name} life ${life}`),
      disk: this.disk,
      after,
      every,
      send: (to, bytes) => isAlive() && network.send(this.name, to, bytes),
      datagram: (to, bytes) => isAlive() && network.datagram(this.name, to, bytes),
      sync: (done) => isAlive() && this.disk.sync(() => this.#whenRunning(life, done)),
      note: (what) => isAlive() && simulation.note(this.name, what),
      exit: () => isAlive() && this.#exit(),
    };
  }
}
