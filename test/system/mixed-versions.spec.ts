import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { parseClusterKey } from '@panal/access';
import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { parseAddress } from '@panal/runtime';
import { TcpRpcClient } from '@panal/transport-tcp';
import {
  type ClusterStatusReply,
  DEFAULT_NAMESPACE,
  HybridClock,
  type NameGetReply,
  type NamePutReply,
  PROTOCOL_VERSION,
  TRACKER_PATTERNS as patterns,
} from '@panal/wire';
import { ProcessCluster, type ServerProcess } from '../cluster/process-cluster.js';
import { eventually } from './cli-installation.js';

// Real processes on a machine that may have one slow core.
jest.setTimeout(120_000);

const NAMES = Array.from({ length: 40 }, (_, at) => `model:${at}`);
const OLDER = ['--protocol-max', String(PROTOCOL_VERSION - 1)];

describe('five trackers, three of which speak the version before', () => {
  let folder: string;
  let cluster: ProcessCluster;
  let trackers: ServerProcess[];
  let secret: Buffer;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-mixed-'));
    cluster = new ProcessCluster(path.join(folder, 'cluster'));
    // t2, t4 and t5 are older, so that either kind introduces the other.
    trackers = [await cluster.startTracker('t1')];
    const others = ['t2', 't3', 't4', 't5'].map((name) => cluster.startTracker(name, name === 't3' ? [] : OLDER));
    trackers.push(...(await Promise.all(others)));
    secret = parseClusterKey(await readFile(path.join(folder, 'cluster', 'cluster.key'), 'utf8')).secret;
  });

  afterEach(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function call<Reply>(tracker: ServerProcess | undefined, pattern: string, data: object = {}): Promise<Reply> {
    const client = new TcpRpcClient({
      address: parseAddress(tracker?.ready.rpc ?? ''),
      identity: { role: 'client', cluster: 'panal', principal: 'client:spec' },
      secret,
      ports: {
        clock: new SystemClock(),
        timers: new SystemTimers(),
        random: new SystemRandom(),
        hybridClock: new HybridClock(),
      },
    });
    try {
      return await client.call<Reply>(pattern, { namespace: DEFAULT_NAMESPACE, ...data });
    } finally {
      await client.close();
    }
  }
  const status = (tracker: ServerProcess | undefined) => call<ClusterStatusReply>(tracker, patterns.clusterStatus);

  async function areWhole(those: readonly ServerProcess[]): Promise<boolean> {
    const replies = await Promise.all(those.map(status));
    return replies.every(
      ({ whyNotReady, members }) =>
        whyNotReady === null && members.filter(({ health }) => health === 'alive').length === those.length,
    );
  }

  it('are one cluster: what one took all know, and no two deaths lose any of it', async () => {
    await eventually(() => areWhole(trackers), 30_000);
    const hashes = new Map<string, Buffer>();
    for (const [at, name] of NAMES.entries()) {
      const hash = randomBytes(32);
      const written = { name, hash, setAt: new HybridClock().tick(Date.now()) };
      const { copies } = await call<NamePutReply>(trackers[at % trackers.length], patterns.namePut, written);
      expect(copies).toBeGreaterThanOrEqual(3);
      hashes.set(name, hash);
    }

    // One of either kind.
    const [first, second, ...left] = trackers;
    await Promise.all([first?.end('SIGKILL'), second?.end('SIGKILL')]);

    for (const tracker of left) {
      for (const [name, hash] of hashes) {
        const { hash: known } = await call<NameGetReply>(tracker, patterns.nameGet, { name });
        expect(Buffer.from(known)).toEqual(hash);
      }
    }
    await eventually(() => areWhole(left), 60_000);
  });

  it('refuse a cordon and name who is in its way; upgraded one after the other they take it', async () => {
    await eventually(() => areWhole(trackers), 30_000);
    const order = { fence: 0 };
    const refusal = { code: 'cluster_mixed', message: expect.stringMatching(/t2.*t4.*t5/) as string };
    await expect(call(trackers[0], patterns.clusterCordon, order)).rejects.toMatchObject(refusal);
    for (const [at, name] of [
      [1, 't2'],
      [3, 't4'],
      [4, 't5'],
    ] as const) {
      const { ready } = trackers[at] as ServerProcess;
      await trackers[at]?.end();
      const flags = ['--listen', ready.rpc ?? '', '--cluster-listen', ready.cluster ?? ''];
      trackers[at] = await cluster.startTracker(name, flags);
      await eventually(() => areWhole(trackers), 30_000);
    }
    expect(await call(trackers[0], patterns.clusterCordon, order)).toEqual({ isCordoned: true });
    await eventually(async () => {
      const replies = await Promise.all(trackers.map(status));
      return replies.every(({ members }) => members.some(({ name, isCordoned }) => name === 't1' && isCordoned));
    }, 30_000);
    await eventually(() => areWhole(trackers), 60_000);
  });

  it('serve peers alike, whichever a peer asks', async () => {
    await eventually(() => areWhole(trackers), 30_000);
    const [newer, older] = trackers;
    const provider = await cluster.startPeer('provider', { trackers: [older?.ready.rpc ?? ''] });
    const bytes = randomBytes(300_000);
    await writeFile(path.join(folder, 'content'), bytes);
    const { id } = await provider.share({ path: path.join(folder, 'content'), name: 'content:1' });
    await provider.untilComplete(id);
    const late = await cluster.startPeer('late', { trackers: [newer?.ready.rpc ?? ''] });
    const download = await late.download({ name: 'content:1', directory: path.join(folder, 'late') });
    await late.untilComplete(download.id);
    expect((await readFile(path.join(folder, 'late', 'content'))).equals(bytes)).toBe(true);
  });
});
