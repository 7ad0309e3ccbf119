import { createServer, type Server } from 'node:net';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { formatAddress, type HostPort, PanalError } from '@panal/runtime';
import { type PeerInfo, TRACKER_PATTERNS } from '@panal/wire';
import { NoTrackerError, TooManyTrackersError } from './errors.js';
import { bedPorts, failureOf, RpcBed, realClock, realTimers, until } from './rpc/rpc-bed.fixture.js';
import type { TcpRpcClientOptions } from './rpc/tcp-rpc-client.js';
import { TrackerSet } from './tracker-set.js';
import type { TrackerSetLimits } from './tracker-set-limits.js';

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

/** A tracker of protocol version 1 that says what its script says. */
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

describe('a set of trackers that serve alone', () => {
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

  interface SetOptions {
    readonly addresses?: readonly HostPort[];
    readonly limits?: Partial<TrackerSetLimits>;
    readonly client?: Partial<TcpRpcClientOptions>;
  }

  function makeSet(options: SetOptions = {}): TrackerSet {
    const ports = bedPorts();
    const set = new TrackerSet({
      addresses: options.addresses ?? addresses,
      clock: realClock,
      timers: realTimers,
      random: ports.random,
      makeClient: (address) => bed.client(address, { ports, ...options.client }),
      limits: { readGraceMs: 1_000, writeGraceMs: 1_000, timeoutMs: 3_000, ...options.limits },
    });
    sets.push(set);
    return set;
  }

  /** A set that has found out which of the two trackers that run here, or of those of `options`, serve alone. */
  async function settled(options: SetOptions = {}): Promise<TrackerSet> {
    const set = makeSet(options);
    const live = addresses.slice(0, 2).map(formatAddress);
    const awaited = (options.addresses ?? addresses).map(formatAddress).filter((address) => live.includes(address));
    const told: string[] = [];
    set.onSession((address) => told.push(address));
    set.start();
    // Once for the session, and once for each that serves alone.
    await until(() => told.length === awaited.length + 1);
    return set;
  }

  it('tells every tracker, and makes one answer of theirs', async () => {
    one.peers = () => [peer(1)];
    two.peers = () => [peer(2)];
    const set = await settled();
    const reply = await set.announce(announce);
    expect(reply).toMatchObject({ heartbeatIntervalMs: 1, peerTtlMs: 2, isMetadataKnown: true });
    expect(reply.peers.map(({ id }) => id[0] ?? 0).sort((a, b) => a - b)).toEqual([1, 2]);
    expect(one.heard).toEqual(['announce']);
    expect(two.heard).toEqual(['announce']);
  });

  it('hears the one that refuses, though another took it', async () => {
    two.peers = unknownName;
    expect(await failureOf((await settled()).announce(announce))).toMatchObject({ code: 'name_unknown' });
    expect(one.heard).toEqual(['announce']);
  });

  it('carries heartbeats, deregistrations and metadata to all', async () => {
    const set = await settled();
    const heartbeat = { namespace: 'default', peerId: Buffer.alloc(16), incarnation: 1, torrents: [] };
    expect(await set.heartbeat(heartbeat)).toMatchObject({ unknown: [hash] });
    expect([...one.heard, ...two.heard]).toEqual(['heartbeat', 'heartbeat']);
    expect(await set.deregister({ ...torrent, peerId: Buffer.alloc(16) })).toEqual({ wasRegistered: true });
    expect(await set.putMetadata({ ...torrent, bytes: Buffer.from('d') })).toEqual({ wasNew: true });
  });

  it('merges what the trackers know of a torrent', async () => {
    one.peers = () => [peer(1), peer(2)];
    two.peers = () => [peer(2), peer(3)];
    const { peers } = await (await settled()).lookup(lookup);
    expect(peers.map(({ id }) => id[0] ?? 0).sort((a, b) => a - b)).toEqual([1, 2, 3]);
  });

  it('is not held up by a tracker that is slow, mute or talks nonsense', async () => {
    one.peers = () => [peer(1)];
    two.peers = never;
    // Ten times what a test may take: whoever waits for it fails.
    const set = await settled({
      addresses: [...addresses, { host: '127.0.0.1', port: mutePort }],
      limits: { readGraceMs: 40, timeoutMs: 60_000 },
    });
    expect((await set.lookup(lookup)).peers).toHaveLength(1);
    two.peers = () => ['nonsense'];
    expect((await set.lookup(lookup)).peers).toHaveLength(1);
  });

  it('finds nobody when nobody has it', async () => {
    expect(await (await settled()).lookup(lookup)).toEqual({ peers: [], seedCount: 1, leechCount: 0 });
  });

  it('takes the first good metadata, and none that is bad', async () => {
    one.metadata = () => Buffer.from('bad');
    two.metadata = () => Buffer.from('good');
    const isGood = (bytes: Uint8Array): boolean => Buffer.from(bytes).toString() === 'good';
    const set = await settled();
    expect(Buffer.from((await set.getMetadata(torrent, isGood)) ?? []).toString()).toBe('good');
    two.metadata = () => null;
    expect(await set.getMetadata(torrent, isGood)).toBeNull();
  });

  it('says that a name is current only when no tracker knows a newer meaning', async () => {
    const put = { ...named, hash, setAt: 5 };
    const set = await settled();
    expect(await set.putName(put)).toEqual({ isCurrent: true, hash });
    two.put = () => ({ isCurrent: false, hash: otherHash });
    expect(await set.putName(put)).toEqual({ isCurrent: false, hash: otherHash });
  });

  it('takes the newest meaning of a name', async () => {
    one.name = () => ({ hash, setAt: 5, history: [] });
    two.name = () => ({ hash: otherHash, setAt: 6, history: [] });
    const set = await settled();
    expect(await set.getName(named)).toMatchObject({ setAt: 6, hash: otherHash });
    two.name = unknownName;
    expect(await set.getName(named)).toMatchObject({ setAt: 5 });
  });

  it('calls a name unknown only when every tracker that can be reached said so', async () => {
    one.name = unknownName;
    two.name = unknownName;
    expect(await failureOf((await settled()).getName(named))).toMatchObject({ code: 'name_unknown' });
    two.name = never;
    expect(await failureOf((await settled({ limits: { timeoutMs: 200 } })).getName(named))).toMatchObject({
      code: 'rpc_timeout',
      retryable: true,
    });
    expect(await failureOf(makeSet({ addresses: [dead] }).getName(named))).toBeInstanceOf(NoTrackerError);
    // A tracker that takes the connection and never finishes the handshake is not there.
    const withMute = [...addresses.slice(0, 1), { host: '127.0.0.1', port: mutePort }];
    const unreached = await settled({ addresses: withMute, limits: { timeoutMs: 200 } });
    expect(await failureOf(unreached.getName(named))).toMatchObject({ code: 'name_unknown' });
  });

  it('lists the torrents of all trackers', async () => {
    const summary = { title: 't', sizeBytes: 1, seedCount: 0, leechCount: 0, requestCount: 0, names: [] };
    one.list = () => ({ torrents: [{ ...summary, hash }] });
    two.list = () => ({ torrents: [{ ...summary, hash: otherHash }] });
    const { torrents } = await (await settled()).list({ namespace: 'default', countMax: 10 });
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
    expect(await failureOf((await settled()).lookup(lookup))).toMatchObject({ code: 'name_unknown' });
  });

  it('shows the state of each tracker, with the reason', async () => {
    const set = makeSet();
    expect(set.views().map(({ state }) => state)).toEqual(['standby', 'standby', 'standby']);
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
    const set = makeSet({ addresses: [address], limits: { reconnectFirstMs: 5, reconnectMaxMs: 20 } });
    const seen: string[] = [];
    const end = set.onSession((connected) => seen.push(connected));
    set.start();
    await until(() => seen.length === 2);
    await server.close();
    await bed.serve(trackerOf({ heard: [] }), { listen: address });
    await until(() => seen.length === 4);
    expect(new Set(seen)).toEqual(new Set([formatAddress(address)]));
    end();
  });

  it('counts the same address once, and takes no endless list', () => {
    expect(makeSet({ addresses: [dead, { ...dead }] }).views()).toHaveLength(1);
    const many = Array.from({ length: 65 }, (_, index) => ({ host: 't', port: index + 1 }));
    expect(() => makeSet({ addresses: many })).toThrow(TooManyTrackersError);
  });
});
