import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { HostPort, Logger, Random, Timers } from '@panal/runtime';
import { UploadQueue } from '@panal/transfer';
import {
  BLOCK_BYTES_MAX,
  DATA_RECORD_BYTES_MAX,
  HELLO_TIMEOUT_MS,
  type HelloIdentity,
  type RequestMessage,
} from '@panal/wire';
import { ListenError, PortTakenError } from '../errors.js';
import { secureServer } from '../secure-socket.js';
import { BlockSlots } from './block-slots.js';
import { DATA_CONNECTIONS_MAX, UPLOAD_LANES_PER_CONNECTION, UPLOAD_SLOTS_MAX } from './data-limits.js';
import type { ContentDirectory } from './offered-content.js';
import { UploadConnection } from './upload-connection.js';

export interface DataServerOptions {
  readonly identity: HelloIdentity;
  /** The cluster's secret, 32 bytes. */
  readonly secret: Buffer;
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
  #refusedCount = 0;

  constructor(private readonly options: DataServerOptions) {
    this.#server = createServer({ noDelay: true }, (socket) => void this.#accept(socket));
    this.#server.maxConnections = DATA_CONNECTIONS_MAX;
    this.#queue = new UploadQueue({
      serve: (connection, request, signal) => connection.serve(request, signal),
      onFailed: (connection, request, error) => connection.refuse(request, error),
      laneCount: UPLOAD_SLOTS_MAX,
      laneCountPerConnection: UPLOAD_LANES_PER_CONNECTION,
    });
  }

  /** Connections refused in their handshake so far: garbage, another key, another cluster, too slow. */
  get refusedCount(): number {
    return this.#refusedCount;
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
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  async #accept(socket: Socket): Promise<void> {
    const { identity, secret, random, timers, logger, directory } = this.options;
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
      const connection = { socket, secured, directory, queue: this.#queue, slots: this.#slots, timers, logger };
      new UploadConnection(connection).start();
    } catch (error) {
      this.#refusedCount += 1;
      logger.debug('A connection to the data port was refused.', { remote: socket.remoteAddress, error });
    }
  }
}
