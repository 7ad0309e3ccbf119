import type { Random } from '@panal/runtime';
import { between, isHit, waitMs } from './draw.js';
import type { Simulation } from './simulation.js';

/** One kind of trouble. */
export interface Fault {
  readonly kind: string;
  /** Mean time between two of them at the middle of the drawn rates. */
  readonly meanIntervalMs: number;
  /** Does it, or returns false when there is nothing to do it to. What has to end later, it ends by itself. */
  readonly inject: () => boolean;
}

/** A part of all faults is on in each seed ("swarm testing"): one kind that drowns out the others is off in half the seeds. */
const FAULT_ON_RATE = 0.5;
const RATE_FACTOR_MIN = 0.4;
const RATE_FACTOR_MAX = 2.5;

/**
 * Draws, per seed, which faults happen and how often, and then lets them happen.
 * @see Groce et al., "Swarm Testing", 2012
 */
export class Nemesis {
  readonly #counts = new Map<string, number>();
  readonly #intervals = new Map<string, number>();
  readonly #random: Random;
  #isOn = false;

  constructor(
    private readonly simulation: Simulation,
    private readonly faults: readonly Fault[],
    options: { readonly alwaysOn?: readonly string[] } = {},
  ) {
    this.#random = simulation.random('nemesis');
    for (const { kind, meanIntervalMs } of faults) {
      const isOn = isHit(this.#random, FAULT_ON_RATE) || options.alwaysOn?.includes(kind) === true;
      const factor = between(this.#random, RATE_FACTOR_MIN, RATE_FACTOR_MAX);
      if (isOn) this.#intervals.set(kind, meanIntervalMs * factor);
    }
  }

  /** The kinds that this seed has. */
  get enabled(): readonly string[] {
    return [...this.#intervals.keys()];
  }

  /** How often each kind happened. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  start(): void {
    this.#isOn = true;
    for (const fault of this.faults) {
      const meanMs = this.#intervals.get(fault.kind);
      if (meanMs !== undefined) this.#plan(fault, meanMs);
    }
  }

  stop(): void {
    this.#isOn = false;
  }

  #plan(fault: Fault, meanMs: number): void {
    this.simulation.after(waitMs(this.#random, meanMs), () => {
      if (!this.#isOn) return;
      if (fault.inject()) this.#counts.set(fault.kind, (this.#counts.get(fault.kind) ?? 0) + 1);
      this.#plan(fault, meanMs);
    });
  }
}
