import { connect, createServer, type Server, type Socket } from 'node:net';
import { type HostPort, ManualClock, SeededRandom, silentLogger, type Timers } from '@panal/runtime';
import { Bitfield, ChunkGeometry } from '@panal/torrent';
import type { DialedSource, ReceivedBlock, SourceLinkEvents } from '@panal/transfer';
import { DATA_RECORD_BYTES_MAX, encodeDataMessage, type HelloIdentity } from '@panal/wire';
import { secureClient, secureServer } from '../secure-socket.js';
import { BlockSlots } from './block-slots.js';
import { DataDialer } from './data-dialer.js';
import { ContentUnknownError } from './data-errors.js';
import { LINK_TICK_MS, QUIET_TICKS_IN_BLOCK_MAX } from './data-limits.js';
import { DataServer } from './data-server.js';
import type { ContentDirectory, OfferedContent, Visitor } from './offered-content.js';

const KIB = 1024;
const CHUNK = 256 * KIB;
const random = new SeededRandom(7);
const content = random.bytes(3 * CHUNK + 1234);
const hash = Buffer.alloc(32, 0xab);
const secret = Buffer.alloc(32, 1);
const timers: Timers = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  every: (intervalMs, callback) => {
    const timer = setInterval(callback, intervalMs);
    return () => clearInterval(timer);
  },
};
const file = { path: ['x'], sizeBytes: content.length, isExecutable: false, isPadding: false };
const geometry = new ChunkGeometry({ format: 'v2', chunkSizeBytes: CHUNK, files: [file] });
const identity = (name: string): HelloIdentity => ({ role: 'peer', cluster: 'test', principal: `peer:${name}` });

class FakeContent implements OfferedContent {
  readonly geometry = geometry;
  readonly metadata = Buffer.alloc(0);
  readonly have = Bitfield.full(geometry.chunkCount);
  readonly readErrors: unknown[] = [];
  sentBytes = 0;
  failure: Error | undefined;
  end = (): void => undefined;
  #listener: (chunks: readonly number[]) => void = () => undefined;

  async read(offset: number, into: Uint8Array): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    into.set(content.subarray(offset, offset + into.length));
  }

  watch(listener: (chunks: readonly number[]) => void): () => void {
    this.#listener = listener;
    return () => undefined;
  }

  onEnd(listener: () => void): () => void {
    this.end = listener;
    return () => undefined;
  }

  countSent(sizeBytes: number): void {
    this.sentBytes += sizeBytes;
  }

  reportReadError(error: unknown): void {
    this.readErrors.push(error);
  }

  announce(chunks: readonly number[]): void {
    this.#listener(chunks);
  }
}

interface DialOptions {
  readonly slots?: number;
  readonly wanted?: Buffer;
  readonly at?: HostPort;
  readonly key?: Buffer;
  readonly clock?: Timers;
  readonly pool?: BlockSlots;
}

/** What a link told, and a way to wait for more of it. */
class Inbox implements SourceLinkEvents {
  readonly blocks = new Map<number, Buffer>();
  readonly held: ReceivedBlock[] = [];
  readonly refused = new Map<number, string>();
  readonly have: number[] = [];
  lost: Error | undefined;
  isHolding = false;
  #wake: () => void = () => undefined;

  onHave(chunks: Iterable<number>): void {
    this.have.push(...chunks);
    this.#wake();
  }

  onBlock(block: ReceivedBlock): void {
    this.blocks.set(block.requestId, Buffer.from(block.bytes));
    if (this.isHolding) this.held.push(block);
    else block.release();
    this.#wake();
  }

  onRefused(requestId: number, code: string): void {
    this.refused.set(requestId, code);
    this.#wake();
  }

  onLost(error: Error): void {
    this.lost = error;
    this.#wake();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

describe('data plane', () => {
  let offered: FakeContent;
  let visitors: Visitor[];
  let server: DataServer;
  let address: HostPort;
  let links: DialedSource[];
  let others: (Server | Socket)[];

  beforeEach(async () => {
    offered = new FakeContent();
    visitors = [];
    links = [];
    others = [];
    const directory: ContentDirectory = {
      peerName: 'provider',
      find: (namespace, wanted) => (namespace === 'default' && wanted.equals(hash) ? offered : undefined),
      greet: (visitor) => void visitors.push(visitor),
    };
    const clock = new ManualClock();
    const options = { identity: identity('provider'), secret, random, timers, clock, logger: silentLogger, directory };
    server = new DataServer({ ...options, handshakeTimeoutMs: 200 });
    address = await server.listen({ host: '127.0.0.1', port: 0 });
  });

  afterEach(async () => {
    for (const { link } of links) link.close();
    for (const other of others) if ('destroy' in other) other.destroy();
    await server.close();
    for (const other of others) if ('listen' in other) other.close();
  });

  async function dial(
    inbox: Inbox,
    {
      slots = 8,
      wanted = hash,
      at = address,
      key = secret,
      clock = timers,
      pool = new BlockSlots(CHUNK, slots),
    }: DialOptions = {},
  ): Promise<DialedSource> {
    const dialer = new DataDialer(
      {
        identity: identity('downloader'),
        secret: key,
        random,
        timers: clock,
        slots: pool,
        peerId: Buffer.alloc(16, 2),
        peerName: 'downloader',
        dataPort: () => 5550,
      },
      { namespace: 'default', hash: wanted, chunkCount: geometry.chunkCount },
    );
    const source = { peerId: 'aa', name: 'provider', ...at };
    const dialed = await dialer.dial(source, inbox, new AbortController().signal);
    links.push(dialed);
    return dialed;
  }

  function requestAll({ link }: DialedSource): void {
    for (let chunk = 0; chunk < geometry.chunkCount; chunk += 1) {
      link.request({ id: chunk, chunk, begin: 0, lengthBytes: geometry.chunkSize(chunk) });
    }
  }

  function received(inbox: Inbox): Buffer {
    return Buffer.concat([...inbox.blocks].sort(([a], [b]) => a - b).map(([, bytes]) => bytes));
  }

  it('hands over every block as it is, and tells who came', async () => {
    const inbox = new Inbox();
    const dialed = await dial(inbox);
    expect(dialed.have.isFull).toBe(true);
    requestAll(dialed);
    await inbox.until(() => inbox.blocks.size === geometry.chunkCount);
    expect(received(inbox).equals(content)).toBe(true);
    expect(offered.sentBytes).toBe(content.length);
    expect(visitors).toMatchObject([{ peerName: 'downloader', port: 5550, namespace: 'default' }]);
  });

  it('stops reading while every slot is in use, and goes on when one is given back', async () => {
    const inbox = new Inbox();
    inbox.isHolding = true;
    requestAll(await dial(inbox, { slots: 1 }));
    for (let count = 1; count <= geometry.chunkCount; count += 1) {
      await inbox.until(() => inbox.held.length > 0);
      expect(inbox.blocks.size).toBe(count);
      inbox.held.shift()?.release();
    }
    expect(received(inbox).equals(content)).toBe(true);
  });

  it('announces chunks that come later', async () => {
    offered.have.remove(2);
    const inbox = new Inbox();
    const { link, have } = await dial(inbox);
    expect(have.has(2)).toBe(false);
    link.request({ id: 9, chunk: 2, begin: 0, lengthBytes: 100 });
    await inbox.until(() => inbox.refused.has(9));
    expect(inbox.refused.get(9)).toBe('chunk_missing');
    offered.announce([2]);
    await inbox.until(() => inbox.have.includes(2));
  });

  it('answers a cancelled request once, with a block or a refusal', async () => {
    const inbox = new Inbox();
    const dialed = await dial(inbox);
    requestAll(dialed);
    for (let chunk = 0; chunk < geometry.chunkCount; chunk += 1) dialed.link.cancel(chunk);
    await inbox.until(() => inbox.blocks.size + inbox.refused.size === geometry.chunkCount);
    expect([...inbox.blocks.keys()].filter((id) => inbox.refused.has(id))).toEqual([]);
  });

  it('refuses a block that cannot be read, and tells the content', async () => {
    offered.failure = new Error('changed');
    const inbox = new Inbox();
    const { link } = await dial(inbox);
    link.request({ id: 1, chunk: 0, begin: 0, lengthBytes: 100 });
    await inbox.until(() => inbox.refused.has(1));
    expect(offered.readErrors).toEqual([offered.failure]);
  });

  it('ends when the content is served no more', async () => {
    const inbox = new Inbox();
    await dial(inbox);
    offered.end();
    await inbox.until(() => inbox.lost !== undefined);
    expect(inbox.lost).toMatchObject({ code: 'data_connection_lost' });
  });

  it('carries more messages in one turn than a record holds', async () => {
    const inbox = new Inbox();
    const { link } = await dial(inbox);
    offered.have.remove(1);
    for (let id = 0; id < 20_000; id += 1) link.request({ id, chunk: 1, begin: 0, lengthBytes: 100 });
    await inbox.until(() => inbox.refused.size === 20_000 || inbox.lost !== undefined);
    expect(inbox.lost).toBeUndefined();
  });

  it('cuts off a downloader that asks for ever and never reads, and serves the others', async () => {
    const socket = connect(address.port, address.host);
    others.push(socket);
    socket.on('error', () => undefined);
    const options = { identity: identity('flood'), secret, random, timers, purpose: 'data', timeoutMs: 5_000 } as const;
    const { session } = await secureClient(socket, { ...options, recordSizeMax: DATA_RECORD_BYTES_MAX });
    const open = {
      kind: 'open',
      namespace: 'default',
      hash,
      peerId: Buffer.alloc(16),
      peerName: 'f',
      dataPort: 0,
    } as const;
    socket.write(Buffer.concat(session.sealer.seal([encodeDataMessage(open)])));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const pings = Array.from({ length: 2_000 }, () => encodeDataMessage({ kind: 'ping' }));
    const flood = (): void => {
      while (!socket.destroyed && socket.write(Buffer.concat(session.sealer.seal(pings))));
    };
    socket.on('drain', flood);
    flood();
    await closed;
    const inbox = new Inbox();
    requestAll(await dial(inbox));
    await inbox.until(() => inbox.blocks.size === geometry.chunkCount);
    expect(received(inbox).equals(content)).toBe(true);
  });

  it('does not doubt the content when a downloader goes in the middle of a block', async () => {
    const socket = connect(address.port, address.host);
    others.push(socket);
    const options = { identity: identity('half'), secret, random, timers, purpose: 'data', timeoutMs: 5_000 } as const;
    const { session } = await secureClient(socket, { ...options, recordSizeMax: DATA_RECORD_BYTES_MAX });
    const open = {
      kind: 'open',
      namespace: 'default',
      hash,
      peerId: Buffer.alloc(16),
      peerName: 'h',
      dataPort: 0,
    } as const;
    const asks = Array.from({ length: 60 }, (_, id) =>
      encodeDataMessage({ kind: 'request', id, index: 0, begin: 0, sizeBytes: CHUNK }),
    );
    socket.end(Buffer.concat(session.sealer.seal([encodeDataMessage(open), ...asks])));
    socket.resume();
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    expect(offered.readErrors).toEqual([]);
  });

  it('refuses a torrent it does not have', async () => {
    await expect(dial(new Inbox(), { wanted: Buffer.alloc(32, 9) })).rejects.toThrow(ContentUnknownError);
  });

  it('refuses another key and says which side is wrong', async () => {
    const refusal = dial(new Inbox(), { key: Buffer.alloc(32, 3) });
    await expect(refusal).rejects.toMatchObject({ code: 'key_mismatch' });
  });

  it.each([
    ['past the end of a chunk', { id: 1, chunk: 0, begin: CHUNK - 10, lengthBytes: 100 }],
    ['a chunk past the end', { id: 1, chunk: 99, begin: 0, lengthBytes: 100 }],
  ])('drops a downloader that asks for %s', async (_what, request) => {
    const inbox = new Inbox();
    const { link } = await dial(inbox);
    link.request(request);
    await inbox.until(() => inbox.lost !== undefined);
    expect(inbox.lost).toMatchObject({ code: 'data_connection_lost' });
  });

  it('loses the link when the provider goes in the middle of a block', async () => {
    const inbox = new Inbox();
    inbox.isHolding = true;
    requestAll(await dial(inbox, { slots: 1 }));
    await inbox.until(() => inbox.held.length === 1);
    await server.close();
    inbox.isHolding = false;
    inbox.held.shift()?.release();
    await inbox.until(() => inbox.lost !== undefined);
    expect(inbox.lost).toMatchObject({ code: 'data_connection_lost', retryable: true });
  });

  it.each([
    ['random bytes', random.bytes(2000)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['half a hello and silence', Buffer.from('PN')],
  ])('closes the door on %s', async (_what, bytes) => {
    const socket = connect(address.port, address.host);
    others.push(socket);
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(bytes);
    socket.resume();
    await closed;
    expect([...server.refusals.values()]).toEqual([1]);
    const inbox = new Inbox();
    requestAll(await dial(inbox));
    await inbox.until(() => inbox.blocks.size === geometry.chunkCount);
  });

  it('gives up a provider that stops in the middle of a block, and has its slot back', async () => {
    const answer = async (socket: Socket): Promise<void> => {
      others.push(socket);
      socket.on('error', () => undefined);
      const options = {
        identity: identity('hung'),
        secret,
        random,
        timers,
        purpose: 'data',
        timeoutMs: 5_000,
      } as const;
      const { session } = await secureServer(socket, { ...options, recordSizeMax: DATA_RECORD_BYTES_MAX });
      const chunkCount = geometry.chunkCount;
      const bitfield = Bitfield.full(chunkCount).bytes;
      const frames = [encodeDataMessage({ kind: 'opened', peerName: 'hung', chunkCount, bitfield })];
      socket.write(Buffer.concat(session.sealer.seal(frames)));
      socket.on('data', () => {
        const block = encodeDataMessage({ kind: 'block', id: 0, sizeBytes: CHUNK });
        socket.write(Buffer.concat([...session.sealer.seal([block]), Buffer.alloc(1)]));
        socket.removeAllListeners('data').resume();
        onBegun();
      });
      socket.resume();
    };
    const stranger = createServer((socket) => void answer(socket));
    let onBegun = (): void => undefined;
    const begun = new Promise<void>((resolve) => (onBegun = resolve));
    others.push(stranger);
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as { port: number };
    const clock = new ManualClock();
    const inbox = new Inbox();
    const slots = new BlockSlots(CHUNK, 1);
    const { link } = await dial(inbox, { at: { host: '127.0.0.1', port }, clock, pool: slots });
    link.request({ id: 0, chunk: 0, begin: 0, lengthBytes: CHUNK });
    await begun;
    for (let free = slots.take(CHUNK); free !== undefined; free = slots.take(CHUNK)) {
      free.release();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let tick = 0; tick <= QUIET_TICKS_IN_BLOCK_MAX + 1; tick += 1) clock.advance(LINK_TICK_MS);
    expect(inbox.lost).toMatchObject({ code: 'data_connection_lost' });
    expect(slots.take(CHUNK)).toBeDefined();
  });

  it('gives up on a provider that speaks another protocol', async () => {
    const stranger = createServer((socket) => {
      others.push(socket);
      socket.on('error', () => undefined);
      socket.end('SSH-2.0-OpenSSH_9.2\r\n');
    });
    others.push(stranger);
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as { port: number };
    await expect(dial(new Inbox(), { at: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'handshake_invalid',
    });
  });
});
