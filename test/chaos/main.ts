import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parseClusterKey } from '@panal/access';
import { SeededRandom } from '@panal/runtime';
import { ProcessCluster, type ServerProcess } from '../cluster/process-cluster.js';
import { Workload } from './workload.js';

/*
 * npm run chaos -- [--rounds N] [--trackers N] [--entries N] [--seed N]
 *
 * Real trackers under load; in each round two of them, chosen by chance, are killed by SIGKILL at once, the rest make three copies of
 * everything again, and the two come back. At the end every write that was acknowledged with three copies must be found.
 * --entries are announced before the first round. Prints JSON; ends with 1 when something was lost.
 */

const RECOVERY_MAX_MS = 60_000;
const POLL_MS = 50;
/** Entries outlive any run, so that what is missing was lost. */
const PEER_TTL = '1h';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    trackers: { type: 'string', default: '5' },
    entries: { type: 'string', default: '0' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const rounds = Number(values.rounds);
const trackerCount = Number(values.trackers);
const random = new SeededRandom(Number(values.seed));
const folder = await mkdtemp(path.join(tmpdir(), 'panal-chaos-'));
const cluster = new ProcessCluster(folder);
const trackers: ServerProcess[] = [];

interface Round {
  readonly killed: readonly string[];
  /** From the kill until all that live are ready and own every slot they should, ms. */
  readonly wholeAgainMs: number;
  /** Longest time without a good lookup, per reader, ms. */
  readonly gapMs: number;
}

try {
  for (let number = 1; number <= trackerCount; number += 1) {
    trackers.push(await cluster.startTracker(`t${number}`, ['--peer-ttl', PEER_TTL]));
  }
  const key = parseClusterKey(await readFile(path.join(folder, 'cluster.key'), 'utf8'));
  const workload = new Workload({
    trackers: trackers.map(({ ready }) => ready.rpc as string),
    secret: key.secret,
    cluster: 'panal',
    writerCount: 4,
    readerCount: 4,
  });
  await workload.fill(Number(values.entries));
  workload.start();
  await wait(1_000);
  const done: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    done.push(await killTwo(workload));
    process.stderr.write(`round ${round + 1}: ${JSON.stringify(done.at(-1))}\n`);
  }
  await workload.stop();
  const missing = await workload.missing();
  const lost = missing.filter(({ copies }) => copies >= 3);
  await workload.close();
  const wholeAgain = done.map(({ wholeAgainMs }) => wholeAgainMs).sort((a, b) => a - b);
  const gaps = done.map(({ gapMs }) => gapMs);
  process.stdout.write(
    `${JSON.stringify(
      {
        program: 'chaos',
        seed: Number(values.seed),
        trackers: trackerCount,
        doubleKills: done.length,
        entriesBefore: Number(values.entries),
        writesByCopies: workload.copies,
        writesFailed: workload.failedWrites,
        lookups: workload.lookups,
        lookupsFailed: workload.failedLookups,
        lost: lost.length,
        lostWithFewerCopies: missing.length - lost.length,
        worstLookupGapMs: Math.round(Math.max(0, ...gaps)),
        wholeAgainMs: { median: wholeAgain[wholeAgain.length >> 1], max: wholeAgain.at(-1) },
      },
      undefined,
      2,
    )}\n`,
  );
  process.exitCode = lost.length === 0 ? 0 : 1;
} finally {
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
}

async function killTwo(workload: Workload): Promise<Round> {
  const first = random.below(trackerCount);
  const second = (first + 1 + random.below(trackerCount - 1)) % trackerCount;
  const victims = [first, second];
  workload.resetGap();
  const killedAtMs = performance.now();
  const killed = victims.map((at) => trackers[at] as ServerProcess);
  await Promise.all(killed.map((tracker) => tracker.end('SIGKILL')));
  const living = trackers.filter((_, at) => !victims.includes(at));
  await untilWhole(living, trackerCount - victims.length);
  const wholeAgainMs = Math.round(performance.now() - killedAtMs);
  for (const at of victims) {
    const { rpc, cluster: address } = (trackers[at] as ServerProcess).ready;
    // The last of two flags counts: the same addresses as before, as a restarted service has them.
    const flags = ['--listen', rpc as string, '--cluster-listen', address as string, '--peer-ttl', PEER_TTL];
    trackers[at] = await cluster.startTracker(`t${at + 1}`, flags);
  }
  await untilWhole(trackers, trackerCount);
  const gapMs = Math.round(workload.gapMs);
  return { killed: victims.map((at) => `t${at + 1}`), wholeAgainMs, gapMs };
}

/** Until each of these trackers sees exactly so many members, and is ready. */
async function untilWhole(some: readonly ServerProcess[], memberCount: number): Promise<void> {
  const deadline = performance.now() + RECOVERY_MAX_MS;
  for (;;) {
    const states = await Promise.all(some.map((tracker) => stateOf(tracker)));
    if (states.every(({ isReady, members }) => isReady && members === memberCount)) return;
    if (performance.now() > deadline) throw new Error(`not whole again: ${JSON.stringify(states)}`);
    await wait(POLL_MS);
  }
}

async function stateOf(tracker: ServerProcess): Promise<{ isReady: boolean; members: number }> {
  if (tracker.hasEnded) {
    const { exitCode, signalCode } = tracker.child;
    throw new Error(`a tracker ended by itself (${exitCode ?? signalCode}): ${tracker.complaints()}`);
  }
  const [ready, metrics] = await Promise.all([
    fetch(`${tracker.ready.url}/health/ready`),
    fetch(`${tracker.ready.url}/metrics`).then((response) => response.text()),
  ]);
  await ready.text();
  const members = Number(/^panal_tracker_cluster_members (\d+)/m.exec(metrics)?.[1] ?? 0);
  return { isReady: ready.status === 200, members };
}
