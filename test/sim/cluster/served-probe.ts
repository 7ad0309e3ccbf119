import type { ClusterRecord } from '@panal/cluster';
import { hybridTimeMs } from '@panal/wire';
import { SimulationFailure } from '../kernel/failure.js';
import { EPOCH_MS } from '../kernel/node-clock.js';
import type { Simulation } from '../kernel/simulation.js';
import type { History, Version } from './history.js';
import type { ClusterSettings, Invariant } from './settings.js';
import { isRisen, isServedTooLong, versionOf } from './version-rules.js';

/** How far a stamp may be ahead of the true time because others' clocks are: what the product allows. */
const CLOCK_AHEAD_MAX_MS = 10_000;
const CLOCK_SLACK_MS = 200;

export interface Served {
  readonly tracker: string;
  /** Of the key. */
  readonly name: string;
  /** Undefined: nothing is there. */
  readonly record: ClusterRecord | undefined;
  /** Whether the tracker answers as an owner in sync. Others may know the past only. */
  readonly isAuthoritative: boolean;
}

/** Stands beside every tracker, sees what it stamps and serves, and fails the run at the first thing that must not be. */
export class ServedProbe {
  servedCount = 0;
  /** By origin. */
  readonly #lastStamps = new Map<number, { readonly tracker: string; readonly clock: number }>();

  constructor(
    private readonly options: {
      readonly simulation: Simulation;
      readonly history: History;
      readonly settings: ClusterSettings;
    },
  ) {}

  /** Its disk is as it was before: how far its clock has come since, nobody can know but those it told. */
  setBack(tracker: string): void {
    for (const [origin, last] of this.#lastStamps) if (last.tracker === tracker) this.#lastStamps.delete(origin);
  }

  stamped(tracker: string, name: string, version: Version): void {
    const { clock, origin } = version.record;
    const last = this.#lastStamps.get(origin)?.clock ?? 0;
    if (clock <= last) this.#fail('I5', `${tracker} stamps ${clock} after ${last}`);
    this.#lastStamps.set(origin, { tracker, clock });
    const aheadMs = hybridTimeMs(clock) - (EPOCH_MS + this.options.simulation.nowMs);
    if (aheadMs > CLOCK_AHEAD_MAX_MS + this.options.settings.skewMs) {
      this.#fail('I5', `${tracker} stamps ${aheadMs.toFixed(0)} ms ahead of the time`);
    }
    this.options.history.stamped(name, version);
  }

  served({ tracker, name, record, isAuthoritative }: Served): void {
    this.servedCount += 1;
    const history = this.options.history.keys.get(name);
    if (history === undefined || record === undefined) return;
    const version = versionOf(history, record) ?? history.versions.find((one) => one.record.clock === record.clock);
    if (version === undefined) return this.#fail('I4', `${tracker} serves a version of ${name} that nobody wrote`);
    const { nowMs } = this.options.simulation;
    if (isServedTooLong(version, nowMs, 2 * this.options.settings.skewMs + CLOCK_SLACK_MS)) {
      const sinceMs = nowMs - version.stampedAtMs;
      this.#fail(
        'I3',
        `${tracker} serves ${name} ${sinceMs.toFixed(0)} ms after a write for ${version.leaseMs.toFixed(0)} ms`,
      );
    }
    if (isAuthoritative && isRisen(history, record)) this.#fail('I3', `${name} was deleted, and ${tracker} serves it`);
  }

  #fail(invariant: Invariant, detail: string): void {
    if (this.options.settings.invariants?.includes(invariant) === false) return;
    throw new SimulationFailure(invariant, detail, this.options.simulation);
  }
}
