import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseClusterKey } from '@panal/access';
import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { parseAddress } from '@panal/runtime';
import { TcpRpcClient } from '@panal/transport-tcp';
import {
  type AnnounceReply,
  DEFAULT_NAMESPACE,
  type HeartbeatReply,
  HybridClock,
  type LookupReply,
  TRACKER_PATTERNS,
  WHOLE_TORRENT,
} from '@panal/wire';
import { ProcessCluster, type ServerProcess } from '../cluster/process-cluster.js';
import { EXPIRY_PEER_TTL_MS, type Expiry, measureExpiry } from './announce-parts/expiry.js';
import { ANNOUNCE, announceOf, CALL_TIMEOUT_MS, hashOf, identityOf, REPLY_PEERS } from './announce-parts/messages.js';
import { measureOpentracker } from './announce-parts/opentracker.js';
import { measureSigning } from './announce-parts/signing.js';

/*
 * npm run bench -- announce [--trackers N] [--seconds S] [--connections C] [--window W] [--torrents T]
 *                           [--entries mixed|new|known] [--part announce|signing|expiry|all] [--opentracker PROGRAM]
 *
 * Announces, one a frame, over signed connections, by peers that get ten others in each reply; then refreshes: heartbeats of
 * peers with many torrents. Prints JSON. CPU is that of the trackers.
 *
 * mixed: each connection goes through its 2,000 pairs of peer and torrent again and again: new in the first round, known in
 * the next. new: every announce is of a pair that nobody announced before, and written. known: all were announced before.
 * signing: announces with windows of 1 and 64, and what the codes of their records cost. expiry: pairs that were not refreshed
 * are gone after the life of an entry, and those that were are not. Both besides the announces; `all` is everything.
 */

const { values } = parseArgs({
  options: {
    trackers: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '64' },
    window: { type: 'string', default: '16' },
    torrents: { type: 'string', default: '2000' },
    entries: { type: 'string', default: 'mixed' },
    part: { type: 'string', default: 'announce' },
    opentracker: { type: 'string', default: 'opentracker' },
  },
});
const trackerCount = Number(values.trackers);
const connectionCount = Number(values.connections);
const torrentCount = Number(values.torrents);
const PEER_COUNT = 640;
const REFRESH_TORRENTS = 8_192;
const CHECKED = 1_000;
const SETUP_AT_ONCE = 64;
/** Announces of a connection after which its pairs repeat, if the number of torrents is a multiple of ten. */
const ROUND = torrentCount;
/** Pairs of `new` are over other torrents, so many that none comes twice. */
const NEW_TORRENTS_FROM = 100_000;
const SIGNING_WINDOWS = [1, 64];
const hasPart = (part: string): boolean => values.part === part || values.part === 'all';

const folder = await mkdtemp(path.join(tmpdir(), 'panal-announce-'));
const cluster = new ProcessCluster(folder);
const clients: TcpRpcClient[] = [];
/** Announces of each connection so far: it goes on where it was. */
const turns = Array.from({ length: connectionCount }, () => 0);
try {
  const trackers: ServerProcess[] = [];
  for (let number = 1; number <= trackerCount; number += 1) trackers.push(await cluster.startTracker(`t${number}`));
  const { secret } = parseClusterKey(await readFile(path.join(folder, 'cluster.key'), 'utf8'));
  for (let at = 0; at < connectionCount; at += 1) clients.push(await connected(trackers[at % trackerCount], secret));
  const window = Number(values.window);
  const seconds = Number(values.seconds);
  await announceAll(2, window);
  if (values.entries === 'known') while (turns.some((turn) => turn < ROUND)) await announceAll(1, window);
  const announces = await measured(trackers, () => announceAll(seconds, window));
  const signing = hasPart('signing') ? await measureWindows(trackers) : undefined;
  const refreshes = await refresh(trackers, clients[0] as TcpRpcClient);
  const expiry = hasPart('expiry') ? await expiryOf(secret) : undefined;
  const load = { program: values.opentracker, seconds, connections: connectionCount, window };
  const opentracker = await measureOpentracker({ ...load, torrents: torrentCount });
  process.stdout.write(
    `${JSON.stringify(
      {
        bench: 'announce',
        trackers: trackerCount,
        connections: connectionCount,
        window,
        torrents: torrentCount,
        entries: values.entries,
        replyPeers: REPLY_PEERS,
        announces,
        signing,
        refreshes,
        expiry,
        opentracker,
      },
      undefined,
      2,
    )}\n`,
  );
} finally {
  await Promise.all(clients.map((client) => client.close()));
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
}

async function connected(tracker: ServerProcess | undefined, secret: Buffer): Promise<TcpRpcClient> {
  const client = new TcpRpcClient({
    address: parseAddress(tracker?.ready.rpc ?? ''),
    identity: { role: 'peer', cluster: 'panal', principal: 'peer:bench' },
    secret,
    ports: {
      clock: new SystemClock(),
      timers: new SystemTimers(),
      random: new SystemRandom(),
      hybridClock: new HybridClock(),
    },
  });
  await client.connect();
  return client;
}

/** @returns How many were answered, over all connections */
async function announceAll(seconds: number, window: number): Promise<number> {
  const counts = await Promise.all(
    clients.map((client, at) => announceFor(client, at, { forMs: seconds * 1_000, window })),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Keeps `window` announces of the connection's own ten peers under way. @returns How many were answered */
async function announceFor(
  client: TcpRpcClient,
  at: number,
  { forMs, window }: { forMs: number; window: number },
): Promise<number> {
  const endMs = performance.now() + forMs;
  let count = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const turn = (turns[at] ?? 0) + 1;
      turns[at] = turn;
      const peer = (at * 10 + (turn % 10)) % PEER_COUNT;
      const request = announceOf(peer, hashOf(torrentOf(turn, at)));
      const reply = await client.call<AnnounceReply>(ANNOUNCE, request, { timeoutMs: CALL_TIMEOUT_MS });
      if (!Array.isArray(reply.peers)) throw new Error('a reply without peers');
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: window }, one));
  return count;
}

/** Of `new`: after each round of 2,000 announces the connections go on to as many other torrents, which all share. */
function torrentOf(turn: number, at: number): number {
  const torrent = (turn * 31 + at * 7) % torrentCount;
  return values.entries === 'new' ? NEW_TORRENTS_FROM + Math.floor(turn / ROUND) * torrentCount + torrent : torrent;
}

/** What signing costs is compared with all that the trackers do for an announce at the same window. */
async function measureWindows(trackers: readonly ServerProcess[]): Promise<readonly object[]> {
  const client = clients[0] as TcpRpcClient;
  const reply = await client.call<AnnounceReply>(ANNOUNCE, announceOf(0, hashOf(0)), { timeoutMs: CALL_TIMEOUT_MS });
  const results: object[] = [];
  for (const window of SIGNING_WINDOWS) {
    const announced = await measured(trackers, () => announceAll(Number(values.seconds) / 2, window));
    const { usPerAnnounce } = measureSigning(window, reply);
    const partOfCpu = Number(((usPerAnnounce * announced.perCpuSecond) / 1_000_000).toFixed(3));
    results.push({ window, announces: announced, signingUsPerAnnounce: usPerAnnounce, partOfCpu });
  }
  return results;
}

/** In a tracker of its own: the others remember peers for too long. */
async function expiryOf(secret: Buffer): Promise<Expiry> {
  const alone = new ProcessCluster(path.join(folder, 'expiry'));
  await mkdir(path.join(folder, 'expiry'));
  await copyFile(path.join(folder, 'cluster.key'), path.join(folder, 'expiry', 'cluster.key'));
  try {
    const client = await connected(await alone.startTracker('e1', ['--peer-ttl', `${EXPIRY_PEER_TTL_MS}ms`]), secret);
    try {
      return await measureExpiry(client);
    } finally {
      await client.close();
    }
  } finally {
    await alone.stop();
  }
}

interface Measure {
  readonly count: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly trackerCpuSeconds: number;
  readonly perCpuSecond: number;
}

async function measured(trackers: readonly ServerProcess[], work: () => Promise<number>): Promise<Measure> {
  const cpu = async (): Promise<number> =>
    (await Promise.all(trackers.map((tracker) => tracker.cpuSeconds()))).reduce((sum, one) => sum + one, 0);
  const before = await cpu();
  const startMs = performance.now();
  const count = await work();
  const seconds = (performance.now() - startMs) / 1_000;
  const trackerCpuSeconds = (await cpu()) - before;
  return {
    count,
    seconds: Number(seconds.toFixed(2)),
    perSecond: Math.round(count / seconds),
    trackerCpuSeconds: Number(trackerCpuSeconds.toFixed(2)),
    perCpuSecond: Math.round(count / trackerCpuSeconds),
  };
}

/** Heartbeats that name thousands of torrents; every tenth of them is due to be written again. */
async function refresh(
  trackers: readonly ServerProcess[],
  client: TcpRpcClient,
): Promise<Measure & { checked: number }> {
  const peer = identityOf(PEER_COUNT + 1);
  const torrents = Array.from({ length: REFRESH_TORRENTS }, (_, at) => ({
    hash: hashOf(1_000_000 + at),
    isComplete: true,
  }));
  for (let at = 0; at < torrents.length; at += SETUP_AT_ONCE) {
    await Promise.all(
      torrents.slice(at, at + SETUP_AT_ONCE).map(({ hash }) => {
        const request = { ...announceOf(PEER_COUNT + 1, hash), peerCountMax: 0 };
        return client.call<AnnounceReply>(TRACKER_PATTERNS.announce, request, { timeoutMs: 30_000 });
      }),
    );
  }
  const beat = { namespace: DEFAULT_NAMESPACE, peerId: peer.id, incarnation: peer.incarnation, torrents };
  const measure = await measured(trackers, async () => {
    let count = 0;
    for (let turn = 0; turn < 50; turn += 1) {
      const reply = await client.call<HeartbeatReply>(TRACKER_PATTERNS.heartbeat, beat, { timeoutMs: 30_000 });
      if (reply.unknown.length > 0) throw new Error(`${reply.unknown.length} torrents were forgotten`);
      count += torrents.length;
    }
    return count;
  });
  let checked = 0;
  for (const { hash } of torrents.slice(0, CHECKED)) {
    const request = { namespace: DEFAULT_NAMESPACE, hash, index: WHOLE_TORRENT, peerCountMax: 1 };
    const { seedCount } = await client.call<LookupReply>(TRACKER_PATTERNS.lookup, request, { timeoutMs: 30_000 });
    checked += seedCount;
  }
  return { ...measure, checked };
}
