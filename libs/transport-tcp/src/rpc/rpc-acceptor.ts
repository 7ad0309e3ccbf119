import type { Socket } from 'node:net';
import { type CancelTimer, formatAddress, type HostPort, PanalError } from '@panal/runtime';
import type { HelloIdentity, ServerCredentials, VersionRange } from '@panal/wire';
import { SilentError } from '../errors.js';
import type { HandshakeGate } from '../handshake-gate.js';
import { secureServer } from '../secure-socket.js';
import { RpcLink } from './rpc-link.js';
import type { RpcPorts } from './rpc-ports.js';
import { RpcServerConnection, type RpcServerConnectionOptions } from './rpc-server-connection.js';
import type { RpcServerLimits } from './rpc-server-limits.js';

export interface RpcAcceptorOptions extends Omit<RpcServerConnectionOptions, 'remote' | 'inFlightMax'> {
  readonly identity: HelloIdentity;
  readonly secret: Buffer | ServerCredentials;
  readonly gate: HandshakeGate;
  readonly ports: RpcPorts;
  readonly limits: RpcServerLimits;
  readonly versions?: VersionRange | undefined;
}

interface Accepted {
  readonly link: RpcLink;
  readonly connection: RpcServerConnection;
  /** Of the client key, if it has one. */
  readonly keyId: string | undefined;
}

/** Idle connections are looked for this often within one idle time: they live at most a quarter of it too long. */
const SWEEPS_PER_IDLE_TIMEOUT = 4;

/** The connections of one server, from the accepted socket to the end: admits, shakes hands, watches, drains. */
export class RpcAcceptor {
  /** In the order they came, so that the first is the oldest. */
  readonly #handshakes = new Set<Socket>();
  readonly #accepted = new Set<Accepted>();
  #cancelSweep: CancelTimer | undefined;
  #isClosing = false;
  #wasFull = false;
  #onEmpty: (() => void) | undefined;

  constructor(private readonly options: RpcAcceptorOptions) {}

  get connectionCount(): number {
    return this.#accepted.size;
  }

  start(): void {
    const { ports, limits } = this.options;
    this.#cancelSweep = ports.timers.every(limits.idleTimeoutMs / SWEEPS_PER_IDLE_TIMEOUT, () => this.#dropSilent());
  }

  accept(stream: Socket): void {
    const { limits, logger, gate } = this.options;
    const isFull = this.#handshakes.size + this.#accepted.size >= limits.connectionsMax;
    // Once until there is room again: who can fill the server shall not fill the log too.
    if (isFull && !this.#wasFull)
      logger.warn('New connections are refused.', { connectionsMax: limits.connectionsMax });
    this.#wasFull = isFull;
    if (isFull || this.#isClosing || !gate.isOpenTo(remoteOf(stream).host)) {
      stream.on('error', () => undefined);
      stream.destroy();
      return;
    }
    const [oldest] = this.#handshakes;
    if (oldest !== undefined && this.#handshakes.size >= limits.handshakesMax) oldest.destroy();
    this.#handshakes.add(stream);
    void this.#open(stream);
  }

  /** Ends the connections of a client key: it was revoked. What was said to it still arrives; nothing of it is heard any more. */
  dropKey(keyId: string): void {
    for (const accepted of this.#accepted) if (accepted.keyId === keyId) accepted.link.end();
  }

  /** Resolves when every connection is closed, at the latest soon after `drainTimeoutMs`. */
  close(): Promise<void> {
    this.#isClosing = true;
    this.#cancelSweep?.();
    for (const stream of this.#handshakes) stream.destroy();
    for (const { connection } of this.#accepted) connection.drain();
    if (this.#accepted.size === 0) return Promise.resolve();
    const { ports, limits } = this.options;
    return new Promise((resolve) => {
      const cancel = ports.timers.after(limits.drainTimeoutMs, () => {
        for (const { link } of this.#accepted) link.destroy();
      });
      this.#onEmpty = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Never rejects. */
  async #open(stream: Socket): Promise<void> {
    const { identity, secret, ports, limits, versions } = this.options;
    // Asked now: a closed socket has forgotten it.
    const remote = remoteOf(stream);
    try {
      const { random, timers } = ports;
      const timeoutMs = limits.handshakeTimeoutMs;
      const purpose = 'rpc';
      const secured = await secureServer(stream, { identity, secret, random, timers, timeoutMs, purpose, versions });
      this.#handshakes.delete(stream);
      if (this.#isClosing) stream.destroy();
      else this.#serve(stream, secured, remote);
    } catch (error) {
      this.#handshakes.delete(stream);
      this.options.gate.refused(error, remote);
    }
  }

  #serve(stream: Socket, secured: Awaited<ReturnType<typeof secureServer>>, { host, port }: HostPort): void {
    const { ports, limits, logger } = this.options;
    const { version, remote: identity, access } = secured.session;
    const link = new RpcLink(stream, secured, {
      clock: ports.clock,
      timers: ports.timers,
      outQueueBytesMax: limits.outQueueBytesMax,
    });
    const remote = { identity, access, host, port, version };
    const connection = new RpcServerConnection(link, { ...this.options, remote, inFlightMax: limits.inFlightMax });
    const accepted = { link, connection, keyId: access.keyId };
    this.#accepted.add(accepted);
    link.start({
      onEnvelope: (envelope) => connection.receive(envelope),
      onUnreadable: (msgId, error) => connection.refuse(msgId, error),
      onClose: (error) => {
        this.#accepted.delete(accepted);
        connection.closed();
        const fields = { principal: identity.principal, remote: formatAddress({ host, port }) };
        if (error instanceof PanalError)
          logger.warn('A connection was dropped.', { ...fields, code: error.code, reason: error.message });
        if (this.#accepted.size === 0) this.#onEmpty?.();
      },
    });
  }

  #dropSilent(): void {
    const { idleTimeoutMs } = this.options.limits;
    for (const { link } of this.#accepted) {
      if (link.silenceMs >= idleTimeoutMs) link.destroy(new SilentError(link.silenceMs));
    }
  }
}

/** IPv4 clients of a dual-stack socket appear as `::ffff:192.0.2.7`; others reach them under the plain address. */
function remoteOf(stream: Socket): HostPort {
  return { host: (stream.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, ''), port: stream.remotePort ?? 0 };
}
