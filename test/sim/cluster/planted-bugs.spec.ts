import { SimulationFailure } from '../kernel/failure.js';
import { ClusterRun } from './cluster-run.js';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.js';
import type { ClusterRunOptions, Invariant } from './settings.js';

interface Trap extends Partial<ClusterRunOptions> {
  readonly invariant: Invariant;
  /** Where the search begins: a seed in which it was seen early when this was written. */
  readonly seed: number;
}

/** Seeds that are tried. A change of the product changes what a seed does, and no single one must see everything. */
const SEED_COUNT_MAX = 8;

/** Which invariant sees which bug, and in what trouble soon. */
const TRAPS: Readonly<Record<PlantedBug, Trap>> = {
  'ack at two': { invariant: 'I1', seed: 5, troubleMs: 30_000, alwaysOn: ['badLine'] },
  'drop before confirmation': { invariant: 'I1', seed: 5, trackerCount: 5, troubleMs: 30_000, alwaysOn: ['join'] },
  'no comparison': { invariant: 'I2', seed: 2 },
  'expiry restarted on copy': { invariant: 'I3', seed: 1, troubleMs: 30_000 },
  'tombstone purged early': { invariant: 'I3', seed: 2, trackerCount: 5, troubleMs: 15_000, roundCount: 2 },
  'lamport stamps': { invariant: 'I4', seed: 1, trackerCount: 5, troubleMs: 15_000, roundCount: 2 },
  'clock not kept': {
    invariant: 'I5',
    seed: 1,
    trackerCount: 3,
    skewMs: 5000,
    troubleMs: 15_000,
    alwaysOn: ['clockStep', 'kill'],
  },
  'digest not updated': { invariant: 'I6', seed: 1 },
  'everyone leads': { invariant: 'I7', seed: 1, troubleMs: 500, hasEpilogue: true },
  'queue never drained': { invariant: 'I8', seed: 2, troubleMs: 6000 },
};

describe('the simulator', () => {
  it.each(PLANTED_BUGS)(
    'sees the planted bug "%s"',
    (bug) => {
      expect(firstFailure(bug)).toMatch(new RegExp(`^SEED=\\d+: ${TRAPS[bug].invariant} `));
    },
    120_000,
  );
});

function firstFailure(bug: PlantedBug): string {
  const { invariant, seed: first, ...options } = TRAPS[bug];
  const small = { trackerCount: 3, roundCount: 1, troubleMs: 8000, hasEpilogue: false, invariants: [invariant] };
  for (let seed = first; seed < first + SEED_COUNT_MAX; seed += 1) {
    try {
      new ClusterRun({ ...small, ...options, seed, bug }).run();
    } catch (error) {
      if (!(error instanceof SimulationFailure)) throw error;
      return error.message;
    }
  }
  return 'nothing was seen';
}
