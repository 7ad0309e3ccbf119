import type { Simulation } from './simulation.js';

/** An invariant that did not hold: what, the seed that shows it again, and what happened before. */
export class SimulationFailure extends Error {
  constructor(
    readonly invariant: string,
    readonly detail: string,
    simulation: Simulation,
  ) {
    super(
      `SEED=${simulation.seed}: ${invariant} at ${(simulation.nowMs / 1000).toFixed(3)} s: ${detail}\n` +
        `The last ${simulation.trace.lines().length} entries of the trace:\n${simulation.trace.lines().join('\n')}`,
    );
    this.name = 'SimulationFailure';
  }
}
