import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { formatClusterKey, makeClusterKey } from '@panal/access';
import { type RunningServer, SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { type Clock, parseAddress, silentLogger } from '@panal/runtime';
import { TcpRpcClient } from '@panal/transport-tcp';
import { type AnnounceRequest, HybridClock, type PeerIdentity, PROTOCOL_VERSION, versionsUpTo } from '@panal/wire';
import { readTrackerConfig, type TrackerConfig } from './config.js';
import { startTracker } from './start-tracker.js';

/** The machine's clock, which also jumps when told to. */
export class JumpingClock implements Clock {
  readonly #system = new SystemClock();
  #aheadMs = 0;

  nowMs(): number {
    return this.#system.nowMs() + this.#aheadMs;
  }

  monotonicMs(): number {
    return this.#system.monotonicMs() + this.#aheadMs;
  }

  jump(byMs: number): void {
    this.#aheadMs += byMs;
  }
}

export interface TrackerFixture {
  readonly clock: JumpingClock;
  readonly config: TrackerConfig;
  /** Of the cluster. */
  readonly secret: Buffer;
  readonly tracker: RunningServer;
  readonly client: TcpRpcClient;
  /** Another one, which goes with the fixture. @param versionMax The protocol it speaks at most. */
  connect(versionMax: number): TcpRpcClient;
  /** GET below the tracker's HTTP interface. */
  get(route: string): Promise<{ readonly status: number; readonly text: string }>;
  close(): Promise<void>;
}

/** A folder with a key file, for one test file. */
export async function makeKeyFolder(): Promise<{ folder: string; keyFile: string; secret: Buffer }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'panal-tracker-'));
  const keyFile = path.join(folder, 'cluster.key');
  const key = makeClusterKey(new SystemRandom());
  await writeFile(keyFile, formatClusterKey(key), { mode: 0o600 });
  return { folder, keyFile, secret: key.secret };
}

/** The configuration as if the flags were `argv`; no variable of the machine gets in. */
export function configOf(...argv: string[]): TrackerConfig {
  const config = readTrackerConfig(argv, {}, () => undefined);
  if (config === undefined) throw new Error('that was a call for help');
  return config;
}

/** A tracker on loopback, on free ports, with a client that is connected to it over a real socket. */
export async function makeTrackerFixture(...argv: string[]): Promise<TrackerFixture> {
  const { folder, keyFile, secret } = await makeKeyFolder();
  const config = configOf('--listen', '127.0.0.1:0', '--key-file', keyFile, '--name', 't1', ...argv);
  const clock = new JumpingClock();
  const ports = { timers: new SystemTimers(), random: new SystemRandom() };
  const tracker = await startTracker(config, {
    ports: { ...ports, clock, hybridClock: new HybridClock() },
    logger: silentLogger,
  });
  const clients: TcpRpcClient[] = [];
  const connect = (versionMax: number): TcpRpcClient => {
    const made = new TcpRpcClient({
      address: parseAddress(tracker.addresses.rpc ?? ''),
      identity: { role: 'peer', cluster: config.cluster, principal: 'peer:p1' },
      secret,
      versions: versionsUpTo(versionMax),
      ports: { ...ports, clock: new SystemClock(), hybridClock: new HybridClock() },
    });
    clients.push(made);
    return made;
  };
  return {
    clock,
    config,
    secret,
    tracker,
    client: connect(PROTOCOL_VERSION),
    connect,
    get: async (route) => {
      const response = await fetch(`${tracker.addresses.url}${route}`);
      return { status: response.status, text: await response.text() };
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await tracker.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A torrent nobody described: only its id matters. */
export const hash = Buffer.alloc(32, 7);
export const torrent = { namespace: 'default', hash, index: -1 };

export function makePeer(number: number, changes: Partial<PeerIdentity> = {}): PeerIdentity {
  const addresses = [{ network: 'default', host: `192.0.2.${number}`, port: 5550 }];
  return { id: Buffer.alloc(16, number), name: `p${number}`, incarnation: 1, addresses, dataPort: 5550, ...changes };
}

export function makeAnnounce(number: number, changes: Partial<AnnounceRequest> = {}): AnnounceRequest {
  const progress = { isComplete: true, chunksDone: 1, sizeBytes: 10, title: 'a título 蜂' };
  return { ...torrent, peer: makePeer(number), ...progress, peerCountMax: 10, ...changes };
}
