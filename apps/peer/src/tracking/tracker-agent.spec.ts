import { formatAddress, type HostPort, ManualClock, ReportedError, SeededRandom, silentLogger } from '@panal/runtime';
import { createTorrent, type Metainfo } from '@panal/torrent';
import { type TrackerClient, TrackerSet } from '@panal/transport-tcp';
import { type AnnounceRequest, type HeartbeatRequest, type PeerIdentity, TRACKER_PATTERNS } from '@panal/wire';
import { TrackerAgent } from './tracker-agent.js';

const identity: PeerIdentity = { id: Buffer.alloc(16, 1), name: 'ada', incarnation: 5, addresses: [], dataPort: 5550 };
const times = { heartbeatIntervalMs: 30_000, peerTtlMs: 90_000 };

function torrent(name: string): Metainfo {
  const files = [{ path: [name], sizeBytes: 0, isExecutable: false }];
  return createTorrent({ name, isDirectory: false, chunkSizeBytes: 16 * 1024, format: 'v2', files });
}

type Status = TrackerClient['currentStatus'];

/** Two trackers of one cluster, by their clients: what is known is known to both, unless a test makes one forget. */
class FakeCluster {
  readonly addresses = ['t1:5555', 't2:5555'].map((name) => ({ host: name.slice(0, 2), port: 5555 }));
  readonly heard: string[] = [];
  readonly known = new Set<string>();
  readonly isUp = new Map(this.addresses.map((address) => [formatAddress(address), true]));
  readonly clients = new Set<FakeClient>();

  answer(tracker: string, pattern: string, data: unknown): unknown {
    const command = pattern.split('.').slice(1).join('.');
    if (pattern === TRACKER_PATTERNS.clusterMembers) return this.#members();
    this.heard.push(`${tracker} ${command}`);
    if (pattern === TRACKER_PATTERNS.announce) {
      this.known.add(keyOf((data as AnnounceRequest).hash));
      const reply = { peers: [], seedCount: 0, leechCount: 0, isMetadataKnown: true, observedHost: '192.0.2.1' };
      return { ...reply, ...times, copies: 2 };
    }
    if (pattern === TRACKER_PATTERNS.heartbeat) {
      const { torrents } = data as HeartbeatRequest;
      return { unknown: torrents.map(({ hash }) => hash).filter((hash) => !this.known.has(keyOf(hash))), ...times };
    }
    if (pattern === TRACKER_PATTERNS.deregister) return { wasRegistered: true };
    throw new ReportedError({ code: 'rpc_unknown_command', message: 'No.', action: 'None.', retryable: false });
  }

  kill(name: string): void {
    this.isUp.set(name, false);
    for (const client of this.clients) if (formatAddress(client.address) === name) client.lose();
  }

  #members(): unknown {
    const members = this.addresses.map((rpc, index) => ({
      id: String(index).repeat(32),
      name: rpc.host,
      rpc,
      zone: '',
      weight: 1,
      phase: 'active',
      isAlive: this.isUp.get(formatAddress(rpc)),
    }));
    return { clusterId: 'c', epoch: 1, slotCount: 16_384, members };
  }
}

class FakeClient implements TrackerClient {
  currentStatus: Status = { kind: 'idle', failure: undefined };
  #listener: (status: Status) => void = () => undefined;

  constructor(
    private readonly cluster: FakeCluster,
    readonly address: HostPort,
  ) {}

  onStatus(listener: (status: Status) => void): () => void {
    this.#listener = listener;
    return () => void (this.#listener = () => undefined);
  }

  async connect(): Promise<void> {
    await Promise.resolve();
    if (this.cluster.isUp.get(formatAddress(this.address)) !== true) return this.lose();
    this.cluster.clients.add(this);
    this.#set({ kind: 'connected' });
  }

  async call<R>(pattern: string, data: unknown): Promise<R> {
    await Promise.resolve();
    if (this.currentStatus.kind !== 'connected') throw new Error('there is no connection');
    return this.cluster.answer(formatAddress(this.address), pattern, data) as R;
  }

  stream(): () => void {
    throw new Error('nothing is streamed here');
  }

  async close(): Promise<void> {
    this.cluster.clients.delete(this);
  }

  lose(): void {
    this.#set({ kind: 'waiting', failure: new Error('lost') });
  }

  #set(status: Status): void {
    this.currentStatus = status;
    this.#listener(status);
  }
}

const keyOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

class Bed {
  readonly clock = new ManualClock();
  readonly cluster = new FakeCluster();
  readonly agent: TrackerAgent;

  constructor() {
    const { clock, cluster } = this;
    const random = new SeededRandom(2);
    const trackers = new TrackerSet({
      addresses: cluster.addresses,
      clock,
      timers: clock,
      random,
      makeClient: (address) => new FakeClient(cluster, address),
    });
    this.agent = new TrackerAgent({ trackers, identity: () => identity, timers: clock, random, logger: silentLogger });
  }

  get session(): string {
    return this.agent.views().find(({ isSession }) => isSession)?.address ?? 'none';
  }

  count(message: string): number {
    return this.cluster.heard.filter((heard) => heard.endsWith(message)).length;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed <= ms; passed += 50) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(50);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('TrackerAgent', () => {
  const progress = () => ({ isComplete: true, chunksDone: 1 });

  async function sharing(count: number): Promise<Bed> {
    const bed = new Bed();
    bed.agent.start([]);
    await bed.pass(500);
    for (let index = 0; index < count; index += 1) bed.agent.track({ metainfo: torrent(`t${index}`), progress });
    await bed.pass(500);
    return bed;
  }

  it('announces each torrent once, to one tracker, and beats to the same', async () => {
    const bed = await sharing(3);
    expect(bed.cluster.heard).toEqual(Array.from({ length: 3 }, () => `${bed.session} peers.announce`));
    await bed.pass(95_000);
    expect(bed.count('announce')).toBe(3);
    expect(bed.count('heartbeat')).toBeGreaterThanOrEqual(3);
    expect(bed.count('heartbeat')).toBe(bed.count(`${bed.session} peers.heartbeat`));
    await bed.agent.stop();
  });

  it('beats at once to another tracker when its own is gone, and announces again only what that one does not know', async () => {
    const bed = await sharing(3);
    const first = bed.session;
    bed.cluster.known.delete(keyOf(torrent('t1').contentId));
    bed.cluster.kill(first);
    await bed.pass(500);
    expect(bed.session).not.toBe(first);
    expect(bed.cluster.heard.slice(3)).toEqual([`${bed.session} peers.heartbeat`, `${bed.session} peers.announce`]);
    await bed.agent.stop();
  });

  it('announces what no tracker took as soon as there is one', async () => {
    const bed = new Bed();
    for (const name of bed.cluster.isUp.keys()) bed.cluster.kill(name);
    bed.agent.start([]);
    const tracked = bed.agent.track({ metainfo: torrent('t'), progress });
    await bed.pass(1_000);
    expect(tracked.trouble).toMatchObject({ code: 'no_tracker' });
    for (const name of bed.cluster.isUp.keys()) bed.cluster.isUp.set(name, true);
    await bed.pass(16_000);
    expect(tracked.trouble).toBeNull();
    await bed.agent.stop();
  });

  it('says goodbye for each torrent, and is silent ever after', async () => {
    const bed = await sharing(2);
    await bed.agent.stop();
    expect(bed.count('deregister')).toBe(2);
    const count = bed.cluster.heard.length;
    await bed.pass(120_000);
    expect(bed.cluster.heard).toHaveLength(count);
  });
});
