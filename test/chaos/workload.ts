import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { type HostPort, parseAddress } from '@panal/runtime';
import { TcpRpcClient, TrackerSet } from '@panal/transport-tcp';
import { DEFAULT_NAMESPACE, HybridClock, WHOLE_TORRENT } from '@panal/wire';
import { type MadePeerOptions, makeAnnounce, makeIdentity } from '../cluster/made-announce.js';

/** One write that was acknowledged: this peer has this torrent. */
export interface Acknowledged {
  readonly hash: Buffer;
  readonly peer: number;
  readonly copies: number;
}

export interface WorkloadOptions {
  readonly trackers: readonly string[];
  readonly secret: Buffer;
  readonly cluster: string;
  readonly writerCount: number;
  readonly readerCount: number;
  /** Between two writes of one writer, ms. Default 0. */
  readonly writePauseMs?: number;
  /** Between two lookups of one reader, ms. Default READ_PAUSE_MS. */
  readonly readPauseMs?: number;
}

const PEERS_PER_WRITER = 10;
const HEARTBEAT_MS = 10_000;
const READ_PAUSE_MS = 5;
/** Requests under way at once, where many are made before and after the run. */
const BULK_WINDOW = 64;

/** Peers that announce new torrents without end, and readers that look for those that were acknowledged. */
export class Workload {
  readonly acknowledged: Acknowledged[] = [];
  readonly copies: Record<string, number> = {};
  failedWrites = 0;
  lookups = 0;
  failedLookups = 0;
  /** By reader: when a lookup last succeeded, and the longest time, ms, in which none did since `resetGap`. */
  readonly #readers: { goodAtMs: number; gapMs: number }[] = [];
  readonly #clients: TrackerSet[] = [];
  #isOver = false;
  #loops: Promise<void>[] = [];

  constructor(private readonly options: WorkloadOptions) {}

  start(): void {
    const { writerCount, readerCount } = this.options;
    for (let writer = 0; writer < writerCount; writer += 1) this.#loops.push(this.#write(writer));
    for (let reader = 0; reader < readerCount; reader += 1) this.#loops.push(this.#read());
  }

  /** Announces so many torrents, one each. */
  async fill(count: number): Promise<void> {
    const client = this.client();
    const peerCount = this.options.writerCount * PEERS_PER_WRITER;
    await inWindow(count, async (turn) => this.#announce(client, turn % peerCount));
  }

  /** The longest time, ms, in which no lookup of one reader succeeded, since `resetGap`; one that still lasts counts. */
  get gapMs(): number {
    const nowMs = performance.now();
    return Math.max(0, ...this.#readers.map(({ goodAtMs, gapMs }) => Math.max(gapMs, nowMs - goodAtMs)));
  }

  resetGap(): void {
    for (const reader of this.#readers) reader.gapMs = 0;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    this.#loops = [];
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  /** Looks every acknowledged write up, with patience. @returns Those that nobody finds. */
  async missing(): Promise<readonly Acknowledged[]> {
    const client = this.client();
    const missing: Acknowledged[] = [];
    await inWindow(this.acknowledged.length, async (at) => {
      const one = this.acknowledged[at];
      if (one !== undefined && !(await this.#isFound(client, one))) missing.push(one);
    });
    return missing;
  }

  client(): TrackerSet {
    const clock = new SystemClock();
    const timers = new SystemTimers();
    const random = new SystemRandom();
    const { secret, cluster, trackers } = this.options;
    const makeClient = (address: HostPort): TcpRpcClient =>
      new TcpRpcClient({
        address,
        identity: { role: 'peer', cluster, principal: 'peer:chaos' },
        secret,
        ports: { clock, timers, random, hybridClock: new HybridClock() },
      });
    const addresses = trackers.map((text) => parseAddress(text));
    const client = new TrackerSet({ addresses, clock, timers, random, makeClient });
    client.start();
    this.#clients.push(client);
    return client;
  }

  async #write(writer: number): Promise<void> {
    const { writePauseMs = 0 } = this.options;
    const client = this.client();
    let beatAtMs = performance.now() + HEARTBEAT_MS;
    for (let turn = 0; !this.#isOver; turn += 1) {
      await this.#announce(client, writer * PEERS_PER_WRITER + (turn % PEERS_PER_WRITER));
      if (writePauseMs > 0) await wait(writePauseMs);
      if (performance.now() < beatAtMs) continue;
      beatAtMs = performance.now() + HEARTBEAT_MS;
      await this.#beat(client, writer);
    }
  }

  async #announce(client: TrackerSet, peer: number): Promise<void> {
    const hash = randomBytes(32);
    try {
      const { copies = 0 } = await client.announce(makeAnnounce(peerOf(peer), { hash, peerCountMax: 0 }));
      this.copies[copies] = (this.copies[copies] ?? 0) + 1;
      this.acknowledged.push({ hash, peer, copies });
    } catch {
      this.failedWrites += 1;
      await wait(READ_PAUSE_MS);
    }
  }

  /** The beat of a peer that is known by what it announced: it needs to name no torrent to live. */
  async #beat(client: TrackerSet, writer: number): Promise<void> {
    for (let one = 0; one < PEERS_PER_WRITER; one += 1) {
      const { id, incarnation } = makeIdentity(peerOf(writer * PEERS_PER_WRITER + one));
      const beat = { namespace: DEFAULT_NAMESPACE, peerId: id, incarnation, torrents: [] };
      await client.heartbeat(beat).catch(() => undefined);
    }
  }

  async #read(): Promise<void> {
    const client = this.client();
    const { readPauseMs = READ_PAUSE_MS } = this.options;
    const reader = { goodAtMs: performance.now(), gapMs: 0 };
    this.#readers.push(reader);
    while (!this.#isOver) {
      await wait(readPauseMs);
      const one = this.acknowledged[Math.floor(Math.random() * this.acknowledged.length)];
      if (one === undefined) continue;
      this.lookups += 1;
      if (await this.#isFound(client, one)) {
        const nowMs = performance.now();
        reader.gapMs = Math.max(reader.gapMs, nowMs - reader.goodAtMs);
        reader.goodAtMs = nowMs;
      } else this.failedLookups += 1;
    }
  }

  async #isFound(client: TrackerSet, { hash, peer }: Acknowledged): Promise<boolean> {
    const request = { namespace: DEFAULT_NAMESPACE, hash, index: WHOLE_TORRENT, peerCountMax: 10 };
    try {
      const { peers } = await client.lookup(request);
      const { id } = makeIdentity(peerOf(peer));
      return peers.some((found) => Buffer.compare(found.id, id) === 0);
    } catch {
      return false;
    }
  }
}

/** Calls `act` for 0 to count - 1, BULK_WINDOW at once. */
async function inWindow(count: number, act: (turn: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let turn = next++; turn < count; turn = next++) await act(turn);
  };
  await Promise.all(Array.from({ length: BULK_WINDOW }, work));
}

/** Peers of earlier runs have other ids: the process tells them apart. */
function peerOf(number: number): MadePeerOptions {
  return { kind: 'chaos', number, run: process.pid };
}
