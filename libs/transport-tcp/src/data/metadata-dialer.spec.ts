import { connect, createServer, type Server, type Socket } from 'node:net';
import { type HostPort, ManualClock, SeededRandom, silentLogger, type Timers } from '@panal/runtime';
import { Bitfield, ChunkGeometry } from '@panal/torrent';
import {
  DATA_RECORD_BYTES_MAX,
  type DataMessage,
  decodeDataMessages,
  encodeDataMessage,
  type HelloIdentity,
} from '@panal/wire';
import { secureClient, secureServer } from '../secure-socket.js';
import { DataServer } from './data-server.js';
import { MetadataDialer } from './metadata-dialer.js';
import type { OfferedContent, Visitor } from './offered-content.js';

const random = new SeededRandom(11);
const secret = Buffer.alloc(32, 1);
const hash = Buffer.alloc(32, 0xab);
const PART = 256 * 1024;
const file = { path: ['x'], sizeBytes: 1, isExecutable: false, isPadding: false };
const geometry = new ChunkGeometry({ format: 'v2', chunkSizeBytes: PART, files: [file] });
const identity: HelloIdentity = { role: 'peer', cluster: 'test', principal: 'peer:p' };
const timers: Timers = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  every: () => () => undefined,
};
const door = { identity, secret, random, timers };
const dialer = new MetadataDialer({ ...door, peerId: Buffer.alloc(16, 2), peerName: 'downloader' });

describe('a torrent file from a peer', () => {
  const open: (DataServer | Server)[] = [];
  const sockets: Socket[] = [];
  let visitors: Visitor[];

  beforeEach(() => {
    visitors = [];
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of open.splice(0)) await closing(server);
  });

  async function serve(metadata: Buffer): Promise<HostPort> {
    const content: OfferedContent = {
      geometry,
      metadata,
      // A peer that has nothing of the content yet gives the torrent file all the same.
      have: new Bitfield(geometry.chunkCount),
      read: async () => undefined,
      watch: () => () => undefined,
      onEnd: () => () => undefined,
      countSent: () => undefined,
      reportReadError: () => undefined,
    };
    const directory = {
      peerName: 'provider',
      find: (_namespace: string, wanted: Buffer) => (wanted.equals(hash) ? content : undefined),
      greet: (visitor: Visitor) => void visitors.push(visitor),
    };
    const server = new DataServer({ ...door, clock: new ManualClock(), logger: silentLogger, directory });
    open.push(server);
    return server.listen({ host: '127.0.0.1', port: 0 });
  }

  /** A member of the cluster that answers each message as `answer` says, record by record. */
  async function impostor(answer: (count: number) => readonly DataMessage[]): Promise<HostPort> {
    const server = createServer((socket) => {
      sockets.push(socket);
      void secureServer(socket, {
        ...door,
        purpose: 'data',
        timeoutMs: 1000,
        recordSizeMax: DATA_RECORD_BYTES_MAX,
      }).then(({ session, rest }) => {
        let count = 0;
        const receive = (bytes: Buffer): void => {
          for (const _body of session.opener.push(bytes)) {
            for (const message of answer(count)) {
              for (const part of session.sealer.seal([encodeDataMessage(message)])) socket.write(part);
            }
            count += 1;
          }
        };
        socket.on('data', receive);
        receive(rest);
        socket.resume();
      });
    });
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { host: '127.0.0.1', port: (server.address() as { port: number }).port };
  }

  const fetch = (at: HostPort, wanted = hash, signal = new AbortController().signal): Promise<Buffer> =>
    dialer.fetch(at, { namespace: 'default', hash: wanted }, signal);

  it.each([
    ['one byte', 1],
    ['one part', PART],
    ['several parts and a bit', 5 * PART + 3],
  ])('comes whole when it is %s, and nobody is told of a visitor', async (_what, sizeBytes) => {
    const metadata = random.bytes(sizeBytes);
    expect((await fetch(await serve(metadata))).equals(metadata)).toBe(true);
    expect(visitors).toEqual([]);
  });

  it('is refused by a peer that does not have the torrent', async () => {
    const at = await serve(random.bytes(10));
    await expect(fetch(at, Buffer.alloc(32, 9))).rejects.toMatchObject({ code: 'content_unknown' });
  });

  it('is given up when nobody wants it any more', async () => {
    const abort = new AbortController();
    const at = await impostor(() => {
      abort.abort();
      return [];
    });
    await expect(fetch(at, hash, abort.signal)).rejects.toMatchObject({ code: 'data_connection_lost' });
  });

  const opened: DataMessage = { kind: 'opened', peerName: 'x', chunkCount: 1, bitfield: Buffer.of(0) };
  const part = (id: number, totalBytes: number, sizeBytes: number): DataMessage => ({
    kind: 'metadata',
    id,
    totalBytes,
    bytes: Buffer.alloc(sizeBytes),
  });

  it.each<[string, readonly (readonly DataMessage[])[], string]>([
    ['parts that were not asked for', [[opened], [part(7, 10, 10)]], 'data_protocol_violated'],
    ['a part that is too short', [[opened], [part(0, 2 * PART, PART - 1)]], 'data_protocol_violated'],
    ['a file of nothing', [[opened], [part(0, 0, 0)]], 'data_protocol_violated'],
    [
      'another size with each part',
      [[opened], [part(0, 2 * PART, PART)], [part(1, 3 * PART, PART)]],
      'data_protocol_violated',
    ],
    ['a block instead', [[opened], [{ kind: 'block', id: 0, sizeBytes: 9 }]], 'data_protocol_violated'],
    ['a refusal', [[opened], [{ kind: 'refused', id: 0, code: 'busy' }]], 'data_connection_lost'],
  ])('is asked elsewhere after %s', async (_what, answers, code) => {
    const at = await impostor((count) => answers[count] ?? []);
    await expect(fetch(at)).rejects.toMatchObject({ code });
  });

  it('is given in one part at a time: whoever asks for more at once is told that the peer is busy', async () => {
    const at = await serve(random.bytes(4 * PART));
    const refusals: DataMessage[] = [];
    const link = await rawLink(at, (message) => refusals.push(message));
    for (let id = 0; id < 4; id += 1) link({ kind: 'metadata-request', id, offset: id * PART, sizeBytes: PART });
    while (refusals.length < 5) await new Promise((resolve) => setImmediate(resolve));
    expect(refusals.filter(({ kind }) => kind === 'refused')).toMatchObject([
      { id: 1, code: 'busy' },
      { id: 2, code: 'busy' },
      { id: 3, code: 'busy' },
    ]);
  });

  /** An opened connection that says what a careless downloader would. */
  async function rawLink(
    at: HostPort,
    onMessage: (message: DataMessage) => void,
  ): Promise<(message: DataMessage) => void> {
    const socket = connect(at.port, at.host);
    sockets.push(socket);
    const options = { ...door, purpose: 'data' as const, timeoutMs: 1000, recordSizeMax: DATA_RECORD_BYTES_MAX };
    const { session } = await secureClient(socket, options);
    socket.on('data', (bytes) => {
      for (const body of session.opener.push(bytes)) for (const message of decodeDataMessages(body)) onMessage(message);
    });
    socket.resume();
    const send = (message: DataMessage): void => {
      for (const sealed of session.sealer.seal([encodeDataMessage(message)])) socket.write(sealed);
    };
    send({ kind: 'open', namespace: 'default', hash, peerId: Buffer.alloc(16), peerName: 'x', dataPort: 0 });
    return send;
  }
});

function closing(server: DataServer | Server): Promise<void> {
  if (server instanceof DataServer) return server.close();
  return new Promise((resolve) => server.close(() => resolve()));
}
