import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Clock, HostPort, Logger, Random, Timers } from '@panal/runtime';
import { UploadQueue } from '@panal/transfer';
import {
  BLOCK_BYTES_MAX,
  DATA_RECORD_BYTES_MAX,
  HELLO_TIMEOUT_MS,
  type HelloIdentity,
  type RequestMessage,
  type ServerCredentials,
} from '@panal/wire';
import { ListenError, PortTakenError } from '../errors.js';
import { HandshakeGate } from '../handshake-gate.js';
import { secureServer } from '../secure-socket.js';
import { BlockSlots } from './block-slots.js';
import { DATA_CONNECTIONS_MAX, UPLOAD_LANES_PER_CONNECTION, UPLOAD_SLOTS_MAX } from './data-limits.js';
import type { ContentDirectory } from './offered-content.js';
import { UploadConnection } from './upload-connection.js';

export interface DataServerOptions {
  readonly identity: HelloIdentity;
  /** The cluster's secret, 32 bytes, or credentials. */
  readonly secret: Buffer | ServerCredentials;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly directory: ContentDirectory;
  /** From the connection to the end of the handshake. Default HELLO_TIMEOUT_MS. */
  readonly handshakeTimeoutMs?: number;
}

/** The data port: serves blocks of what the directory has, first come, first served. */
export class DataServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #slots = new BlockSlots(BLOCK_BYTES_MAX, UPLOAD_SLOTS_MAX);
  readonly #queue: UploadQueue<UploadConnection, RequestMessage>;
  readonly #gate: HandshakeGate;
  readonly #connections = new Set<UploadConnection>();

  constructor(private readonly options: DataServerOptions) {
    const { clock, logger } = options;
    this.#gate = new HandshakeGate({ clock, logger, message: 'A connection to the data port was refused.' });
    this.#server = createServer({ noDelay: true }, (socket) => void this.#accept(socket));
    this.#server.maxConnections = DATA_CONNECTIONS_MAX;
    this.#queue = new UploadQueue({
      serve: (connection, request, signal) => connection.serve(request, signal),
      onFailed: (connection, request, error) => connection.refuse(request, error),
      laneCount: UPLOAD_SLOTS_MAX,
      laneCountPerConnection: UPLOAD_LANES_PER_CONNECTION,
    });
  }

  /** Connections refused so far, by reason: garbage, another key, a ticket that is over, a namespace of others, too slow. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#gate.counts;
  }

  /** Ends the connections of a client key at once: it was revoked. @param keyId In hex. */
  dropKey(keyId: string): void {
    for (const connection of this.#connections) if (connection.keyId === keyId) connection.destroy();
  }

  /** Ends all connections at once, and goes on listening. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  get connectionCount(): number {
    return this.#sockets.size;
  }

  /** @returns Where it listens, with the real port. @throws PortTakenError, ListenError */
  listen(address: HostPort): Promise<HostPort> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        reject(error.code === 'EADDRINUSE' ? new PortTakenError(address) : new ListenError(address, error));
      });
      this.#server.listen({ host: address.host, port: address.port }, () => {
        this.#server.removeAllListeners('error');
        this.#server.on('error', (error) => this.options.logger.error('The data port failed.', { error }));
        resolve({ host: address.host, port: (this.#server.address() as AddressInfo).port });
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.dropAll();
    });
  }

  async #accept(socket: Socket): Promise<void> {
    const { identity, secret, random, timers, logger, directory } = this.options;
    const remote = {
      host: (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, ''),
      port: socket.remotePort ?? 0,
    };
    if (!this.#gate.isOpenTo(remote.host)) {
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    try {
      const secured = await secureServer(socket, {
        identity,
        secret,
        random,
        timers,
        purpose: 'data',
        timeoutMs: this.options.handshakeTimeoutMs ?? HELLO_TIMEOUT_MS,
        recordSizeMax: DATA_RECORD_BYTES_MAX,
      });
      if (socket.destroyed) return;
      const onRefused = (reason: string): void => this.#gate.count(reason);
      const parts = { socket, secured, directory, queue: this.#queue, slots: this.#slots, timers, logger, onRefused };
      const connection = new UploadConnection(parts);
      this.#connections.add(connection);
      socket.once('close', () => this.#connections.delete(connection));
      connection.start();
    } catch (error) {
      this.#gate.refused(error, remote);
    }
  }
}
