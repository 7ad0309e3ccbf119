import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hashOf, REPLY_PEERS } from './messages.js';

const PORT = 16_969;
const MAGIC = 0x41727101980n;
const CONNECT = 0;
const ANNOUNCE = 1;
const REQUEST_SIZE = 98;
/** A datagram that nobody answers is lost: its place in the window is used again after this. */
const LOST_MS = 1_000;
const START_MAX_MS = 5_000;

export interface OpentrackerLoad {
  /** The program, or its name on PATH. */
  readonly program: string;
  readonly seconds: number;
  readonly connections: number;
  readonly window: number;
  readonly torrents: number;
}

export interface OpentrackerMeasure {
  readonly count: number;
  readonly lost: number;
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly unlike: string;
}

/**
 * The same load on opentracker by UDP, if it is there: connections, window, torrents and peers in a reply as for Panal.
 * @see https://www.bittorrent.org/beps/bep_0015.html
 */
export async function measureOpentracker(load: OpentrackerLoad): Promise<OpentrackerMeasure | 'missing'> {
  // As root it becomes `nobody` before it reads the list.
  const folder = await mkdtemp(path.join(tmpdir(), 'panal-opentracker-'));
  await chmod(folder, 0o755);
  try {
    const child = await start(load, folder);
    return child === undefined ? 'missing' : await measure(child, load);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure(child: ChildProcess, load: OpentrackerLoad): Promise<OpentrackerMeasure> {
  try {
    const clients = await Promise.all(Array.from({ length: load.connections }, (_, at) => UdpClient.connect(at, load)));
    await Promise.all(clients.map((client) => client.announceFor(1_000)));
    const before = await cpuSeconds(child);
    const startMs = performance.now();
    for (const client of clients) client.reset();
    await Promise.all(clients.map((client) => client.announceFor(load.seconds * 1_000)));
    const seconds = (performance.now() - startMs) / 1_000;
    const cpu = (await cpuSeconds(child)) - before;
    const count = clients.reduce((sum, client) => sum + client.count, 0);
    const lost = clients.reduce((sum, client) => sum + client.lost, 0);
    for (const client of clients) client.close();
    return {
      count,
      lost,
      perSecond: Math.round(count / seconds),
      perCpuSecond: Math.round(count / cpu),
      unlike: 'C, UDP, one datagram an announce, IPv4 compact peers, not signed, not replicated, not on disk',
    };
  } finally {
    child.kill();
  }
}

/** @returns Undefined when there is no such program. */
async function start({ program, torrents }: OpentrackerLoad, folder: string): Promise<ChildProcess | undefined> {
  // Debian's takes only torrents that it was told of.
  const whitelist = path.join(folder, 'whitelist');
  const hashes = Array.from({ length: torrents }, (_, number) => hashOf(number).toString('hex', 0, 20));
  await writeFile(whitelist, `${hashes.join('\n')}\n`);
  const flags = ['-i', '127.0.0.1', '-p', String(PORT), '-P', String(PORT), '-w', whitelist];
  const child = spawn(program, flags, { stdio: 'ignore' });
  const isThere = await new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true));
    child.once('error', () => resolve(false));
  });
  return isThere ? child : undefined;
}

async function cpuSeconds({ pid }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** One socket with `window` announces under way. */
class UdpClient {
  count = 0;
  lost = 0;
  #turn = 0;
  readonly #sentAtMs: number[];
  #endMs = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly at: number,
    private readonly connection: Buffer,
    private readonly load: OpentrackerLoad,
  ) {
    this.#sentAtMs = Array.from({ length: load.window }, () => 0);
    socket.on('message', (reply) => this.#received(reply));
  }

  static async connect(at: number, load: OpentrackerLoad): Promise<UdpClient> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.connect(PORT, '127.0.0.1', resolve));
    const request = Buffer.alloc(16);
    request.writeBigUInt64BE(MAGIC, 0);
    request.writeUInt32BE(CONNECT, 8);
    const answered = new Promise<Buffer>((resolve) => {
      socket.once('message', resolve);
    });
    // It may not listen yet: then the datagram is lost, or refused.
    socket.on('error', () => undefined);
    for (const endMs = performance.now() + START_MAX_MS; performance.now() < endMs; ) {
      socket.send(request);
      const reply = await Promise.race([answered, wait(100)]);
      if (reply !== undefined) return new UdpClient(socket, at, Buffer.from(reply.subarray(8, 16)), load);
    }
    throw new Error('opentracker does not answer');
  }

  reset(): void {
    this.count = 0;
    this.lost = 0;
  }

  close(): void {
    this.socket.close();
  }

  async announceFor(forMs: number): Promise<void> {
    this.#endMs = performance.now() + forMs;
    for (let place = 0; place < this.load.window; place += 1) this.#send(place);
    while (performance.now() < this.#endMs) {
      await wait(LOST_MS / 4);
      const nowMs = performance.now();
      for (const [place, sentAtMs] of this.#sentAtMs.entries()) {
        if (nowMs - sentAtMs < LOST_MS || nowMs >= this.#endMs) continue;
        this.lost += 1;
        this.#send(place);
      }
    }
  }

  #received(reply: Buffer): void {
    if (reply.length < 20 || reply.readUInt32BE(0) !== ANNOUNCE) return;
    this.count += 1;
    if (performance.now() < this.#endMs) this.#send(reply.readUInt32BE(4) % this.load.window);
  }

  /** As Panal's clients do: ten peers in turn, over all torrents. */
  #send(place: number): void {
    this.#turn += 1;
    const turn = this.#turn;
    const peer = this.at * 10 + (turn % 10);
    const request = Buffer.alloc(REQUEST_SIZE);
    this.connection.copy(request, 0);
    request.writeUInt32BE(ANNOUNCE, 8);
    request.writeUInt32BE(place, 12);
    hashOf((turn * 31 + this.at * 7) % this.load.torrents).copy(request, 16, 0, 20);
    request.writeUInt32BE(peer, 52);
    request.writeInt32BE(REPLY_PEERS, 92);
    request.writeUInt16BE(1_000 + peer, 96);
    this.#sentAtMs[place] = performance.now();
    this.socket.send(request);
  }
}
