import type { RecordLifetimes } from '@panal/cluster';
import type { Random } from '@panal/runtime';
import { between, isHit } from '../kernel/draw.js';
import { LAN, type LinkQuality } from '../kernel/link.js';
import type { PlantedBug } from './planted-bugs.js';

/** What must hold, by the numbers of the design. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8';

/** What one run is asked for. */
export interface ClusterRunOptions {
  readonly seed: number;
  /** Drawn from the seed if not given. */
  readonly trackerCount?: number;
  /** Rounds of trouble and calm. */
  readonly roundCount?: number;
  readonly troubleMs?: number;
  readonly operationsPerSecond?: number;
  /** Whether a long calm follows, in which what is slow on purpose comes to its end. Default true. */
  readonly hasEpilogue?: boolean;
  readonly skewMs?: number;
  /** Each start of a tracker is of this release or of the one before. Default false: all of this one. */
  readonly isMixed?: boolean;
  /** Whether somebody cordons trackers meanwhile. Default false. */
  readonly hasOperator?: boolean;
  readonly bug?: PlantedBug;
  /** Kinds of faults that this seed has in any case. */
  readonly alwaysOn?: readonly string[];
  /** Look at these only: to show that one of them sees what another sees earlier. Default all. */
  readonly invariants?: readonly Invariant[];
}

/** What one run has: what was asked for, and the rest drawn from its seed. */
export interface ClusterSettings {
  readonly trackerCount: number;
  readonly roundCount: number;
  readonly troubleMs: number;
  readonly operationsPerSecond: number;
  readonly hasEpilogue: boolean;
  /** Largest error of a wall clock, either way; steps of clocks stay within. */
  readonly skewMs: number;
  readonly isMixed: boolean;
  readonly hasOperator: boolean;
  readonly lives: RecordLifetimes;
  readonly bootstrapExpect: number;
  readonly dropDelayMs: number;
  readonly quality: LinkQuality;
  readonly bug: PlantedBug | undefined;
  readonly alwaysOn: readonly string[];
  readonly invariants: readonly Invariant[] | undefined;
}

const TRACKER_COUNTS = [3, 5, 5, 7, 10];
const SKEWS_MS = [0, 50, 500, 2000];
const SOFT_LIVES_MS = [45_000, 45_000, 600_000];
/** Longer than any run: what a tombstone of a durable record hides comes back at any later time. */
const TOMBSTONE_LIFE_MS = 3_600_000;

export function drawSettings(options: ClusterRunOptions, random: Random): ClusterSettings {
  const draw = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
  const trackerCount = draw(TRACKER_COUNTS);
  const skewMs = draw(SKEWS_MS);
  const softMs = draw(SOFT_LIVES_MS);
  const bootstrapExpect = draw([1, 2]);
  const dropDelayMs = draw([0, 500, 2000]);
  const latencyMaxMs = between(random, 0.3, 5);
  const quality: LinkQuality = {
    ...LAN,
    latencyMs: { min: latencyMaxMs / 4, max: latencyMaxMs },
    lossRate: isHit(random, 0.5) ? between(random, 0, 0.02) : 0,
    duplicateRate: isHit(random, 0.5) ? between(random, 0, 0.02) : 0,
    lateRate: isHit(random, 0.5) ? between(random, 0, 0.1) : 0,
  };
  return {
    trackerCount: options.trackerCount ?? trackerCount,
    roundCount: options.roundCount ?? 3,
    troubleMs: options.troubleMs ?? 30_000,
    hasEpilogue: options.hasEpilogue ?? true,
    operationsPerSecond: options.operationsPerSecond ?? 100,
    skewMs: options.skewMs ?? skewMs,
    isMixed: options.isMixed ?? false,
    hasOperator: options.hasOperator ?? false,
    lives: { softMs, durableTombstoneMs: TOMBSTONE_LIFE_MS },
    bootstrapExpect,
    dropDelayMs,
    quality,
    bug: options.bug,
    alwaysOn: ['pairKill', 'pairKillAtAck', ...(options.alwaysOn ?? [])],
    invariants: options.invariants,
  };
}
