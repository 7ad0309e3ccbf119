import { createServer, type Server, type Socket } from 'node:net';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { type HostPort, ManualClock, SeededRandom } from '@panal/runtime';
import { ClientHandshake, encodeFrame, type Session } from '@panal/wire';
import { lastValueFrom, Observable } from 'rxjs';
import { ConnectError, PortTakenError, RpcDisconnectedError } from '../errors.js';
import { secureClient } from '../secure-socket.js';
import {
  bedClientIdentity,
  bedPorts,
  bedSecret,
  failureOf,
  type RawConnection,
  RpcBed,
  realTimers,
  until,
} from './rpc-bed.fixture.js';
import { RpcContext } from './rpc-context.js';
import type { TcpRpcClient } from './tcp-rpc-client.js';
import type { TcpRpcServer } from './tcp-rpc-server.js';

let releaseHeld: (value: string) => void = () => undefined;
let heldCount = 0;

@Controller()
class HiveController {
  @MessagePattern('bee.hive.square')
  square(@Payload() value: number): number {
    return value * value;
  }

  @MessagePattern('bee.hive.flood')
  flood(): Buffer {
    return Buffer.alloc(256 * 1024);
  }

  @MessagePattern('bee.hive.hold')
  hold(@Ctx() _context: RpcContext): Promise<string> {
    heldCount += 1;
    return new Promise((resolve) => {
      releaseHeld = resolve;
    });
  }

  @MessagePattern('bee.hive.endless')
  endless(): Observable<number> {
    heldCount += 1;
    return new Observable(() => undefined);
  }
}

/** The agreed connection of a client that will not keep to the protocol. */
async function shakeHands(raw: RawConnection): Promise<Session> {
  const { session } = await secureClient(raw.socket, {
    identity: bedClientIdentity,
    secret: bedSecret,
    random: new SeededRandom(5),
    timers: realTimers,
    purpose: 'rpc',
    timeoutMs: 2_000,
  });
  return session;
}

function clientHello(): Buffer {
  const random = new SeededRandom(6);
  return new ClientHandshake({ identity: bedClientIdentity, secret: bedSecret, random, purpose: 'rpc' }).start();
}

function requestFrame(msgId: number, command: string, data: unknown = null): Buffer {
  const pattern = { endpoint: 'bee', handler: 'hive', command };
  return encodeFrame({ kind: 'request', msgId, timestamp: Date.now(), version: 1, ...pattern, data });
}

async function expectHealthy(client: TcpRpcClient): Promise<void> {
  expect(await client.call('bee.hive.square', 9)).toBe(81);
}

describe('RPC over TCP, faults', () => {
  const bed = new RpcBed();
  let server: TcpRpcServer;
  let client: TcpRpcClient;

  beforeAll(async () => {
    server = await bed.serve(HiveController, { limits: { outQueueBytesMax: 4 * 1024 * 1024 } });
    client = bed.client(server.address);
    await expectHealthy(client);
  });
  afterEach(() => expectHealthy(client));
  afterAll(() => bed.end());

  it('refuses a wrong key and a wrong cluster, and tells the caller which it is', async () => {
    const stranger = bed.client(server.address, { secret: Buffer.alloc(32, 8) });
    expect(await failureOf(stranger.call('bee.hive.square', 1))).toMatchObject({ code: 'key_mismatch' });
    expect(stranger.currentStatus).toMatchObject({ kind: 'waiting', failure: { code: 'key_mismatch' } });
    const neighbour = bed.client(server.address, { identity: { ...bedClientIdentity, cluster: 'other' } });
    expect(await failureOf(neighbour.call('bee.hive.square', 1))).toMatchObject({ code: 'cluster_mismatch' });
  });

  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['random bytes', new SeededRandom(1).bytes(4096)],
    ['zeroes', Buffer.alloc(64)],
    ['a hello twice', Buffer.concat([clientHello(), clientHello()])],
    ['a broken hello', Buffer.concat([clientHello().subarray(0, 9), Buffer.alloc(200, 0xff)])],
  ])('drops a connection that begins with %s', async (_name, bytes) => {
    const raw = bed.raw(server.port);
    raw.socket.write(bytes);
    // Not a byte: a stranger learns nothing about what listens here.
    expect(await raw.closed).toHaveLength(0);
  });

  it('drops who sends half a hello, or dribbles one, after the time limit', async () => {
    const strict = await bed.serve(HiveController, { limits: { handshakeTimeoutMs: 60 } });
    const silent = bed.raw(strict.port);
    const half = bed.raw(strict.port);
    half.socket.write(clientHello().subarray(0, 20));
    const slow = bed.raw(strict.port);
    const hello = clientHello();
    let at = 0;
    const cancel = realTimers.every(5, () => {
      slow.socket.write(hello.subarray(at, at + 1));
      at += 1;
    });
    await Promise.all([silent.closed, half.closed, slow.closed]);
    cancel();
    expect(at).toBeGreaterThan(1);
    expect(at).toBeLessThan(hello.length);
  });

  it.each([
    ['an oversized record', (): Buffer => Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
    [
      'a forged record',
      (session: Session): Buffer => {
        const record = Buffer.concat(session.sealer.seal([requestFrame(1, 'square', 2)]));
        record[10] = (record[10] ?? 0) ^ 1;
        return record;
      },
    ],
    [
      'an oversized frame',
      (session: Session): Buffer => {
        const frame = Buffer.alloc(30);
        frame.writeUInt32BE(0x7fffffff, 0);
        return Buffer.concat(session.sealer.seal([frame]));
      },
    ],
    [
      'an answer nobody asked for',
      (session: Session): Buffer => {
        const reply = { kind: 'reply', msgId: 1, timestamp: 1, version: 1, data: 1 } as const;
        return Buffer.concat(session.sealer.seal([encodeFrame({ ...reply, endpoint: '', handler: '', command: '' })]));
      },
    ],
    [
      'the same msg_id twice',
      (session: Session): Buffer =>
        Buffer.concat(session.sealer.seal([requestFrame(7, 'endless'), requestFrame(7, 'endless')])),
    ],
  ])('drops a connection that sends %s', async (_name, make) => {
    const raw = bed.raw(server.port);
    const session = await shakeHands(raw);
    raw.socket.resume();
    raw.socket.write(make(session));
    await raw.closed;
    expect(raw.socket.destroyed).toBe(true);
  });

  it('answers a request whose body cannot be read, and goes on with the connection', async () => {
    const raw = bed.raw(server.port);
    const session = await shakeHands(raw);
    const bad = requestFrame(3, 'square', 'xxxx');
    bad[bad.length - 5] = 0xc1; // A token that MessagePack never uses.
    raw.socket.resume();
    raw.socket.write(Buffer.concat(session.sealer.seal([bad, requestFrame(4, 'square', 5)])));
    await until(() => raw.received.includes('body_invalid') && raw.received.length > 300);
    expect(raw.socket.destroyed).toBe(false);
  });

  it('drops a client that asks and does not read', async () => {
    const raw = bed.raw(server.port);
    const session = await shakeHands(raw);
    raw.socket.pause();
    const frames = Array.from({ length: 200 }, (_, index) => requestFrame(index + 1, 'flood'));
    raw.socket.write(Buffer.concat(session.sealer.seal(frames)));
    const isDropped = (): boolean => bed.logger.lines.some(({ fields }) => fields.code === 'out_queue_full');
    await until(isDropped);
    expect(isDropped()).toBe(true);
  });

  it('refuses connections beyond its limit, and takes new ones when others go', async () => {
    const small = await bed.serve(HiveController, { limits: { connectionsMax: 1 } });
    const first = bed.client(small.address);
    await expectHealthy(first);
    const second = bed.client(small.address);
    expect(await failureOf(second.call('bee.hive.square', 1))).toMatchObject({ retryable: true });
    await first.close();
    await until(() => small.connectionCount === 0);
    await expectHealthy(bed.client(small.address));
  });

  it('lets strangers displace only strangers', async () => {
    const small = await bed.serve(HiveController, { limits: { handshakesMax: 2, handshakeTimeoutMs: 60_000 } });
    const friend = bed.client(small.address);
    await expectHealthy(friend);
    const idle = [1, 2, 3, 4, 5].map(() => bed.raw(small.port));
    await Promise.all(idle.slice(0, 3).map(({ closed }) => closed));
    expect(idle.slice(3).map(({ socket }) => socket.destroyed)).toEqual([false, false]);
    await expectHealthy(friend);
    await expectHealthy(bed.client(small.address));
  });

  it('drops a connection it heard nothing from, and keeps one whose client pings', async () => {
    const clock = new ManualClock();
    const ports = bedPorts({ clock, timers: { ...realTimers, every: (ms, callback) => clock.every(ms, callback) } });
    const watchful = await bed.serve(HiveController, { ports });
    const lively = bed.client(watchful.address, { ports });
    await expectHealthy(lively);
    const raw = bed.raw(watchful.port);
    await shakeHands(raw);
    raw.socket.resume();
    await until(() => watchful.connectionCount === 2);
    let isOver = false;
    void raw.closed.then(() => {
      isOver = true;
    });
    for (let step = 0; step < 8; step += 1) {
      clock.advance(10_000);
      // Time for the pings to go to and fro: an answer to a later request means they did.
      await expectHealthy(lively);
    }
    await until(() => isOver);
    expect(watchful.connectionCount).toBe(1);
    expect(bed.logger.lines.filter(({ fields }) => fields.code === 'silent')).toHaveLength(1);
  });

  it('says that a port is taken, and how to choose another', async () => {
    const failure = await failureOf(bed.serve(HiveController, { listen: server.address }));
    expect(failure).toBeInstanceOf(PortTakenError);
    expect(failure).toMatchObject({ code: 'port_taken' });
    expect((failure as PortTakenError).action).toContain(`--listen 127.0.0.1:${server.port + 1}`);
  });

  it('says why it cannot listen', async () => {
    const listen = { host: '192.0.2.1', port: 0 };
    expect(await failureOf(bed.serve(HiveController, { listen }))).toMatchObject({ code: 'listen_failed' });
  });

  it('lets what is in flight finish when it closes, ends streams, and takes nothing new', async () => {
    const leaving = await bed.serve(HiveController);
    const guest = bed.client(leaving.address);
    heldCount = 0;
    const held = guest.call('bee.hive.hold', {});
    const stream = failureOf(lastValueFrom(guest.send('bee.hive.endless', {})));
    await until(() => heldCount === 2);
    const closing = leaving.close();
    expect(await stream).toMatchObject({ code: 'rpc_closing' });
    expect(await failureOf(guest.call('bee.hive.square', 1))).toMatchObject({ code: 'rpc_closing', retryable: true });
    releaseHeld('at last');
    expect(await held).toBe('at last');
    await closing;
  });

  it('closes within its bound when a handler never ends', async () => {
    const leaving = await bed.serve(HiveController, { limits: { drainTimeoutMs: 30 } });
    const guest = bed.client(leaving.address);
    heldCount = 0;
    const held = failureOf(guest.call('bee.hive.hold', {}));
    await until(() => heldCount === 1);
    await leaving.close();
    expect(await held).toBeInstanceOf(RpcDisconnectedError);
  });
});

describe('TcpRpcClient, when its server fails', () => {
  const bed = new RpcBed();
  const quick = { reconnectFirstMs: 5, reconnectMaxMs: 20 };
  afterEach(() => bed.end());

  it('says that nothing listens, where, and what to do', async () => {
    const { address } = await bed.serve(HiveController);
    await bed.end();
    const client = bed.client(address);
    const failure = await failureOf(client.call('bee.hive.square', 1));
    expect(failure).toBeInstanceOf(ConnectError);
    expect(failure).toMatchObject({ code: 'connect_failed', retryable: true });
    expect((failure as Error).message).toContain(`127.0.0.1:${address.port}: nothing listens there`);
  });

  it('tells at once while it waits to try again, instead of letting callers wait', async () => {
    const { address } = await bed.serve(HiveController);
    await bed.end();
    const client = bed.client(address, { limits: { reconnectFirstMs: 60_000, reconnectMaxMs: 60_000 } });
    const first = await failureOf(client.connect());
    expect(client.currentStatus).toEqual({ kind: 'waiting', failure: first });
    expect(await failureOf(client.call('bee.hive.square', 1))).toBe(first);
  });

  it('fails what is in flight when the server dies, and finds the server again when it is back', async () => {
    const server = await bed.serve(HiveController, { limits: { drainTimeoutMs: 0 } });
    const { address } = server;
    const client = bed.client(address, { limits: quick });
    const seen: string[] = [];
    const end = client.onStatus(({ kind }) => seen.push(kind));
    heldCount = 0;
    const held = failureOf(client.call('bee.hive.hold', {}));
    await until(() => heldCount === 1);
    await server.close();
    expect(await held).toMatchObject({ code: 'rpc_disconnected', retryable: true });
    await until(() => seen.filter((kind) => kind === 'connecting').length >= 3);
    await bed.serve(HiveController, { listen: address });
    await until(() => client.currentStatus.kind === 'connected');
    await expectHealthy(client);
    end();
    expect(seen.slice(0, 3)).toEqual(['connecting', 'connected', 'waiting']);
  });

  it('waits longer after each connection that is cut at once', async () => {
    const clock = new ManualClock();
    let connectionCount = 0;
    const { listener, address } = await listen((socket) => {
      connectionCount += 1;
      socket.destroy();
    });
    const client = bed.client(address, { ports: bedPorts({ timers: clock, clock }) });
    expect(await failureOf(client.connect())).toMatchObject({ retryable: true });
    const waits: number[] = [];
    for (let attempt = 2; attempt <= 5; attempt += 1) {
      await until(() => client.currentStatus.kind === 'waiting');
      const startMs = clock.monotonicMs();
      for (; connectionCount < attempt && client.currentStatus.kind === 'waiting'; clock.advance(25));
      waits.push(clock.monotonicMs() - startMs);
      await until(() => connectionCount === attempt);
    }
    for (const [index, waitMs] of waits.entries()) {
      expect(waitMs).toBeGreaterThanOrEqual(125 * 2 ** index);
      expect(waitMs).toBeLessThanOrEqual(250 * 2 ** index + 25);
    }
    await client.close();
    listener.close();
  });

  it.each([
    ['says nothing', (): void => undefined, 'handshake_timeout'],
    [
      'answers with HTTP',
      (socket: Socket): void => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'handshake_invalid',
    ],
    ['closes at once', (socket: Socket): void => void socket.end(), 'handshake_cut'],
  ])('names what is wrong with a server that %s', async (_name, onSocket, code) => {
    const { listener, address } = await listen(onSocket);
    // Short only where its end is what is waited for: a busy machine may take long to close a socket.
    const client = bed.client(address, { limits: { handshakeTimeoutMs: code === 'handshake_timeout' ? 50 : 30_000 } });
    expect(await failureOf(client.call('bee.hive.square', 1))).toMatchObject({ code });
    await client.close();
    listener.close();
  });

  it('is closed for good, also in the middle of connecting', async () => {
    const { listener, address } = await listen(() => undefined);
    const client = bed.client(address);
    const call = failureOf(client.call('bee.hive.square', 1));
    await until(() => client.currentStatus.kind === 'connecting');
    await client.close();
    expect(await call).toMatchObject({ code: 'rpc_client_closed' });
    expect(await failureOf(client.call('bee.hive.square', 1))).toMatchObject({ code: 'rpc_client_closed' });
    expect(client.currentStatus.kind).toBe('closed');
    listener.close();
  });
});

function listen(onSocket: (socket: Socket) => void): Promise<{ listener: Server; address: HostPort }> {
  const listener = createServer((socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  return new Promise((resolve) => {
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address() as { port: number };
      resolve({ listener, address: { host: '127.0.0.1', port } });
    });
  });
}
