import type { Random } from '@panal/runtime';
import { FAST_DISK } from '../kernel/disk.js';
import { between, isHit, pick, sample } from '../kernel/draw.js';
import type { SimulatedHost } from '../kernel/host.js';
import type { Fault } from '../kernel/nemesis.js';
import type { SimulatedNetwork } from '../kernel/network.js';
import type { Simulation } from '../kernel/simulation.js';
import { COMEBACKS, type Comeback, type Fleet } from './fleet.js';
import type { ClusterSettings } from './settings.js';
import type { TrackerNode } from './tracker-node.js';

type Host = SimulatedHost<TrackerNode>;

/** The two deaths that the cluster must survive at any moment, and the other troubles of its life. */
export interface FaultOptions {
  readonly simulation: Simulation;
  readonly network: SimulatedNetwork;
  readonly fleet: Fleet;
  readonly settings: ClusterSettings;
  /** Whether what the last deaths took is on three living trackers again: only then may the next two die. */
  readonly isMended: () => boolean;
  readonly onDeaths: (count: number) => void;
}

/** Names of the machines that clients run on; partitions put them on either side, too. */
export interface FaultTargets {
  readonly clientNames: readonly string[];
}

const DOWN_MS = { min: 20, max: 9000 };
const PAUSE_MS = { min: 200, max: 12_000 };
const CUT_MS = { min: 100, max: 15_000 };
const TROUBLED_LINE_MS = { min: 1000, max: 10_000 };

/** Everything that can happen to a cluster, with how often it does. What needs an end plans it. */
export class ClusterFaults {
  readonly #random: Random;
  /** Set when the next acknowledged write shall cost two of its holders their lives. */
  isArmed = false;
  #cutCount = 0;

  constructor(
    private readonly options: FaultOptions,
    private readonly targets: FaultTargets,
  ) {
    this.#random = options.simulation.random('cluster faults');
  }

  /** No cut was made since `calm`. */
  get isConnected(): boolean {
    return this.#cutCount === 0;
  }

  calm(): void {
    this.isArmed = false;
    this.#cutCount = 0;
  }

  faults(): readonly Fault[] {
    return [
      { kind: 'pairKill', meanIntervalMs: 3000, inject: () => this.#pairKill() },
      { kind: 'pairKillAtAck', meanIntervalMs: 3000, inject: () => this.#arm() },
      { kind: 'kill', meanIntervalMs: 15_000, inject: () => this.#kill() },
      { kind: 'powerCut', meanIntervalMs: 90_000, inject: () => this.#powerCut() },
      { kind: 'pause', meanIntervalMs: 10_000, inject: () => this.#pause() },
      { kind: 'partition', meanIntervalMs: 20_000, inject: () => this.#partition() },
      { kind: 'oneWayCut', meanIntervalMs: 15_000, inject: () => this.#oneWayCut() },
      { kind: 'badLine', meanIntervalMs: 10_000, inject: () => this.#badLine() },
      { kind: 'slowDisk', meanIntervalMs: 15_000, inject: () => this.#slowDisk() },
      { kind: 'clockStep', meanIntervalMs: 10_000, inject: () => this.#clockStep() },
      { kind: 'join', meanIntervalMs: 20_000, inject: () => this.#join() },
      { kind: 'leave', meanIntervalMs: 20_000, inject: () => this.#leave() },
      { kind: 'backup', meanIntervalMs: 10_000, inject: () => this.#backUp() },
    ];
  }

  /** Both at once. Whatever they come back with, the third copy has to do. */
  killPair(pair: readonly Host[]): void {
    for (const host of pair) this.#killOne(host);
    this.options.onDeaths(pair.length);
  }

  #pairKill(): boolean {
    if (!this.options.isMended()) return false;
    const pair = this.options.fleet.someRunning(2);
    if (pair.length < 2) return false;
    this.killPair(pair);
    return true;
  }

  #arm(): boolean {
    this.isArmed = true;
    return true;
  }

  #kill(): boolean {
    const host = this.options.fleet.anyRunning();
    if (host === undefined || !this.options.isMended()) return false;
    this.#killOne(host);
    this.options.onDeaths(1);
    return true;
  }

  #killOne(host: Host): void {
    const comeback = pick(this.#random, COMEBACKS) as Comeback;
    const death = isHit(this.#random, 0.5) ? 'machine' : 'process';
    this.options.fleet.kill(host, death, comeback, between(this.#random, DOWN_MS.min, DOWN_MS.max));
  }

  /** All machines at once; the disks stay. What was acknowledged as durable must be there afterwards. */
  #powerCut(): boolean {
    const { fleet } = this.options;
    if (!this.options.isMended()) return false;
    for (const host of fleet.present) {
      if (host.node === undefined) continue;
      fleet.kill(host, 'machine', 'intact', between(this.#random, DOWN_MS.min, DOWN_MS.max));
    }
    this.options.onDeaths(Number.POSITIVE_INFINITY);
    return true;
  }

  #pause(): boolean {
    const host = this.options.fleet.anyRunning();
    if (host === undefined) return false;
    host.pause();
    this.options.simulation.after(between(this.#random, PAUSE_MS.min, PAUSE_MS.max), () => host.resume());
    this.#cutCount += 1;
    return true;
  }

  #partition(): boolean {
    const { network, simulation, fleet } = this.options;
    const names = sample(this.#random, this.#names(), Number.POSITIVE_INFINITY);
    const trackers = fleet.present.map(({ name }) => name);
    const cutAt = 1 + this.#random.below(Math.max(1, trackers.length - 1));
    const oneSide = new Set(sample(this.#random, trackers, cutAt));
    const groups = [
      names.filter((name) => oneSide.has(name) || (!trackers.includes(name) && isHit(this.#random, 0.5))),
    ];
    groups.push(names.filter((name) => groups[0]?.includes(name) !== true));
    simulation.note('network', `splits into ${groups.map((group) => `{${group.join(' ')}}`).join(' ')}`);
    const cuts = names.flatMap((from) =>
      names
        .filter((to) => groups.every((group) => !group.includes(from) || !group.includes(to)))
        .map((to) => [from, to]),
    );
    for (const [from = '', to = ''] of cuts) network.cut(from, to);
    this.#cutCount += 1;
    simulation.after(between(this.#random, CUT_MS.min, CUT_MS.max), () => {
      simulation.note('network', 'is whole again');
      for (const [from = '', to = ''] of cuts) network.mend(from, to);
    });
    return true;
  }

  #oneWayCut(): boolean {
    const { network, simulation, fleet } = this.options;
    const [from, to] = sample(this.#random, fleet.present, 2);
    if (from === undefined || to === undefined) return false;
    simulation.note('network', `cuts ${from.name} to ${to.name}`);
    network.cut(from.name, to.name);
    this.#cutCount += 1;
    simulation.after(between(this.#random, CUT_MS.min, CUT_MS.max), () => network.mend(from.name, to.name));
    return true;
  }

  /** One host's lines lose, double and delay. */
  #badLine(): boolean {
    const { network, simulation, fleet, settings } = this.options;
    const host = pick(this.#random, fleet.present);
    if (host === undefined) return false;
    const slowMs = between(this.#random, 1, 200);
    const quality = {
      ...settings.quality,
      latencyMs: { min: slowMs / 3, max: slowMs },
      lossRate: between(this.#random, 0, 0.3),
      duplicateRate: between(this.#random, 0, 0.3),
      lateRate: between(this.#random, 0, 0.5),
    };
    const others = this.#names().filter((name) => name !== host.name);
    const set = (to: typeof quality | undefined): void => {
      for (const other of others) {
        network.setQuality(host.name, other, to);
        network.setQuality(other, host.name, to);
      }
    };
    set(quality);
    simulation.note(host.name, 'has bad lines');
    simulation.after(between(this.#random, TROUBLED_LINE_MS.min, TROUBLED_LINE_MS.max), () => set(undefined));
    return true;
  }

  #slowDisk(): boolean {
    const { simulation, fleet } = this.options;
    const host = fleet.anyRunning();
    if (host === undefined) return false;
    simulation.note(host.name, 'has a slow disk');
    host.disk.speed = { syncMs: { min: 5, max: 200 }, stallRate: 0.05, stallMs: 3000 };
    simulation.after(between(this.#random, TROUBLED_LINE_MS.min, TROUBLED_LINE_MS.max), () => {
      host.disk.speed = FAST_DISK;
    });
    return true;
  }

  /** Within the error that the settings allow. */
  #clockStep(): boolean {
    const { simulation, fleet, settings } = this.options;
    const host = pick(this.#random, fleet.present);
    if (host === undefined || settings.skewMs === 0) return false;
    const byMs = between(this.#random, -settings.skewMs, settings.skewMs) - host.clock.offsetMs;
    host.clock.step(byMs);
    simulation.note(host.name, `has its clock stepped by ${byMs.toFixed(1)} ms`);
    return true;
  }

  #join(): boolean {
    const { fleet, settings } = this.options;
    if (fleet.present.length >= settings.trackerCount + 3) return false;
    fleet.add();
    return true;
  }

  #leave(): boolean {
    const { fleet, settings } = this.options;
    if (fleet.running.length <= Math.max(3, settings.trackerCount - 1)) return false;
    const host = fleet.anyRunning();
    if (host === undefined) return false;
    fleet.leave(host);
    return true;
  }

  #backUp(): boolean {
    const host = this.options.fleet.anyRunning();
    if (host === undefined) return false;
    this.options.fleet.backUp(host);
    return true;
  }

  #names(): readonly string[] {
    return [...this.options.fleet.present.map(({ name }) => name), ...this.targets.clientNames];
  }
}
