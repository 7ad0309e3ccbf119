import { mkdir, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import path from 'node:path';
import type { Contest, Contestant } from './contestant.js';
import { settle, sha256Of } from './disk.js';
import { Meter, type Usage } from './meter.js';
import type { Network } from './network.js';
import { quietest, untilQuiet } from './quiet.js';
import { inTurn } from './turn.js';

/** A rival that is slower than that is stuck. */
const SLOWEST_BYTES_PER_SECOND = 5e6;
const RUN_MS_MIN = 60_000;

/** What a run began with. */
interface Conditions {
  /** Of this machine over the last minute, before the run. */
  readonly loadBefore: number;
  readonly settleSeconds: number;
}

/** One contest, as measured. */
export interface RunResult extends Usage, Conditions {
  readonly contestant: string;
  readonly round: number;
  /** 1, or more when others disturbed it. */
  readonly attempts: number;
}

export interface Tournament {
  readonly network: Network;
  /** On the measured disk; emptied by the reaper. */
  readonly folder: string;
  readonly source: string;
  readonly sizeBytes: number;
  readonly contestants: readonly Contestant[];
  readonly roundCount: number;
  /** Share of the processors' time that other programs may take during a run, 0 to 1. */
  readonly noiseMax: number;
  readonly signal: AbortSignal;
}

/** A contest that came to no result. */
interface Failure {
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
        const run = async (): Promise<Usage & Conditions> => {
          const measured = await inTurn(tournament.signal, () => playOne(tournament, contestant, expected));
          const figures = `${measured.wallSeconds.toFixed(2)} s, noise ${measured.noise.toFixed(2)}`;
          console.error(`round ${round} ${name}: ${figures}`);
          return measured;
        };
        results.push({ contestant: name, round, ...(await quietest(tournament.noiseMax, run)) });
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
  { network, folder, source, sizeBytes, noiseMax, signal }: Tournament,
  contestant: Contestant,
  expected: string,
): Promise<Usage & Conditions> {
  const place = path.join(folder, 'run');
  const targets = network.downloaders.map((_, index) => path.join(place, `target-${index + 1}`));
  const keep = path.join(place, 'keep');
  await rm(place, { recursive: true, force: true });
  for (const directory of [keep, ...targets]) await mkdir(directory, { recursive: true });
  const contest = await contestant.start({ network, folder: keep, source, targets });
  let measured: Usage & Conditions;
  try {
    const settleSeconds = await settle(folder, source);
    await untilQuiet(noiseMax, signal);
    const conditions = { settleSeconds, loadBefore: loadavg()[0] as number };
    const expectedMs = Math.ceil(((sizeBytes * targets.length) / SLOWEST_BYTES_PER_SECOND) * 1000);
    measured = { ...conditions, ...(await measure(contest, signal, Math.max(RUN_MS_MIN, expectedMs))) };
  } finally {
    await contest.stop();
  }
  for (const target of targets) {
    const actual = await sha256Of(path.join(target, 'content'));
    if (actual !== expected) throw new Error(`what arrived in ${target} is another content`);
  }
  return measured;
}

async function measure(contest: Contest, signal: AbortSignal, runMsMax: number): Promise<Usage> {
  // Not AbortSignal.any() of a timeout: Node 20 may collect it as garbage, and then nothing ever aborts.
  const stopping = new AbortController();
  const stop = (): void => stopping.abort(signal.reason);
  const timer = setTimeout(() => stopping.abort(new Error(`not complete after ${runMsMax / 1000} s`)), runMsMax);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  stopping.signal.throwIfAborted();
  const meter = new Meter(() => contest.pids());
  try {
    await contest.distribute(stopping.signal);
    return meter.end();
  } finally {
    meter.close();
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
