/**
 * The trackers' record log on a real disk: durable commits and records a second, soft records a second, restoring, bytes a
 * record takes in the file, and how long the event loop was held up meanwhile. Prints JSON.
 *
 *   npm run bench -- record-log --records 1000000 --seconds 3 --folder /var/tmp
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ClusterRecord, RecordClass } from '@panal/cluster';
import { SystemClock, SystemTimers } from '@panal/nest';
import { silentLogger } from '@panal/runtime';
import { RecordLog } from '@panal/storage-lmdb';

const { values: options } = parseArgs({
  args: process.argv.slice(2),
  options: {
    records: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
    /** Soft records are left to the system to write. */
    'soft-unsynced': { type: 'boolean', default: false },
  },
});

const SLOT_COUNT = 16_384;
/** Namespace, content id, peer id and what tells kinds apart. */
const KEY_SIZE_BYTES = 58;
const SOFT_VALUE = Buffer.from([1]);
const DURABLE_VALUE = randomBytes(200);
const SOFT_APPEND_RECORDS = 200;

/** Calls that wait for `onPersisted`, and the pressure the log signals. */
class Owner {
  isPressed = false;
  #persistedUpTo = 0;
  readonly #waiting: { readonly sequence: number; readonly resolve: () => void }[] = [];

  readonly onPersisted = (upTo: number): void => {
    this.#persistedUpTo = upTo;
    while ((this.#waiting[0]?.sequence ?? Number.POSITIVE_INFINITY) <= upTo) this.#waiting.shift()?.resolve();
  };

  persisted(sequence: number): Promise<void> {
    if (sequence <= this.#persistedUpTo) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ sequence, resolve }));
  }
}

const root = await mkdtemp(path.join(options.folder, 'panal-record-log-'));
const folder = path.join(root, 'records');
const clock = new SystemClock();

function openLog(owner: Owner): Promise<RecordLog> {
  return RecordLog.open(folder, {
    identity: { trackerId: 'ab'.repeat(16), clusterName: 'bench', clusterFingerprint: 'bench' },
    lives: { softMs: 45 * 60_000, durableTombstoneMs: 864_000_000 },
    source: { records: () => [], recordCountIn: () => 0 },
    clock,
    timers: new SystemTimers(),
    logger: silentLogger,
    onPersisted: owner.onPersisted,
    onPressure: (isPressed) => {
      owner.isPressed = isPressed;
    },
    isSoftSynced: !options['soft-unsynced'],
  });
}

function makeRecord(recordClass: RecordClass): ClusterRecord {
  const key = randomBytes(KEY_SIZE_BYTES);
  return {
    key,
    slot: key.readUInt16LE(0) % SLOT_COUNT,
    recordClass,
    clock: clock.nowMs() * 4096,
    origin: 0xabababababab,
    isDead: false,
    serveUntilMs: recordClass === 'soft' ? clock.nowMs() + 2_700_000 : Number.POSITIVE_INFINITY,
    value: recordClass === 'soft' ? SOFT_VALUE : DURABLE_VALUE,
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const round = (value: number, digits = 0): number => Number(value.toFixed(digits));

/** Runs `task` and adds the longest time the event loop was held up. */
async function watched<T extends object>(task: () => Promise<T>): Promise<T & { longestStallMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const result = await task();
  delay.disable();
  return { ...result, longestStallMs: round(delay.max / 1e6, 1) };
}

/** What the machine does to a process that does nothing: the other stalls are to be read against this one. */
async function idle(): Promise<object> {
  await wait(Number(options.seconds) * 1000);
  return {};
}

/** `writerCount` callers, each with one write of `recordsEach` records at a time. */
async function durable(log: RecordLog, owner: Owner, writerCount: number, recordsEach: number): Promise<object> {
  const waitsMs: number[] = [];
  const commitsBefore = log.counters.commits;
  const startMs = clock.monotonicMs();
  const endMs = startMs + Number(options.seconds) * 1000;
  const write = async (): Promise<void> => {
    while (clock.monotonicMs() < endMs) {
      const records = Array.from({ length: recordsEach }, () => makeRecord('durable'));
      const askedMs = clock.monotonicMs();
      await owner.persisted(log.append(records, { isDurable: true }));
      waitsMs.push(clock.monotonicMs() - askedMs);
    }
  };
  await Promise.all(Array.from({ length: writerCount }, write));
  const seconds = (clock.monotonicMs() - startMs) / 1000;
  const sorted = waitsMs.toSorted((one, other) => one - other);
  return {
    writerCount,
    recordsEach,
    commitsPerSecond: round((log.counters.commits - commitsBefore) / seconds),
    recordsPerSecond: round((waitsMs.length * recordsEach) / seconds),
    waitP50Ms: round(sorted[Math.floor(sorted.length / 2)] ?? 0, 2),
    waitP99Ms: round(sorted[Math.floor(sorted.length * 0.99)] ?? 0, 2),
  };
}

/** As many soft records as the log takes without leaving any out. */
async function soft(log: RecordLog, owner: Owner): Promise<object> {
  const count = Number(options.records);
  const startMs = clock.monotonicMs();
  let sequence = 0;
  for (let done = 0; done < count; done += SOFT_APPEND_RECORDS) {
    while (owner.isPressed) await nextTurn();
    const length = Math.min(SOFT_APPEND_RECORDS, count - done);
    sequence = log.append(
      Array.from({ length }, () => makeRecord('soft')),
      { isDurable: false },
    );
    await nextTurn();
  }
  await owner.persisted(sequence);
  const seconds = (clock.monotonicMs() - startMs) / 1000;
  const { size } = await stat(path.join(folder, 'soft.mdb'));
  return {
    recordsPerSecond: round(count / seconds),
    fileBytesPerRecord: round(size / count),
    fileMib: round(size / 2 ** 20),
  };
}

async function restore(): Promise<object> {
  const log = await openLog(new Owner());
  let byteCount = 0;
  const { recordCount, elapsedMs } = await log.load(({ key, value }) => {
    byteCount += key.length + value.length;
  });
  await log.close(0);
  return {
    recordCount,
    byteCount,
    elapsedMs: round(elapsedMs),
    recordsPerSecond: round((recordCount / elapsedMs) * 1000),
  };
}

try {
  const owner = new Owner();
  const log = await openLog(owner);
  await log.load(() => undefined);
  const results: Record<string, object> = {
    idle: await watched(idle),
    softWrites: await watched(() => soft(log, owner)),
    durableOneWriter: await watched(() => durable(log, owner, 1, 1)),
    durableManyWriters: await watched(() => durable(log, owner, 256, 1)),
    durableBigAppends: await watched(() => durable(log, owner, 4, 250)),
  };
  const { counters } = log;
  await log.close(0);
  results['restore'] = await watched(restore);
  const { records: recordCount, seconds, 'soft-unsynced': isSoftUnsynced } = options;
  const setting = { recordCount: Number(recordCount), seconds: Number(seconds), isSoftUnsynced, node: process.version };
  console.log(JSON.stringify({ bench: 'record-log', ...setting, results, counters }, null, 2));
} finally {
  await rm(root, { recursive: true, force: true });
}
