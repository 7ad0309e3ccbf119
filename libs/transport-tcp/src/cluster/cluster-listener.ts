import { type AddressInfo, createServer, type Server } from 'node:net';
import type { HostPort, Logger } from '@panal/runtime';
import { ListenError, PortTakenError } from '../errors.js';
import { LISTEN_ATTEMPTS_MAX } from './cluster-limits.js';
import type { LinkAcceptor } from './link-acceptor.js';
import type { SealedSocket } from './sealed-socket.js';

export interface ClusterListenerOptions {
  readonly acceptor: LinkAcceptor;
  readonly socket: SealedSocket;
  readonly logger: Logger;
}

/** One port of this machine, for TCP and UDP. */
export class ClusterListener {
  #server: Server | undefined;

  constructor(private readonly options: ClusterListenerOptions) {}

  /**
   * @param address Port 0 takes any port that is free for both.
   * @returns Where it listens, with the real port. @throws PortTakenError, ListenError
   */
  async listen(address: HostPort): Promise<HostPort> {
    for (let attempt = 1; ; attempt += 1) {
      const server = await this.#listenTcp(address);
      const listening = { host: address.host, port: (server.address() as AddressInfo).port };
      try {
        await this.options.socket.bind(listening);
        this.#server = server;
        return listening;
      } catch (error) {
        await stop(server);
        const isAnyPort = address.port === 0 && error instanceof PortTakenError;
        if (!isAnyPort || attempt === LISTEN_ATTEMPTS_MAX) throw error;
      }
    }
  }

  /** Stops listening. Resolves when the accepted connections are closed too. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await Promise.all([server === undefined ? undefined : stop(server), this.options.socket.close()]);
  }

  #listenTcp(address: HostPort): Promise<Server> {
    const { acceptor, logger } = this.options;
    const server = createServer({ noDelay: true }, (socket) => acceptor.accept(socket));
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => {
        reject(error.code === 'EADDRINUSE' ? new PortTakenError(address) : new ListenError(address, error));
      };
      server.once('error', onError);
      server.listen(address.port, address.host, () => {
        server.off('error', onError);
        // Running out of descriptors shows here. The server goes on by itself.
        server.on('error', (error) => logger.error('A connection of a tracker could not be accepted.', { error }));
        resolve(server);
      });
    });
  }
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
