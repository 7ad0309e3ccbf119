import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import type { INestMicroservice } from '@nestjs/common';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import type { HostPort, Logger } from '@panal/runtime';
import type { HelloIdentity, ServerCredentials, VersionRange } from '@panal/wire';
import { ListenError, PortTakenError } from '../errors.js';
import { HandshakeGate } from '../handshake-gate.js';
import { type DirectHandler, directHandlersOf } from './direct-handlers.js';
import { MessageClock } from './message-clock.js';
import { RpcAcceptor } from './rpc-acceptor.js';
import type { RpcContext } from './rpc-context.js';
import type { RpcPorts } from './rpc-ports.js';
import { RPC_SERVER_LIMITS, type RpcServerLimits } from './rpc-server-limits.js';

export interface TcpRpcServerOptions {
  /** Port 0 takes any free port; `address` tells which. */
  readonly listen: HostPort;
  readonly identity: HelloIdentity;
  /** The cluster's secret, 32 bytes, or credentials. */
  readonly secret: Buffer | ServerCredentials;
  readonly ports: RpcPorts;
  readonly logger: Logger;
  readonly limits?: Partial<RpcServerLimits>;
  /** Versions of the protocol it speaks; SUPPORTED_VERSIONS unless said otherwise. */
  readonly versions?: VersionRange;
  /** Makes the listening server; plain TCP unless said otherwise. `tls.createServer(options, onStream)` fits. */
  readonly makeListener?: (onStream: (stream: Socket) => void) => NetServer;
}

/** Marks handlers meant for this transport alone: `@MessagePattern(pattern, RPC_TRANSPORT)`. */
export const RPC_TRANSPORT = Symbol.for('panal.rpc');

/**
 * Nest transport strategy: typed RPC over TCP, one connection per client, many requests in flight. A handler returns a value,
 * a promise or an Observable (sent value by value), and may throw a `PanalError`, which the caller gets as it is. Install the
 * pipe and the filter this needs with `useRpcDefaults`.
 */
export class TcpRpcServer extends Server implements CustomTransportStrategy {
  override readonly transportId = RPC_TRANSPORT;
  readonly #listener: NetServer;
  readonly #acceptor: RpcAcceptor;
  readonly #gate: HandshakeGate;
  readonly #direct = new Map<string, DirectHandler>();
  #hasHooks = false;
  #closing: Promise<void> | undefined;

  constructor(private readonly options: TcpRpcServerOptions) {
    super();
    const { identity, secret, ports, logger, limits, versions } = options;
    this.#gate = new HandshakeGate({ clock: ports.clock, logger, message: 'A handshake failed.' });
    this.#acceptor = new RpcAcceptor({
      gate: this.#gate,
      identity,
      secret,
      ports,
      logger,
      versions,
      limits: { ...RPC_SERVER_LIMITS, ...limits },
      messageClock: new MessageClock(ports.clock, ports.hybridClock),
      handlerOf: (pattern): MessageHandler | undefined => this.messageHandlers.get(pattern),
      directOf: (pattern) => (this.#hasHooks ? undefined : this.#direct.get(pattern)),
      process: (context: RpcContext, work) => this.runWithProcessingHooks(context, work),
    });
    const makeListener = options.makeListener ?? ((onStream) => createServer({ noDelay: true }, onStream));
    this.#listener = makeListener((stream) => this.#acceptor.accept(stream));
  }

  /**
   * Calls the handlers of a controller that Nest puts nothing around without Nest; see `directHandlersOf`. For those that are
   * called ten thousand times a second: a message costs a third less.
   * @param microservice That of this strategy, with all its pipes, filters, guards and interceptors.
   */
  callDirectly(microservice: INestMicroservice, controller: object): void {
    for (const [pattern, handler] of directHandlersOf(microservice, controller)) this.#direct.set(pattern, handler);
  }

  /** Whoever measures the processing of messages sees all of them. */
  override setOnProcessingStartHook(...hook: Parameters<Server['setOnProcessingStartHook']>): void {
    this.#hasHooks = true;
    super.setOnProcessingStartHook(...hook);
  }

  override setOnProcessingEndHook(...hook: Parameters<Server['setOnProcessingEndHook']>): void {
    this.#hasHooks = true;
    super.setOnProcessingEndHook(...hook);
  }

  /** Where it listens, with the real port. Only once it listens. */
  get address(): HostPort {
    const { address, port } = this.#listener.address() as AddressInfo;
    return { host: address, port };
  }

  get port(): number {
    return this.address.port;
  }

  /** Connections that finished their handshake. */
  get connectionCount(): number {
    return this.#acceptor.connectionCount;
  }

  /** Handshakes refused so far, by reason. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#gate.counts;
  }

  /** Ends the connections of a client key at once. @param keyId In hex. */
  dropKey(keyId: string): void {
    this.#acceptor.dropKey(keyId);
  }

  /** Calls back with PortTakenError or ListenError when it cannot listen. */
  override listen(callback: (error?: Error) => void): void {
    const { listen } = this.options;
    const onError = (error: NodeJS.ErrnoException): void => {
      callback(error.code === 'EADDRINUSE' ? new PortTakenError(listen) : new ListenError(listen, error));
    };
    this.#listener.once('error', onError);
    this.#listener.listen(listen.port, listen.host, () => {
      this.#listener.off('error', onError);
      // Running out of descriptors shows here. The listener goes on by itself.
      this.#listener.on('error', (error) =>
        this.options.logger.error('A connection could not be accepted.', { error }),
      );
      this.#acceptor.start();
      callback();
    });
  }

  /**
   * Stops listening, lets requests that were taken finish (within `drainTimeoutMs`), ends streams and closes every connection.
   * Resolves when all is closed; a second call waits for the first.
   */
  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Events of the listening server. */
  // biome-ignore lint/complexity/noBannedTypes: the base class types it so.
  override on(event: string, callback: Function): void {
    this.#listener.on(event, callback as (...args: unknown[]) => void);
  }

  override unwrap<T = NetServer>(): T {
    return this.#listener as T;
  }

  async #close(): Promise<void> {
    // The listener's own close waits for its connections, so it has to begin first and be awaited last.
    const stopped = new Promise<void>((resolve) => {
      this.#listener.close(() => resolve());
    });
    await this.#acceptor.close();
    await stopped;
  }
}
