import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { secondsOfMachine } from './proc.js';

const WINDOW_MS = 1000;
const PATIENCE_MS = 30_000;
const ATTEMPTS_MAX = 3;

/** What `untilQuiet` and `quietest` do, for the report. */
export const QUIET_NOTE =
  'a run begins when all programs of the machine together used less than noiseMax of its processors for 1 s (30 s of ' +
  'patience); one in which others used more is repeated, at most twice, and the quietest one counts, for everyone alike; ' +
  'two of these benchmarks at the same time take turns';

/** Settles when the machine is quiet, or patience is over. */
export async function untilQuiet(noiseMax: number, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (performance.now() < deadlineMs) {
    const [startMs, before] = [performance.now(), secondsOfMachine()];
    await wait(WINDOW_MS, undefined, { signal });
    const windowSeconds = (performance.now() - startMs) / 1000;
    if ((secondsOfMachine() - before) / (windowSeconds * availableParallelism()) <= noiseMax) return;
  }
}

/** @returns The first of several runs that others disturbed no more than that, else the least disturbed. */
export async function quietest<Run extends { readonly noise: number }>(
  noiseMax: number,
  run: () => Promise<Run>,
): Promise<Run & { readonly attempts: number }> {
  let best = await run();
  let attempts = 1;
  while (best.noise > noiseMax && attempts < ATTEMPTS_MAX) {
    const next = await run();
    if (next.noise < best.noise) best = next;
    attempts += 1;
  }
  return { ...best, attempts };
}
