import { parseArgs } from 'node:util';
import { ClusterRun } from './cluster-run.js';
import { type SeedReport, summarize } from './report.js';
import type { ClusterRunOptions } from './settings.js';

/**
 * npm run sim -- [--seeds N] [--seed S] [--trackers N] [--rounds N] [--mixed yes|no] [--operator yes|no] [--brief] [--keep-going]
 * Runs seeds S to S + N - 1 and prints JSON. Ends with the first failure and the trace before it; with --keep-going it names
 * the failed seeds. --mixed: half of the starts are of trackers that speak the version of the protocol before; --operator:
 * somebody cordons trackers meanwhile; unless said otherwise every other seed has the one, and every other pair the other. --brief is what `npm test` runs: small clusters and short troubles.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    trackers: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    mixed: { type: 'string' },
    operator: { type: 'string' },
    brief: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});

const BRIEF_TRACKER_COUNTS = [5, 3, 3, 5, 3];
const BRIEF_TROUBLE_MS = 7000;

const [first, count] = [Number(values.seed), Number(values.seeds)];
const reports: SeedReport[] = [];
const failures: string[] = [];
const startedAtMs = performance.now();
for (let seed = first; seed < first + count; seed += 1) {
  try {
    reports.push(new ClusterRun(optionsOf(seed)).run());
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    failures.push(text.split('\n')[0] ?? '');
    console.error(values['keep-going'] ? text.split('\n')[0] : text);
    if (!values['keep-going']) break;
  }
}
const wallSeconds = Number(((performance.now() - startedAtMs) / 1000).toFixed(1));
console.log(JSON.stringify({ ...summarize(reports), wallSeconds, failures }, undefined, 2));
process.exit(failures.length === 0 ? 0 : 1);

function optionsOf(seed: number): ClusterRunOptions {
  const trackerCount = values.trackers === undefined ? {} : { trackerCount: Number(values.trackers) };
  const isMixed = values.mixed === undefined ? seed % 2 === 0 : values.mixed === 'yes';
  const hasOperator = values.operator === undefined ? seed % 4 > 1 : values.operator === 'yes';
  const people = { isMixed, hasOperator };
  if (!values.brief) return { seed, roundCount: Number(values.rounds), ...people, ...trackerCount };
  const size = seed % BRIEF_TRACKER_COUNTS.length;
  return {
    seed,
    ...people,
    roundCount: 1,
    troubleMs: BRIEF_TROUBLE_MS,
    hasEpilogue: size === 0,
    trackerCount: BRIEF_TRACKER_COUNTS[size] ?? 3,
    ...trackerCount,
  };
}
