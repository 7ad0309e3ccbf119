import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { parseClusterKey } from '@panal/access';
import { Workload } from '../chaos/workload.js';

/*
 * node dist/test/swarm/prober.js KEY_FILE TRACKER...
 *
 * A client of the trackers that announces and looks up without end, from outside of the Swarm. Forked by ProberProcess, with
 * which it speaks by messages; it ends with it.
 */

/** Of what it did since it was told to begin. */
export interface ProberReport {
  /** Since its start: all of them are looked up for a report. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly lostByCopies: Readonly<Record<string, number>>;
  readonly writes: number;
  readonly writesFailed: number;
  readonly lookups: number;
  readonly lookupsFailed: number;
  /** Longest time without a good lookup, of the reader that had it worst, ms. */
  readonly worstLookupGapMs: number;
}

export type ProberOrder = 'begin' | 'report';

/** 40 writes and 40 lookups a second: enough to see a gap of 100 ms, and little work for the machine under test. */
const LOAD = { writerCount: 2, writePauseMs: 50, readerCount: 4, readPauseMs: 100 };
/** Those that were not found are looked for again, for as long as a tracker that came back may still fill itself. */
const PATIENCE_MS = 20_000;

const [keyFile = '', ...trackers] = process.argv.slice(2);
const { secret } = parseClusterKey(await readFile(keyFile, 'utf8'));
const workload = new Workload({ trackers, secret, cluster: 'panal', ...LOAD });
let begun = counted();
workload.start();
process.on('disconnect', () => process.exit(0));
process.on('message', (order: ProberOrder) => void answer(order));

async function answer(order: ProberOrder): Promise<void> {
  if (order === 'begin') {
    begun = counted();
    workload.resetGap();
    process.send?.('begun');
  } else process.send?.(await report());
}

async function report(): Promise<ProberReport> {
  const since = counted();
  const worstLookupGapMs = Math.round(workload.gapMs);
  const acknowledged = workload.acknowledged.length;
  const deadline = performance.now() + PATIENCE_MS;
  let missing = await workload.missing();
  while (missing.length > 0 && performance.now() < deadline) {
    await wait(1_000);
    missing = await workload.missing();
  }
  const lostByCopies: Record<string, number> = {};
  for (const { copies } of missing) lostByCopies[copies] = (lostByCopies[copies] ?? 0) + 1;
  return {
    acknowledged,
    lost: missing.length,
    lostByCopies,
    writes: since.writes - begun.writes,
    writesFailed: since.writesFailed - begun.writesFailed,
    lookups: since.lookups - begun.lookups,
    lookupsFailed: since.lookupsFailed - begun.lookupsFailed,
    worstLookupGapMs,
  };
}

function counted(): Pick<ProberReport, 'writes' | 'writesFailed' | 'lookups' | 'lookupsFailed'> {
  const { acknowledged, failedWrites, lookups, failedLookups } = workload;
  return { writes: acknowledged.length, writesFailed: failedWrites, lookups, lookupsFailed: failedLookups };
}
