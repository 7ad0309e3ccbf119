import { parseArgs } from 'node:util';
import { ClusterRun } from './cluster-run.js';
import { type SeedReport, summarize } from './report.js';

/** npm run sim -- --seeds N [--seed S] [--trackers N] [--rounds N]: runs seeds S to S + N - 1, prints JSON, fails with the first failure. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    trackers: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    'keep-going': { type: 'boolean', default: false },
  },
});

const [first, count] = [Number(values.seed), Number(values.seeds)];
const reports: SeedReport[] = [];
const failures: string[] = [];
const startedAtMs = performance.now();
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const trackerCount = values.trackers === undefined ? {} : { trackerCount: Number(values.trackers) };
    reports.push(new ClusterRun({ seed, roundCount: Number(values.rounds), ...trackerCount }).run());
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
