import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseClusterKey } from '@panal/access';
import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { parseAddress } from '@panal/runtime';
import { TcpRpcClient } from '@panal/transport-tcp';
import {
  type AnnounceReply,
  type AnnounceRequest,
  DEFAULT_NAMESPACE,
  type HeartbeatReply,
  HybridClock,
  type LookupReply,
  TRACKER_PATTERNS,
  WHOLE_TORRENT,
} from '@panal/wire';
import { makeAnnounce, makeIdentity } from '../cluster/made-announce.js';
import { ProcessCluster, type ServerProcess } from '../cluster/process-cluster.js';

/*
 * npm run bench -- announce [--trackers N] [--seconds S] [--connections C] [--window W] [--torrents T]
 *
 * Announces, one a frame, over signed connections, by peers that get ten others in each reply; then refreshes: heartbeats of
 * peers with many torrents, checked by what is left after the life of an entry. Prints JSON. CPU is that of the trackers.
 */

const { values } = parseArgs({
  options: {
    trackers: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '64' },
    window: { type: 'string', default: '16' },
    torrents: { type: 'string', default: '2000' },
  },
});
const trackerCount = Number(values.trackers);
const connectionCount = Number(values.connections);
const torrentCount = Number(values.torrents);
const PEER_COUNT = 640;
const REPLY_PEERS = 10;
const REFRESH_TORRENTS = 8_192;
const CHECKED = 1_000;
const SETUP_AT_ONCE = 64;

const folder = await mkdtemp(path.join(tmpdir(), 'panal-announce-'));
const cluster = new ProcessCluster(folder);
const clients: TcpRpcClient[] = [];
try {
  const trackers: ServerProcess[] = [];
  for (let number = 1; number <= trackerCount; number += 1) trackers.push(await cluster.startTracker(`t${number}`));
  const { secret } = parseClusterKey(await readFile(path.join(folder, 'cluster.key'), 'utf8'));
  for (let at = 0; at < connectionCount; at += 1) clients.push(await connected(trackers[at % trackerCount], secret));
  await Promise.all(clients.map((client, at) => announceFor(client, at, 2_000)));
  const announces = await measured(trackers, async () => {
    const counts = await Promise.all(
      clients.map((client, at) => announceFor(client, at, Number(values.seconds) * 1_000)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  });
  const refreshes = await refresh(trackers, clients[0] as TcpRpcClient);
  process.stdout.write(
    `${JSON.stringify(
      {
        bench: 'announce',
        trackers: trackerCount,
        connections: connectionCount,
        window: Number(values.window),
        torrents: torrentCount,
        replyPeers: REPLY_PEERS,
        announces,
        refreshes,
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

/** Keeps `window` announces of the connection's own ten peers under way. @returns How many were answered */
async function announceFor(client: TcpRpcClient, at: number, forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  let count = 0;
  let turn = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < endMs) {
      turn += 1;
      const peer = (at * 10 + (turn % 10)) % PEER_COUNT;
      const reply = await client.call<AnnounceReply>(
        TRACKER_PATTERNS.announce,
        announceOf(peer, hashOf((turn * 31 + at * 7) % torrentCount)),
        { timeoutMs: 30_000 },
      );
      if (!Array.isArray(reply.peers)) throw new Error('a reply without peers');
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: Number(values.window) }, one));
  return count;
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
  const peer = makeIdentity({ kind: 'bench', number: PEER_COUNT + 1 });
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

function hashOf(number: number): Buffer {
  const hash = Buffer.alloc(32, 1);
  hash.writeUInt32BE(number, 0);
  return hash;
}

function announceOf(number: number, hash: Buffer): AnnounceRequest {
  return makeAnnounce({ kind: 'bench', number }, { hash, peerCountMax: REPLY_PEERS });
}
