import { mkdir, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import path from 'node:path';
import type { Contestant } from './contestant.js';
import { settle, sha256Of } from './disk.js';
import { Meter, type Usage } from './meter.js';
import type { Network } from './network.js';

/** A rival that is slower than that is stuck. */
const SLOWEST_BYTES_PER_SECOND = 5e6;
const RUN_MS_MIN = 60_000;

/** One contest, as measured. */
export interface RunResult extends Usage {
  readonly contestant: string;
  readonly round: number;
  /** Of this machine over the last minute, before the run. */
  readonly loadBefore: number;
  readonly settleSeconds: number;
}

export interface Tournament {
  readonly network: Network;
  /** On the measured disk; emptied by the reaper. */
  readonly folder: string;
  readonly source: string;
  readonly sizeBytes: number;
  readonly contestants: readonly Contestant[];
  readonly roundCount: number;
  readonly signal: AbortSignal;
}

/** A contest that came to no result. */
export interface Failure {
  readonly contestant: string;
  readonly round: number;
  readonly message: string;
}

export interface Results {
  readonly results: readonly RunResult[];
  readonly failures: readonly Failure[];
}

/**
 * Rounds of all contestants, interleaved, so that a busy minute of the machine is nobody's alone. Who fails once is out:
 * a median of fewer runs than the others' would compare other minutes.
 * @throws when `signal` is aborted
 */
export async function play(tournament: Tournament): Promise<Results> {
  const expected = await sha256Of(tournament.source);
  const results: RunResult[] = [];
  const failures: Failure[] = [];
  for (let round = 1; round <= tournament.roundCount; round += 1) {
    for (const contestant of tournament.contestants) {
      const { name } = contestant;
      if (failures.some((failure) => failure.contestant === name)) continue;
      try {
        const result = await playOne(tournament, contestant, expected);
        results.push({ contestant: name, round, ...result });
        console.error(`round ${round} ${name}: ${result.wallSeconds.toFixed(2)} s`);
      } catch (error) {
        tournament.signal.throwIfAborted();
        failures.push({ contestant: name, round, message: error instanceof Error ? error.message : String(error) });
        console.error(`round ${round} ${name}: ${failures.at(-1)?.message}`);
      }
    }
  }
  return {
    results: results.filter(({ contestant }) => !failures.some((failure) => failure.contestant === contestant)),
    failures,
  };
}

/** @throws when it does not finish in time, or the content that arrived is another one */
async function playOne(
  { network, folder, source, sizeBytes, signal }: Tournament,
  contestant: Contestant,
  expected: string,
): Promise<Omit<RunResult, 'contestant' | 'round'>> {
  const place = path.join(folder, 'run');
  const targets = network.downloaders.map((_, index) => path.join(place, `target-${index + 1}`));
  const keep = path.join(place, 'keep');
  await rm(place, { recursive: true, force: true });
  for (const directory of [keep, ...targets]) await mkdir(directory, { recursive: true });
  const contest = await contestant.start({ network, folder: keep, source, targets });
  let usage: Usage;
  let before: { settleSeconds: number; loadBefore: number };
  try {
    const settleSeconds = await settle(folder, source);
    before = { settleSeconds, loadBefore: loadavg()[0] as number };
    const expectedMs = Math.ceil(((sizeBytes * targets.length) / SLOWEST_BYTES_PER_SECOND) * 1000);
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(Math.max(RUN_MS_MIN, expectedMs))]);
    inTime.throwIfAborted();
    const meter = new Meter(() => contest.pids());
    try {
      await contest.distribute(inTime);
    } finally {
      usage = meter.end();
    }
  } finally {
    await contest.stop();
  }
  for (const target of targets) {
    const actual = await sha256Of(path.join(target, 'content'));
    if (actual !== expected) throw new Error(`what arrived in ${target} is another content`);
  }
  return { ...usage, ...before };
}
