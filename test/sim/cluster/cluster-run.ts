import { compareRecords } from '@panal/cluster';
import type { Random } from '@panal/runtime';
import { PROTOCOL_VERSION } from '@panal/wire';
import { isHit, sample } from '../kernel/draw.js';
import { SimulationFailure } from '../kernel/failure.js';
import { SimulatedHost } from '../kernel/host.js';
import { Nemesis } from '../kernel/nemesis.js';
import { SimulatedNetwork } from '../kernel/network.js';
import { Simulation } from '../kernel/simulation.js';
import { Client } from './client.js';
import { holders } from './copies.js';
import { ClusterFaults } from './faults.js';
import { Fleet } from './fleet.js';
import { History, type KeyHistory, SAFE_COPY_COUNT, type Version } from './history.js';
import { ConvergenceCheck } from './invariant-converged.js';
import { coordinatorFault } from './invariant-coordinator.js';
import { wrongDigestSlot } from './invariant-digests.js';
import { type CopiesCheck, lostDegradedKeys, lostKeys } from './invariant-lost.js';
import { buryAndFindRisen, staleKey } from './invariant-values.js';
import { Operator } from './operator.js';
import type { SeedReport } from './report.js';
import { ServedProbe } from './served-probe.js';
import { type ClusterRunOptions, type ClusterSettings, drawSettings, type Invariant } from './settings.js';
import { TrackerNode } from './tracker-node.js';
import { Workload } from './workload.js';
import { Wounds } from './wounds.js';

const CLIENT_NAMES = ['c1', 'c2', 'c3', 'c4'];
/** A cluster that starts together is whole by then. */
const FORMATION_MS = 30_000;
/** Time for healing, whatever came before. Beyond it the invariant is broken. */
const HEALING_MS_MAX = 10_000;
/** The product keeps what others own for a minute when many went at once, lest a split network is taken for deaths. */
const TIDYING_MS_MAX = 80_000;
const LOOK_INTERVAL_MS = 100;
/** Within it every queue of a cluster in peace is empty at some moment. */
const DRAIN_MS_MAX = 3000;
const WATCH_INTERVAL_MS = 3000;
/** Requests that were under way when the clients stopped end within this. */
const LAST_REQUESTS_MS = 12_000;
/** Longer than any lease of a coordinator and the age it must have. */
const STABLE_MS = 45_000;
/** Allowed beyond the clocks' errors for a record that is on its way, or about to be swept. */
const CLOCK_SLACK_MS = 200;

/** One seed of the cluster model: rounds of trouble, each followed by calm in which everything must come right again. */
export class ClusterRun {
  readonly simulation: Simulation;
  readonly settings: ClusterSettings;
  readonly history = new History();
  readonly fleet: Fleet;
  readonly network: SimulatedNetwork;
  readonly #clients: readonly SimulatedHost<Client>[];
  readonly #faults: ClusterFaults;
  readonly #nemesis: Nemesis;
  readonly #workload: Workload;
  readonly #convergence = new ConvergenceCheck();
  readonly #healingMs: number[] = [];
  readonly #probe: ServedProbe;
  readonly #wounds = new Wounds();
  readonly #operator: Operator;
  readonly #versions: Random;
  #pairKillCount = 0;
  #olderCount = 0;
  #lostDegradedCount = 0;

  constructor(options: ClusterRunOptions) {
    const simulation = new Simulation(options.seed);
    this.simulation = simulation;
    this.#versions = simulation.random('versions');
    this.settings = drawSettings(options, simulation.random('settings'));
    this.network = new SimulatedNetwork(simulation, this.settings.quality);
    this.#probe = new ServedProbe({ simulation, history: this.history, settings: this.settings });
    this.fleet = new Fleet({
      simulation,
      network: this.network,
      skewMs: this.settings.skewMs,
      lives: this.settings.lives,
      create: (world, seeds) => new TrackerNode(world, { ...this.#drawVersion(), seeds }),
      onSetBack: (name) => this.#probe.setBack(name),
    });
    this.#operator = new Operator(simulation, this.fleet);
    this.#clients = CLIENT_NAMES.map((name) => this.#makeClient(name));
    this.#faults = this.#makeFaults();
    this.#nemesis = new Nemesis(simulation, this.#faults.faults(), { alwaysOn: this.settings.alwaysOn });
    this.#workload = new Workload({
      simulation,
      history: this.history,
      clients: this.#clients.map((host) => host.start()),
      operationsPerSecond: this.settings.operationsPerSecond,
      softLifeMs: this.settings.lives.softMs,
    });
  }

  /** @throws SimulationFailure when an invariant does not hold. */
  run(): SeedReport {
    for (let count = 0; count < this.settings.trackerCount; count += 1) this.fleet.add();
    this.#awaitConvergence(FORMATION_MS);
    this.#watch();
    for (let round = 0; round < this.settings.roundCount; round += 1) this.#round();
    if (this.settings.hasEpilogue) this.#epilogue();
    return this.#report();
  }

  /** A long calm: copies of others go, and a coordinator comes. */
  #epilogue(): void {
    this.#operator.leaveOne();
    this.#awaitConvergence(TIDYING_MS_MAX, true);
    this.simulation.runUntil(this.simulation.nowMs + STABLE_MS);
    this.#checkCalm();
    this.#expect('I7', coordinatorFault(this.fleet.living));
  }

  #round(): void {
    this.#workload.start();
    this.#nemesis.start();
    if (this.settings.hasOperator) this.#operator.start();
    this.simulation.runUntil(this.simulation.nowMs + this.settings.troubleMs);
    this.#nemesis.stop();
    this.#operator.stop();
    this.#workload.stop();
    this.network.mendAll();
    this.fleet.restore();
    this.#faults.calm();
    this.simulation.note('checker', 'heal');
    this.#healingMs.push(this.#awaitConvergence(HEALING_MS_MAX));
    this.simulation.runUntil(this.simulation.nowMs + LAST_REQUESTS_MS);
    this.#awaitConvergence(HEALING_MS_MAX);
    this.#checkCalm();
  }

  #checkCalm(): void {
    const check = this.#check();
    this.#checkLost();
    this.#lostDegradedCount += lostDegradedKeys(check).length;
    for (const history of this.history.keys.values()) history.degradedFloor = undefined;
    this.#expect('I3', buryAndFindRisen(check));
    this.#expect('I4', staleKey(check));
    for (const tracker of this.fleet.living) this.#checkDigests(tracker);
    this.#awaitEmptyQueues();
  }

  /** Copies are compared in the calm, too, so that a little may wait at any moment; but nothing for long. */
  #awaitEmptyQueues(): void {
    const untilMs = this.simulation.nowMs + DRAIN_MS_MAX;
    for (let full = this.fleet.living; full.length > 0; ) {
      full = full.filter((tracker) => tracker.overfullQueue(true) !== undefined);
      if (this.simulation.nowMs >= untilMs) return this.#expect('I8', full[0]?.overfullQueue(true));
      this.simulation.runUntil(this.simulation.nowMs + LOOK_INTERVAL_MS);
    }
  }

  /** What can be seen at any moment, looked at now and then. */
  #watch(): void {
    this.simulation.after(WATCH_INTERVAL_MS, () => {
      this.#checkLost();
      const tracker = this.fleet.anyRunning()?.node;
      if (tracker !== undefined) this.#checkDigests(tracker);
      for (const one of this.fleet.living) this.#expect('I8', one.overfullQueue(false));
      this.#watch();
    });
  }

  #checkLost(): void {
    const lost = lostKeys(this.#check()).filter((history) => !this.#isAsleep(history));
    const [first] = lost;
    if (first === undefined) return;
    const { floor } = first;
    const detail = `${lost.length} keys lost, e.g. ${first.name} (slot ${first.slot}) operation ${floor?.operation}`;
    this.#expect(
      'I1',
      `${detail}, stamped at ${floor?.stampedAtMs.toFixed(1)}, acknowledged with ${floor?.copies} copies`,
    );
  }

  /** It is on the disk of a tracker that comes back. */
  #isAsleep({ key, slot, floor }: KeyHistory): boolean {
    return this.fleet.sleepingTables().some((table) => {
      const copy = table.get(key, slot);
      return copy !== undefined && floor !== undefined && compareRecords(copy, floor.record) >= 0;
    });
  }

  #checkDigests(tracker: TrackerNode): void {
    const slot = wrongDigestSlot(tracker);
    this.#expect('I6', slot === undefined ? undefined : `${tracker.name} has a wrong digest of slot ${slot}`);
  }

  #awaitConvergence(withinMs: number, isTidy = false): number {
    const sinceMs = this.simulation.nowMs;
    for (;;) {
      const fault = this.#convergence.fault(this.#check(), isTidy);
      const tookMs = this.simulation.nowMs - sinceMs;
      if (fault === undefined) return tookMs;
      if (tookMs >= withinMs) {
        this.#expect('I2', `not after ${tookMs.toFixed(0)} ms: ${fault}`);
        return tookMs;
      }
      this.simulation.runUntil(this.simulation.nowMs + (isTidy ? WATCH_INTERVAL_MS : LOOK_INTERVAL_MS));
    }
  }

  #expect(invariant: Invariant, fault: string | undefined): void {
    if (fault !== undefined && this.settings.invariants?.includes(invariant) !== false)
      throw new SimulationFailure(invariant, fault, this.simulation);
  }

  #check(): CopiesCheck {
    return {
      history: this.history,
      trackers: this.fleet.living,
      lives: this.settings.lives,
      nowMs: this.simulation.nowMs,
      marginMs: 2 * this.settings.skewMs + 2 * CLOCK_SLACK_MS,
    };
  }

  /** The cruellest moment: the client has just been told that its write is safe. */
  #onAck(version: Version, history: KeyHistory): void {
    this.#wounds.noteAck(history, version);
    if (!this.#faults.isArmed || (version.copies ?? 0) < SAFE_COPY_COUNT) return;
    if (!this.#wounds.areMended(this.#check())) return;
    this.#faults.isArmed = false;
    const names = new Set(holders(this.fleet.living, history, version).map(({ name }) => name));
    const candidates = this.fleet.running.filter(({ name }) => names.has(name));
    const pair = sample(this.simulation.random(`pair ${this.simulation.eventCount}`), candidates, 2);
    if (pair.length === 2) this.#faults.killPair(pair);
  }

  #onDeaths(count: number): void {
    if (count === 2) this.#pairKillCount += 1;
    if (count === Number.POSITIVE_INFINITY) this.history.excuseSoft();
    this.#wounds.noteDeaths(this.#check());
    this.#checkLost();
  }

  #makeClient(name: string): SimulatedHost<Client> {
    const { simulation, network } = this;
    return new SimulatedHost(name, {
      simulation,
      network,
      create: (world) =>
        new Client(world, {
          history: this.history,
          trackers: () => this.fleet.present.map((host) => host.name),
          onAck: (version, history) => this.#onAck(version, history),
        }),
    });
  }

  #makeFaults(): ClusterFaults {
    const { simulation, network, fleet, settings } = this;
    return new ClusterFaults(
      {
        simulation,
        network,
        fleet,
        settings,
        isMended: () => this.#wounds.areMended(this.#check()),
        onDeaths: (count) => this.#onDeaths(count),
      },
      { clientNames: CLIENT_NAMES },
    );
  }

  /** Each start anew: so there are upgrades, and ways back. */
  #drawVersion() {
    const { settings } = this;
    const isOlder = settings.isMixed && isHit(this.#versions, 0.5);
    if (isOlder) this.#olderCount += 1;
    return { settings, probe: this.#probe, protocolMax: isOlder ? PROTOCOL_VERSION - 1 : PROTOCOL_VERSION };
  }

  #report(): SeedReport {
    const { history, simulation, network } = this;
    return {
      seed: simulation.seed,
      hash: simulation.trace.hash,
      virtualMs: simulation.nowMs,
      trackerCount: this.settings.trackerCount,
      writes: history.writeCount,
      refused: history.refusedCount,
      acksByCopies: Object.fromEntries([...history.acksByCopies].sort(([one], [other]) => one - other)),
      faults: this.#nemesis.counts,
      pairKills: this.#pairKillCount,
      olderStarts: this.#olderCount,
      cordonOrders: this.#operator.orderCount,
      lost: 0,
      lostDegraded: this.#lostDegradedCount,
      reads: this.#probe.servedCount,
      healingMs: this.#healingMs,
      messages: network.counters.messages,
      datagrams: network.counters.datagrams,
      events: simulation.eventCount,
    };
  }
}
