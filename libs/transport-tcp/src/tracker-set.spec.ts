import { createServer, type Server } from 'node:net';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { formatAddress, type HostPort, PanalError } from '@panal/runtime';
import { type PeerInfo, TRACKER_PATTERNS } from '@panal/wire';
import { NoTrackerError, TooManyTrackersError } from './errors.js';
import { bedPorts, failureOf, RpcBed, realClock, realTimers, until } from './rpc/rpc-bed.fixture.js';
import type { TcpRpcClientOptions } from './rpc/tcp-rpc-client.js';
import { TrackerSet, type TrackerSetOptions } from './tracker-set.js';

const hash = Buffer.alloc(32, 1);
const otherHash = Buffer.alloc(32, 2);
const torrent = { namespace: 'default', hash, index: -1 };
const lookup = { ...torrent, peerCountMax: 50 };
const named = { namespace: 'default', name: 'llm:v3' };
const announce = {
  ...torrent,
  peer: { id: Buffer.alloc(16, 9), name: 'ada', incarnation: 1, addresses: [], dataPort: 5550 },
  isComplete: true,
  chunksDone: 1,
  sizeBytes: 1,
  title: 'x',
  peerCountMax: 50,
};

function peer(id: number): PeerInfo {
  return { id: Buffer.alloc(16, id), name: `p${id}`, addresses: [], isComplete: true };
}

class NameUnknownError extends PanalError {
  constructor() {
    super({ code: 'name_unknown', message: 'No such name.', action: 'Check it.', retryable: false });
  }
}

/** What one tracker of a test says; a function so that it can throw. */
interface Script {
  peers?: () => unknown;
  metadata?: () => unknown;
  name?: () => unknown;
  put?: () => unknown;
  list?: () => unknown;
  heard: string[];
}

/** A tracker that says what its script says. */
function trackerOf(script: Script): new () => object {
  @Controller()
  class ScriptedTracker {
    @MessagePattern(TRACKER_PATTERNS.announce)
    announce(): unknown {
      script.heard.push('announce');
      const reply = { seedCount: 1, leechCount: 0, heartbeatIntervalMs: 1, peerTtlMs: 2, isMetadataKnown: true };
      return { ...reply, observedHost: '192.0.2.1', peers: script.peers?.() ?? [] };
    }

    @MessagePattern(TRACKER_PATTERNS.heartbeat)
    heartbeat(): unknown {
      script.heard.push('heartbeat');
      return { unknown: [hash], heartbeatIntervalMs: 1, peerTtlMs: 2 };
    }

    @MessagePattern(TRACKER_PATTERNS.deregister)
    deregister(): unknown {
      return { wasRegistered: true };
    }

    @MessagePattern(TRACKER_PATTERNS.lookup)
    async lookup(): Promise<unknown> {
      return { seedCount: 1, leechCount: 0, peers: (await script.peers?.()) ?? [] };
    }

    @MessagePattern(TRACKER_PATTERNS.metadataGet)
    metadata(): unknown {
      return { bytes: script.metadata?.() ?? null };
    }

    @MessagePattern(TRACKER_PATTERNS.metadataPut)
    putMetadata(): unknown {
      return { wasNew: true };
    }

    @MessagePattern(TRACKER_PATTERNS.nameGet)
    async name(): Promise<unknown> {
      return script.name?.();
    }

    @MessagePattern(TRACKER_PATTERNS.namePut)
    putName(): unknown {
      return script.put?.() ?? { isCurrent: true, hash };
    }

    @MessagePattern(TRACKER_PATTERNS.torrentList)
    list(): unknown {
      return script.list?.();
    }
  }
  return ScriptedTracker;
}

const never = (): Promise<never> => new Promise(() => undefined);
const unknownName = (): never => {
  throw new NameUnknownError();
};

describe('TrackerSet', () => {
  const bed = new RpcBed();
  const mute: Server = createServer((socket) => socket.on('error', () => undefined));
  const one: Script = { heard: [] };
  const two: Script = { heard: [] };
  let addresses: HostPort[];
  let dead: HostPort;
  let mutePort: number;
  const sets: TrackerSet[] = [];

  beforeAll(async () => {
    const servers = await Promise.all([one, two].map((script) => bed.serve(trackerOf(script))));
    const gone = await bed.serve(trackerOf({ heard: [] }));
    dead = gone.address;
    await gone.close();
    addresses = [...servers.map(({ address }) => address), dead];
    mutePort = await new Promise((resolve) => {
      mute.listen(0, '127.0.0.1', () => resolve((mute.address() as { port: number }).port));
    });
  });
  beforeEach(() => {
    for (const script of [one, two])
      Object.assign(script, {
        peers: undefined,
        metadata: undefined,
        name: undefined,
        put: undefined,
        list: undefined,
        heard: [],
      });
  });
  afterEach(() => Promise.all(sets.splice(0).map((set) => set.close())));
  afterAll(async () => {
    await bed.end();
    mute.close();
  });

  function makeSet(options: Partial<TrackerSetOptions> & { client?: Partial<TcpRpcClientOptions> } = {}): TrackerSet {
    const ports = bedPorts();
    const set = new TrackerSet({
      addresses,
      clock: realClock,
      timers: realTimers,
      makeClient: (address) => bed.client(address, { ports, ...options.client }),
      readGraceMs: 1_000,
      writeGraceMs: 1_000,
      timeoutMs: 3_000,
      ...options,
    });
    sets.push(set);
    return set;
  }

  it('tells every tracker, and says by address who heard it', async () => {
    const answers = await makeSet().announce(announce);
    expect(answers.map(({ kind, address }) => [kind, address])).toEqual([
      ['answered', formatAddress(addresses[0] as HostPort)],
      ['answered', formatAddress(addresses[1] as HostPort)],
      ['failed', formatAddress(dead)],
    ]);
    expect(one.heard).toEqual(['announce']);
    expect(two.heard).toEqual(['announce']);
    expect(answers[2]).toMatchObject({ error: { code: 'connect_failed' } });
  });

  it('carries heartbeats, deregistrations and metadata to all', async () => {
    const set = makeSet();
    const heartbeat = { namespace: 'default', peerId: Buffer.alloc(16), incarnation: 1, torrents: [] };
    const [beat] = await set.heartbeat(heartbeat);
    expect(beat).toMatchObject({ kind: 'answered', reply: { unknown: [hash] } });
    const [left] = await set.deregister({ ...torrent, peerId: Buffer.alloc(16) });
    expect(left).toMatchObject({ reply: { wasRegistered: true } });
    const [put] = await set.putMetadata({ ...torrent, bytes: Buffer.from('d') });
    expect(put).toMatchObject({ reply: { wasNew: true } });
  });

  it('merges what the trackers know of a torrent', async () => {
    one.peers = () => [peer(1), peer(2)];
    two.peers = () => [peer(2), peer(3)];
    const { peers } = await makeSet().lookup(lookup);
    expect(peers.map(({ id }) => id[0])).toEqual([1, 2, 3]);
  });

  it('is not held up by a tracker that is slow, mute or talks nonsense', async () => {
    one.peers = () => [peer(1)];
    two.peers = never;
    // Ten times what a test may take: whoever waits for it fails.
    const set = makeSet({
      addresses: [...addresses, { host: '127.0.0.1', port: mutePort }],
      readGraceMs: 40,
      timeoutMs: 60_000,
    });
    expect((await set.lookup(lookup)).peers).toHaveLength(1);
    two.peers = () => ['nonsense'];
    expect((await set.lookup(lookup)).peers).toHaveLength(1);
  });

  it('finds nobody when nobody has it', async () => {
    expect(await makeSet().lookup(lookup)).toEqual({ peers: [], seedCount: 1, leechCount: 0 });
  });

  it('takes the first good metadata, and none that is bad', async () => {
    one.metadata = () => Buffer.from('bad');
    two.metadata = () => Buffer.from('good');
    const isGood = (bytes: Uint8Array): boolean => Buffer.from(bytes).toString() === 'good';
    const set = makeSet();
    expect(Buffer.from((await set.getMetadata(torrent, isGood)) ?? []).toString()).toBe('good');
    two.metadata = () => null;
    expect(await set.getMetadata(torrent, isGood)).toBeNull();
  });

  it('says that a name is current only when no tracker knows a newer meaning', async () => {
    const put = { ...named, hash, setAt: 5 };
    expect(await makeSet().putName(put)).toEqual({ isCurrent: true, hash });
    two.put = () => ({ isCurrent: false, hash: otherHash });
    expect(await makeSet().putName(put)).toEqual({ isCurrent: false, hash: otherHash });
  });

  it('takes the newest meaning of a name', async () => {
    one.name = () => ({ hash, setAt: 5, history: [] });
    two.name = () => ({ hash: otherHash, setAt: 6, history: [] });
    expect(await makeSet().getName(named)).toMatchObject({ setAt: 6, hash: otherHash });
    two.name = unknownName;
    expect(await makeSet().getName(named)).toMatchObject({ setAt: 5 });
  });

  it('calls a name unknown only when every tracker that can be reached said so', async () => {
    one.name = unknownName;
    two.name = unknownName;
    expect(await failureOf(makeSet().getName(named))).toMatchObject({ code: 'name_unknown' });
    two.name = never;
    const set = makeSet({ timeoutMs: 200 });
    set.start();
    await until(() => set.views().filter(({ state }) => state === 'connected').length === 2);
    expect(await failureOf(set.getName(named))).toMatchObject({
      code: 'rpc_timeout',
      retryable: true,
    });
    expect(await failureOf(makeSet({ addresses: [dead] }).getName(named))).toBeInstanceOf(NoTrackerError);
    // A tracker that takes the connection and never finishes the handshake is not there.
    const withMute = [...addresses.slice(0, 1), { host: '127.0.0.1', port: mutePort }];
    const unreached = makeSet({ addresses: withMute, timeoutMs: 200 });
    unreached.start();
    await until(() => unreached.views()[0]?.state === 'connected');
    expect(await failureOf(unreached.getName(named))).toMatchObject({ code: 'name_unknown' });
  });

  it('lists the torrents of all trackers', async () => {
    const summary = { title: 't', sizeBytes: 1, seedCount: 0, leechCount: 0, requestCount: 0, names: [] };
    one.list = () => ({ torrents: [{ ...summary, hash }] });
    two.list = () => ({ torrents: [{ ...summary, hash: otherHash }] });
    const { torrents } = await makeSet().list({ namespace: 'default', countMax: 10 });
    expect(torrents.map((torrent) => torrent.hash)).toEqual([hash, otherHash]);
  });

  it('says which trackers it could not reach and what to do, when it is all of them', async () => {
    const set = makeSet({ addresses: [dead] });
    const failure = await failureOf(set.lookup(lookup));
    expect(failure).toBeInstanceOf(NoTrackerError);
    expect(failure).toMatchObject({ code: 'no_tracker', retryable: true });
    expect((failure as Error).message).toContain(formatAddress(dead));
    expect((failure as NoTrackerError).action).toContain('--tracker');
    expect(await failureOf(makeSet({ addresses: [] }).lookup(lookup))).toMatchObject({
      code: 'no_tracker',
      retryable: false,
    });
  });

  it('hands on what the trackers refuse', async () => {
    one.peers = unknownName;
    two.peers = unknownName;
    expect(await failureOf(makeSet().lookup(lookup))).toMatchObject({ code: 'name_unknown' });
  });

  it('shows the state of each tracker, with the reason', async () => {
    const set = makeSet();
    expect(set.views().map(({ state }) => state)).toEqual(['connecting', 'connecting', 'connecting']);
    set.start();
    await until(() => set.views().filter(({ state }) => state === 'connected').length === 2);
    await until(() => set.views()[2]?.reason !== undefined);
    expect(set.views()[2]).toMatchObject({
      address: formatAddress(dead),
      state: 'connecting',
      reason: { code: 'connect_failed' },
    });
    const stranger = makeSet({ addresses: addresses.slice(0, 1), client: { secret: Buffer.alloc(32) } });
    stranger.start();
    await until(() => stranger.views()[0]?.state === 'refused');
    expect(stranger.views()[0]).toMatchObject({ reason: { code: 'key_mismatch' } });
  });

  it('tells when a tracker is back, so that all can be announced again', async () => {
    const server = await bed.serve(trackerOf({ heard: [] }), { limits: { drainTimeoutMs: 0 } });
    const { address } = server;
    const set = makeSet({ addresses: [address], client: { limits: { reconnectFirstMs: 5, reconnectMaxMs: 20 } } });
    const seen: string[] = [];
    const end = set.onConnected((connected) => seen.push(connected));
    set.start();
    await until(() => seen.length === 1);
    await server.close();
    await bed.serve(trackerOf({ heard: [] }), { listen: address });
    await until(() => seen.length === 2);
    expect(seen).toEqual([formatAddress(address), formatAddress(address)]);
    end();
  });

  it('counts the same address once, and takes no endless list', () => {
    expect(makeSet({ addresses: [dead, { ...dead }] }).views()).toHaveLength(1);
    const many = Array.from({ length: 65 }, (_, index) => ({ host: 't', port: index + 1 }));
    expect(() => makeSet({ addresses: many })).toThrow(TooManyTrackersError);
  });
});
