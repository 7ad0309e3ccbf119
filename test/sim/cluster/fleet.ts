import { type RecordLifetimes, type ReplicaTable } from '@panal/cluster';
import type { Random } from '@panal/runtime';
import { type DiskImage, FAST_DISK } from '../kernel/disk.js';
import { pick, sample } from '../kernel/draw.js';
import { type Death, type NodeWorld, SimulatedHost } from '../kernel/host.js';
import type { SimulatedNetwork } from '../kernel/network.js';
import type { Simulation } from '../kernel/simulation.js';
import { RECORDS_FILE, tableOnDisk } from './record-log.js';
import type { TrackerNode } from './tracker-node.js';

/**
 * How a tracker comes back. intact: with its disk. amnesia: with an empty one, so as somebody new at the old address.
 * recordless: it still knows who it is, and nothing else. stale: with a backup of its disk. never: somebody else takes its
 * place.
 */
export const COMEBACKS = ['intact', 'amnesia', 'recordless', 'stale', 'never'] as const;
export type Comeback = (typeof COMEBACKS)[number];

/** After this whoever supervises the processes starts one again that ended by itself. */
const SUPERVISOR_MS = 1000;

export interface FleetOptions {
  readonly simulation: Simulation;
  readonly network: SimulatedNetwork;
  readonly create: (world: NodeWorld, seeds: readonly string[]) => TrackerNode;
  /** Largest error of a wall clock at the start, ms. */
  readonly skewMs: number;
  readonly lives: RecordLifetimes;
  /** A machine got an older state of its disk back. */
  readonly onSetBack: (name: string) => void;
}

/** The machines of the cluster, and who of them runs. Machines are never reused under another name. */
export class Fleet {
  readonly hosts: SimulatedHost<TrackerNode>[] = [];
  readonly #sleeping = new Map<string, ReplicaTable>();
  readonly #comebacks = new Set<() => void>();
  readonly #images = new Map<string, DiskImage>();
  readonly #gone = new Set<string>();
  readonly #random: Random;

  constructor(private readonly options: FleetOptions) {
    this.#random = options.simulation.random('fleet');
  }

  /** Machines that are part of the cluster or come back to it. */
  get present(): readonly SimulatedHost<TrackerNode>[] {
    return this.hosts.filter(({ name }) => !this.#gone.has(name));
  }

  /** Processes that exist; those that stand still included. */
  get living(): readonly TrackerNode[] {
    return this.hosts.flatMap(({ node }) => (node === undefined ? [] : [node]));
  }

  /** Hosts whose process runs, and is not on its way out. */
  get running(): readonly SimulatedHost<TrackerNode>[] {
    return this.hosts.filter(({ state, node }) => state === 'running' && node?.isLeaving === false);
  }

  add(): SimulatedHost<TrackerNode> {
    const name = `t${this.hosts.length + 1}`;
    const { simulation, network, create, skewMs } = this.options;
    const host = new SimulatedHost<TrackerNode>(name, {
      simulation,
      network,
      create: (world) =>
        create(
          world,
          this.present.map((other) => other.name),
        ),
      onExit: (exited) => this.#comeBackLater(exited, 'intact', SUPERVISOR_MS),
    });
    host.clock.skew((this.#random.below(2001) / 1000 - 1) * skewMs, (this.#random.below(201) - 100) / 1e6);
    this.hosts.push(host);
    host.start();
    return host;
  }

  /** Keeps what is on the disk now, for a comeback as `stale`. */
  backUp(host: SimulatedHost<TrackerNode>): void {
    this.#images.set(host.name, host.disk.image());
  }

  /** @param afterMs When it comes back, if it does, or when another one takes its place. */
  kill(host: SimulatedHost<TrackerNode>, death: Death, comeback: Comeback, afterMs: number): void {
    host.kill(death);
    this.#sleeping.delete(host.name);
    this.options.simulation.note(host.name, `comes back ${comeback} after ${afterMs.toFixed(0)} ms`);
    if (comeback === 'never') this.#gone.add(host.name);
    if (comeback === 'amnesia') host.disk.wipe();
    if (comeback === 'recordless') host.disk.rewrite(RECORDS_FILE, []);
    const image = this.#images.get(host.name);
    if (comeback === 'stale' && image !== undefined) {
      host.disk.restore(image);
      this.options.onSetBack(host.name);
    }
    this.#comeBackLater(host, comeback, afterMs);
  }

  #comeBackLater(host: SimulatedHost<TrackerNode>, comeback: Comeback, afterMs: number): void {
    const comeBack = (): void => {
      if (!this.#comebacks.delete(comeBack)) return;
      if (comeback === 'never') this.add();
      else host.start();
    };
    this.#comebacks.add(comeBack);
    this.options.simulation.after(afterMs, comeBack);
  }

  /** Everybody who is down or stands still is back at once, with disks that work. */
  restore(): void {
    for (const comeBack of this.#comebacks) comeBack();
    for (const host of this.present) {
      host.resume();
      host.disk.speed = FAST_DISK;
    }
  }

  /** A tracker takes its leave; it goes when the others have everything, and that may take as long as they are cut off. */
  leave(host: SimulatedHost<TrackerNode>): void {
    this.options.simulation.note(host.name, 'is told to leave');
    host.node?.leave((isHandedOver) => {
      if (isHandedOver) {
        host.kill('process');
        this.#gone.add(host.name);
      } else this.kill(host, 'process', 'intact', SUPERVISOR_MS);
    });
  }

  /** Tables as they are on the disks of those who are down and come back with them. */
  sleepingTables(): readonly ReplicaTable[] {
    return this.hosts.flatMap((host) => {
      if (host.state !== 'off' || this.#gone.has(host.name)) return [];
      const known = this.#sleeping.get(host.name) ?? tableOnDisk(host.disk, this.options.lives);
      this.#sleeping.set(host.name, known);
      return [known];
    });
  }

  anyRunning(): SimulatedHost<TrackerNode> | undefined {
    return pick(this.#random, this.running);
  }

  someRunning(count: number): SimulatedHost<TrackerNode>[] {
    return sample(this.#random, this.running, count);
  }
}
