import type { Random } from '@panal/runtime';
import { between, pick } from '../kernel/draw.js';
import type { Simulation } from '../kernel/simulation.js';
import type { Fleet } from './fleet.js';
import type { TrackerNode } from './tracker-node.js';

const ORDER_INTERVAL_MS = { min: 1_000, max: 6_000 } as const;

/** Somebody who cordons trackers and ends that while there is trouble. In calm it stays as it is. */
export class Operator {
  readonly #random: Random;
  #isOn = false;
  #round = 0;
  orderCount = 0;

  constructor(
    private readonly simulation: Simulation,
    private readonly fleet: Fleet,
  ) {
    this.#random = simulation.random('operator');
  }

  start(): void {
    this.#isOn = true;
    this.#round += 1;
    this.#orderLater(this.#round);
  }

  stop(): void {
    this.#isOn = false;
  }

  /** With all of them cordoned nobody would coordinate. */
  leaveOne(): void {
    const [first, ...others] = this.fleet.living;
    if (first?.isCordoned === true && others.every(({ isCordoned }) => isCordoned)) this.#order(first, false);
  }

  #orderLater(round: number): void {
    this.simulation.after(between(this.#random, ORDER_INTERVAL_MS.min, ORDER_INTERVAL_MS.max), () => {
      if (!this.#isOn || round !== this.#round) return;
      const tracker = pick(this.#random, this.fleet.running)?.node;
      if (tracker !== undefined) this.#order(tracker, !tracker.isCordoned);
      this.#orderLater(round);
    });
  }

  #order(tracker: TrackerNode, isCordoned: boolean): void {
    this.simulation.note(tracker.name, isCordoned ? 'is cordoned' : 'is cordoned no longer');
    this.orderCount += 1;
    tracker.cordon(isCordoned);
  }
}
