import type { Socket } from 'node:net';
import type { HostPort, Logger } from '@panal/runtime';
import type { HandshakeGate } from '../handshake-gate.js';
import { secureServer } from '../secure-socket.js';
import type { ClusterLinkEvents } from './cluster-link.js';
import { type LinkDoor, openLink, remoteHostOf } from './link-dialer.js';

export interface LinkAcceptorOptions {
  readonly door: LinkDoor;
  readonly gate: HandshakeGate;
  readonly logger: Logger;
  readonly events: ClusterLinkEvents;
  /** A connection never became a link. */
  readonly onRefused: (error: unknown) => void;
}

/** The connections other trackers make to this one, until they are links. */
export class LinkAcceptor {
  readonly #sockets = new Set<Socket>();
  /** In the order they came, so that the first is the oldest. */
  readonly #handshakes = new Set<Socket>();
  #isClosing = false;
  #wasFull = false;

  constructor(private readonly options: LinkAcceptorOptions) {}

  accept(socket: Socket): void {
    const { door, logger, gate } = this.options;
    const { connectionsMax, handshakesMax } = door.limits;
    const isFull = this.#sockets.size >= connectionsMax;
    // Once until there is room again: who can fill the port shall not fill the log too.
    if (isFull && !this.#wasFull) logger.warn('New connections of trackers are refused.', { connectionsMax });
    this.#wasFull = isFull;
    if (isFull || this.#isClosing || !gate.isOpenTo(remoteHostOf(socket))) {
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const [oldest] = this.#handshakes;
    if (oldest !== undefined && this.#handshakes.size >= handshakesMax) oldest.destroy();
    this.#handshakes.add(socket);
    void this.#open(socket);
  }

  /** Takes no more connections, and ends those that are no links yet. */
  close(): void {
    this.#isClosing = true;
    for (const socket of this.#handshakes) socket.destroy();
  }

  /** Ends what is left, links and all. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Never rejects. */
  async #open(socket: Socket): Promise<void> {
    const { door, events } = this.options;
    const { identity, secret, ports, limits } = door;
    const remoteHost = remoteHostOf(socket);
    const address: HostPort = { host: remoteHost, port: socket.remotePort ?? 0 };
    try {
      const { random, timers } = ports;
      const timeoutMs = limits.handshakeTimeoutMs;
      const versions = door.self.protocol;
      const purpose = 'cluster';
      const secured = await secureServer(socket, { identity, secret, random, timers, timeoutMs, purpose, versions });
      await openLink(socket, secured, { door, address, remoteHost, isDialed: false, events });
    } catch (error) {
      this.options.onRefused(error);
      if (!this.#isClosing) this.options.gate.refused(error, address);
    } finally {
      this.#handshakes.delete(socket);
    }
  }
}
