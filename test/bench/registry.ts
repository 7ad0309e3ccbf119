/**
 * What the tracker's table of entries costs: fills it as a tracker is filled, a slice of work for each turn of the event
 * loop, then refreshes, announces (a refresh and a sample of 10 peers) and lets everything expire. Prints JSON: bytes of
 * anonymous memory for each entry with all that belongs to it, rates of one core, and how long the event loop was held up.
 *
 *   npm run bench -- registry --entries 5000000 --per-torrent 10 --peers 50000
 */
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ClusterRecord } from '@panal/cluster';
import { SeededRandom } from '@panal/runtime';
import { encodeRecordKey, entryValue, slotOfKey, TrackerTable } from '@panal/tracking';

const LIFE_MS = 45 * 60_000;
const SLICE = 200;
const SAMPLE = 10;
const STAMP_PER_MS = 4_096;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const { values } = parseArgs({
  options: { entries: { type: 'string' }, 'per-torrent': { type: 'string' }, peers: { type: 'string' } },
});
const entryCount = Number(values.entries ?? 5_000_000);
const perTorrent = Number(values['per-torrent'] ?? 10);
const peerCount = Number(values.peers ?? 50_000);
const torrentCount = Math.ceil(entryCount / perTorrent);

const random = new SeededRandom(1);
let nowMs = Date.now();
let stamp = nowMs * STAMP_PER_MS;
let servedCount = 0;

const lives = { softMs: LIFE_MS, durableTombstoneMs: LIFE_MS };
const table = new TrackerTable({ seed: { high: 1, low: 2 }, lives, random });
table.watch((change) => {
  if (change.kind === 'entry') servedCount += Number(change.after !== undefined) - Number(change.before !== undefined);
});

/** What one phase took. The work on the table counts, not the making of what it is given. */
interface Phase {
  readonly operations: number;
  /** By the clock, and by the processor's time: on a machine with other work the second is the one to compare. */
  readonly perSecond: number;
  readonly perCpuSecond: number;
  /** The longest single call, by the clock. */
  readonly longestCallMs: number;
  /** The longest turn of the event loop: a slice of SLICE operations with all that came in between; by both. */
  readonly longestTurnMs: number;
  readonly longestTurnCpuMs: number;
}

/** Ids are random bytes in life; these are as good for hashing, and made again when needed. */
function idOf(kind: number, number: number, size: number): Buffer {
  const id = Buffer.allocUnsafe(size);
  let state = (Math.imul(number, 0x9e3779b1) ^ kind) >>> 0;
  for (let at = 0; at < size; at += 4) {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca77) + at;
    state = (state ^ (state >>> 13)) >>> 0;
    id.writeUInt32LE(state, at);
  }
  id.writeUInt32LE(number, 0);
  return id;
}

/** The record of entry number `entry`: torrents grow together, each with other peers. */
function recordOf(entry: number): ClusterRecord {
  const torrent = entry % torrentCount;
  const peer = (torrent * 7 + Math.floor(entry / torrentCount) * 5_003) % peerCount;
  const key = encodeRecordKey({
    kind: 'entry',
    namespace: 'default',
    contentId: idOf(1, torrent, 32),
    peerId: idOf(2, peer, 16),
  });
  stamp += 1;
  return {
    key,
    slot: slotOfKey(key),
    recordClass: 'soft',
    clock: stamp,
    origin: 1,
    isDead: false,
    serveUntilMs: nowMs + LIFE_MS,
    value: entryValue({ isComplete: entry % 3 === 0 }),
  };
}

/** Does `operations` of them, in slices between which the event loop turns. */
async function phase(
  operations: number,
  entryOf: (at: number) => number,
  work: (record: ClusterRecord) => void,
): Promise<Phase> {
  const meter = new Meter();
  for (let done = 0; done < operations; done += SLICE) {
    nowMs = Date.now();
    const records = Array.from({ length: Math.min(SLICE, operations - done) }, (_, at) => recordOf(entryOf(done + at)));
    meter.startWork();
    for (const record of records) meter.call(() => work(record));
    meter.endWork();
    await setImmediate();
    meter.turn();
  }
  return meter.phase(operations);
}

/** Adds up what a phase takes. */
class Meter {
  #workMs = 0;
  #workCpuMs = 0;
  #longestCallMs = 0;
  #longestTurnMs = 0;
  #longestTurnCpuMs = 0;
  #startedAtMs = 0;
  #startedAtCpuMs = 0;
  #turnedAtMs = performance.now();
  #turnedAtCpuMs = cpuMs();

  startWork(): void {
    this.#startedAtMs = performance.now();
    this.#startedAtCpuMs = cpuMs();
  }

  call(work: () => void): void {
    const startMs = performance.now();
    work();
    this.#longestCallMs = Math.max(this.#longestCallMs, performance.now() - startMs);
  }

  endWork(): void {
    this.#workMs += performance.now() - this.#startedAtMs;
    this.#workCpuMs += cpuMs() - this.#startedAtCpuMs;
  }

  turn(): void {
    const [nowAtMs, nowAtCpuMs] = [performance.now(), cpuMs()];
    this.#longestTurnMs = Math.max(this.#longestTurnMs, nowAtMs - this.#turnedAtMs);
    this.#longestTurnCpuMs = Math.max(this.#longestTurnCpuMs, nowAtCpuMs - this.#turnedAtCpuMs);
    [this.#turnedAtMs, this.#turnedAtCpuMs] = [nowAtMs, nowAtCpuMs];
  }

  phase(operations: number): Phase {
    return {
      operations,
      perSecond: Math.round((operations / this.#workMs) * 1000),
      perCpuSecond: Math.round((operations / this.#workCpuMs) * 1000),
      longestCallMs: rounded(this.#longestCallMs),
      longestTurnMs: rounded(this.#longestTurnMs),
      longestTurnCpuMs: rounded(this.#longestTurnCpuMs),
    };
  }
}

/** Processor time of all threads, those of the garbage collector too. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function apply(record: ClusterRecord): void {
  table.apply(record, nowMs);
}

function announce(record: ClusterRecord): void {
  table.apply(record, nowMs);
  const hash = record.key.subarray(record.key.length - 49, record.key.length - 17);
  table.entries.sample({
    namespace: 'default',
    hash,
    count: SAMPLE,
    nowMs,
    random,
    isCompleteFirst: true,
    accept: () => true,
  });
}

/** Everything is over at once: the worst the wheel can meet. */
async function expire(): Promise<Phase> {
  const operations = table.recordCount;
  const overMs = nowMs + LIFE_MS + 1_000;
  const meter = new Meter();
  while (table.recordCount > 0) {
    meter.startWork();
    meter.call(() => table.purge(overMs, SLICE));
    meter.endWork();
    await setImmediate();
    meter.turn();
  }
  return meter.phase(operations);
}

/** Anonymous resident memory: what the process really holds, without the files it maps. */
function rssAnonBytes(): number {
  const found = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'));
  return Number(found?.[1]) * 1024;
}

function timedCollect(): number {
  const startMs = performance.now();
  collect();
  return rounded(performance.now() - startMs);
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

timedCollect();
const emptyBytes = rssAnonBytes();
for (let peer = 0; peer < peerCount; peer += 1) table.setPeerFloor(idOf(2, peer, 16).toString('hex'), 0);
const upsert = await phase(entryCount, (at) => at, apply);
const grownBytes = rssAnonBytes();
const fullCollectionMs = timedCollect();
const settledBytes = rssAnonBytes();
const heldCount = table.recordCount;
const anyEntry = (): number => random.below(entryCount);
const refresh = await phase(Math.min(entryCount, 1_000_000), anyEntry, apply);
const announces = await phase(Math.min(entryCount, 500_000), anyEntry, announce);
const isCounted = servedCount === table.recordCount;
const purge = await expire();
const result = {
  bench: 'registry',
  node: process.version,
  entries: heldCount,
  torrents: torrentCount,
  peers: peerCount,
  rssAnonEmptyBytes: emptyBytes,
  rssAnonGrownBytes: grownBytes,
  rssAnonAfterCollectionBytes: settledBytes,
  bytesPerEntry: rounded((settledBytes - emptyBytes) / heldCount),
  bytesPerEntryBeforeCollection: rounded((grownBytes - emptyBytes) / heldCount),
  fullCollectionMs,
  upsert,
  refresh,
  announces,
  purge,
  isCounted,
  isEmptyAtTheEnd: table.recordCount === 0 && servedCount === 0 && table.entries.torrentCount === 0,
};
console.log(JSON.stringify(result, null, 2));
