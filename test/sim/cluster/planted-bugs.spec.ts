import { ClusterRun } from './cluster-run.js';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.js';
import type { ClusterRunOptions } from './settings.js';

/** Which invariant sees it, and a seed in which it does early. */
const CAUGHT: Readonly<Record<PlantedBug, Partial<ClusterRunOptions> & { readonly invariant: string }>> = {
  'ack at two': { invariant: 'I1' },
  'drop before confirmation': { invariant: 'I1' },
  'no comparison': { invariant: 'I2' },
  'expiry restarted on copy': { invariant: 'I3' },
  'tombstone purged early': { invariant: 'I3' },
  'lamport stamps': { invariant: 'I4' },
  'clock not kept': { invariant: 'I5' },
  'digest not updated': { invariant: 'I6' },
  'everyone leads': { invariant: 'I7' },
  'queue never drained': { invariant: 'I8' },
};

describe('the simulator', () => {
  it.each(PLANTED_BUGS)(
    'sees the planted bug "%s"',
    (bug) => {
      const { invariant, ...options } = CAUGHT[bug];
      const run = new ClusterRun({ seed: 1, roundCount: 3, ...options, bug });
      expect(() => run.run()).toThrow(new RegExp(`^SEED=\\d+: ${invariant} `));
    },
    60_000,
  );
});
