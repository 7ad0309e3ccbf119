import { connect, type Socket } from 'node:net';
import type { INestMicroservice, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Clock, type HostPort, type LogFields, type Logger, SeededRandom, type Timers } from '@panal/runtime';
import { type HelloIdentity, HybridClock } from '@panal/wire';
import { useRpcDefaults } from './rpc-defaults.js';
import type { RpcPorts } from './rpc-ports.js';
import { TcpRpcClient, type TcpRpcClientOptions } from './tcp-rpc-client.js';
import { TcpRpcServer, type TcpRpcServerOptions } from './tcp-rpc-server.js';

// For tests: real sockets and timers, servers with any controllers, clients, and hand-made connections.

export const bedSecret = Buffer.alloc(32, 7);
const bedServerIdentity: HelloIdentity = { role: 'tracker', cluster: 'bed', principal: 'tracker:t1' };
export const bedClientIdentity: HelloIdentity = { role: 'peer', cluster: 'bed', principal: 'peer:ada' };

export const realTimers: Timers = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  every: (intervalMs, callback) => {
    const timer = setInterval(callback, intervalMs);
    return () => clearInterval(timer);
  },
};

export const realClock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

export function bedPorts(overrides: Partial<RpcPorts> = {}): RpcPorts {
  const random = new SeededRandom(Math.floor(performance.now() * 1000));
  return { clock: realClock, timers: realTimers, random, hybridClock: new HybridClock(), ...overrides };
}

/** Keeps what was logged. */
class BedLogger implements Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];

  debug(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'debug', message, fields });
  }

  info(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'info', message, fields });
  }

  warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'warn', message, fields });
  }

  error(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'error', message, fields });
  }

  messages(level: string): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }
}

export interface BedServerOptions extends Partial<TcpRpcServerOptions> {
  /** Handlers are called without Nest where that may be. */
  readonly isDirect?: boolean;
}

/** Starts servers and clients, and ends them all. */
export class RpcBed {
  readonly logger = new BedLogger();
  readonly #ends: (() => Promise<unknown>)[] = [];

  /** A server whose handlers are those of `controller`. */
  async serve(controller: Type, options: BedServerOptions = {}): Promise<TcpRpcServer> {
    const { server } = await this.serveApp(controller, options);
    return server;
  }

  async serveApp(
    controller: Type,
    { isDirect = false, ...options }: BedServerOptions = {},
  ): Promise<{ server: TcpRpcServer; app: INestMicroservice }> {
    const server = new TcpRpcServer({
      listen: { host: '127.0.0.1', port: 0 },
      identity: bedServerIdentity,
      secret: bedSecret,
      ports: bedPorts(),
      logger: this.logger,
      ...options,
    });
    class BedModule {}
    Module({ controllers: [controller] })(BedModule);
    const app = await NestFactory.createMicroservice(BedModule, {
      strategy: server,
      logger: false,
      abortOnError: false,
    });
    this.#ends.push(() => app.close());
    useRpcDefaults(app);
    if (isDirect) server.callDirectly(app, app.get(controller));
    await app.listen();
    return { server, app };
  }

  client(address: HostPort, options: Partial<TcpRpcClientOptions> = {}): TcpRpcClient {
    const client = new TcpRpcClient({
      address,
      identity: bedClientIdentity,
      secret: bedSecret,
      ports: bedPorts(),
      ...options,
    });
    this.#ends.push(() => client.close());
    return client;
  }

  /** A connection that speaks whatever the test makes it say. */
  raw(port: number): RawConnection {
    const raw = new RawConnection(port);
    this.#ends.push(async () => raw.socket.destroy());
    return raw;
  }

  async end(): Promise<void> {
    // Clients first, as they were made last: a server that closes waits for them.
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}

export class RawConnection {
  readonly socket: Socket;
  /** Resolves when the connection is over, with all that came. */
  readonly closed: Promise<Buffer>;
  readonly #chunks: Buffer[] = [];

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => resolve(this.received));
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** Waits for a condition, looking again at each turn of the event loop. @throws when it does not come true in time */
export async function until(isTrue: () => boolean, boundMs = 3_000): Promise<void> {
  const endMs = performance.now() + boundMs;
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error(`not true within ${boundMs} ms: ${isTrue.toString()}`);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

/** What `promise` rejects with. @throws when it does not reject */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ isFailed: false, value }),
    (error: unknown) => ({ isFailed: true, value: error }),
  );
  if (!outcome.isFailed) throw new Error('it was expected to fail');
  return outcome.value;
}
