import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';
import type { Clock, HostPort, Logger } from '@panal/runtime';
import {
  DATAGRAM_FAULTS,
  type DatagramFault,
  DatagramSeal,
  type DatagramSealOptions,
  DatagramTooLargeError,
} from '@panal/wire';
import { ListenError, PortTakenError } from '../errors.js';
import type { AddressCache } from './address-cache.js';

export interface SealedSocketOptions {
  readonly seal: DatagramSealOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly addresses: AddressCache;
  readonly onDatagram: (from: HostPort, message: unknown) => void;
  /** Lets other processes of this machine listen on the same port, for beacons. */
  readonly isShared?: boolean;
}

export interface DatagramCounters {
  readonly sent: number;
  readonly received: number;
  readonly unsent: number;
  readonly tooLarge: number;
  readonly dropped: Readonly<Record<DatagramFault, number>>;
}

/** A UDP socket on which only members of the cluster are heard. Nothing that comes in makes it throw. */
export class SealedSocket {
  readonly #seal: DatagramSeal;
  #socket: Socket | undefined;
  #isIpv6 = false;
  #sent = 0;
  #received = 0;
  #unsent = 0;
  #tooLarge = 0;
  readonly #dropped = Object.fromEntries(DATAGRAM_FAULTS.map((fault) => [fault, 0])) as Record<DatagramFault, number>;

  constructor(private readonly options: SealedSocketOptions) {
    this.#seal = new DatagramSeal(options.seal);
  }

  get counters(): DatagramCounters {
    return {
      sent: this.#sent,
      received: this.#received,
      unsent: this.#unsent,
      tooLarge: this.#tooLarge,
      dropped: { ...this.#dropped },
    };
  }

  /** @returns The socket, for its options, bound. @throws PortTakenError, ListenError */
  bind({ host, port }: HostPort): Promise<Socket> {
    this.#isIpv6 = isIPv6(host);
    const type = this.#isIpv6 ? 'udp6' : 'udp4';
    const socket = createSocket({ type, reuseAddr: this.options.isShared === true });
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => {
        socket.close();
        const address = { host, port };
        reject(error.code === 'EADDRINUSE' ? new PortTakenError(address) : new ListenError(address, error));
      };
      socket.once('error', onError);
      socket.bind({ port, address: host }, () => {
        socket.off('error', onError);
        socket.on('error', (error) => this.options.logger.warn('A datagram socket failed.', { error }));
        socket.on('message', (bytes, from) => this.#receive(bytes, from));
        this.#socket = socket;
        resolve(socket);
      });
    });
  }

  /**
   * @param onDone With an error if the network refused it, or there is no such host.
   * @throws DatagramTooLargeError, BodyUnencodableError
   */
  send(to: HostPort, message: object, onDone?: (error: Error | undefined) => void): void {
    const bytes = this.#encode(message);
    const fail = (error: Error): void => {
      this.#unsent += 1;
      onDone?.(error);
    };
    this.options.addresses.find(to.host, (address) => {
      if (address instanceof Error) return fail(address);
      const target = this.#isIpv6 && isIPv4(address) ? `::ffff:${address}` : address;
      try {
        this.#socket?.send(bytes, to.port, target, (error) => {
          if (error !== null) return fail(error);
          this.#sent += 1;
          onDone?.(undefined);
        });
      } catch (error) {
        // A port of 0, or a socket closed meanwhile.
        fail(error as Error);
      }
    });
  }

  close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      socket.close(() => resolve());
    });
  }

  #encode(message: object): Buffer {
    try {
      return this.#seal.seal(message, this.options.clock.nowMs());
    } catch (error) {
      if (error instanceof DatagramTooLargeError) this.#tooLarge += 1;
      throw error;
    }
  }

  #receive(bytes: Buffer, { address, port }: RemoteInfo): void {
    const opened = this.#seal.open(bytes, this.options.clock.nowMs());
    if (opened.kind === 'dropped') {
      this.#dropped[opened.fault] += 1;
      return;
    }
    this.#received += 1;
    this.options.onDatagram({ host: address.replace(/^::ffff:(?=\d+\.)/, ''), port }, opened.message);
  }
}
