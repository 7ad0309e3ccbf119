import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { type HostPort, type Logger, silentLogger } from '@panal/runtime';
import {
  type ClientCredentials,
  type Envelope,
  type EnvelopeKind,
  type HelloIdentity,
  type PatternParts,
  parsePattern,
  type VersionRange,
} from '@panal/wire';
import {
  PatternInvalidError,
  ProtocolViolationError,
  RpcAbortedError,
  RpcBusyError,
  RpcClientClosedError,
  RpcTimeoutError,
} from '../errors.js';
import { type Dial, dialTcp } from './dial-tcp.js';
import { CANCEL, PING } from './link-commands.js';
import { MessageClock } from './message-clock.js';
import { PendingCalls, type Waiter } from './pending-calls.js';
import { RPC_CLIENT_LIMITS, type RpcClientLimits } from './rpc-client-limits.js';
import type { RpcClientStatus } from './rpc-client-status.js';
import { RpcConnector } from './rpc-connector.js';
import type { RpcLink } from './rpc-link.js';
import type { RpcPorts } from './rpc-ports.js';

export interface TcpRpcClientOptions {
  readonly address: HostPort;
  readonly identity: HelloIdentity;
  /** The cluster's secret, 32 bytes, or credentials. */
  readonly secret: Buffer | ClientCredentials;
  readonly ports: RpcPorts;
  readonly logger?: Logger;
  readonly limits?: Partial<RpcClientLimits>;
  /** Opens connections; plain TCP unless said otherwise. */
  readonly dial?: Dial;
  /** SUPPORTED_VERSIONS unless a test pretends to be another release. */
  readonly versions?: VersionRange;
}

export interface CallOptions {
  /** From the call to the answer, connecting included, in ms. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What becomes of a stream. */
export interface StreamEvents {
  readonly onValue: (value: unknown) => void;
  /** Once; `error` says why unless the server ended it in good order. */
  readonly onEnd: (error: Error | undefined) => void;
}

/**
 * Asks one server. Connects at the first use, keeps the connection, and makes it anew when it is lost. `call` is the way for
 * one answer; `send` and `emit` of Nest's ClientProxy work too, `send` for streams.
 */
export class TcpRpcClient extends ClientProxy {
  readonly address: HostPort;
  readonly #limits: RpcClientLimits;
  readonly #options: TcpRpcClientOptions;
  readonly #messageClock: MessageClock;
  readonly #connector: RpcConnector;
  readonly #pending = new PendingCalls();
  readonly #statusListeners = new Set<(status: RpcClientStatus) => void>();

  constructor(options: TcpRpcClientOptions) {
    super();
    const { address, ports } = options;
    this.#options = options;
    this.address = address;
    this.#limits = { ...RPC_CLIENT_LIMITS, ...options.limits };
    this.#messageClock = new MessageClock(ports.clock, ports.hybridClock);
    const connectorOptions = {
      ...options,
      limits: this.#limits,
      logger: options.logger ?? silentLogger,
      dial: options.dial ?? dialTcp,
    };
    this.#connector = new RpcConnector(connectorOptions, {
      onEnvelope: (envelope) => this.#receive(envelope),
      onStatus: (status) => this.#setStatus(status),
      onLost: (error) => this.#pending.failSent(error),
      onQuiet: () => this.#ping(),
    });
  }

  get currentStatus(): RpcClientStatus {
    return this.#connector.status;
  }

  /** Calls back at each change of `currentStatus`. @returns Ends it. */
  onStatus(listener: (status: RpcClientStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => void this.#statusListeners.delete(listener);
  }

  /** @throws ConnectError, HandshakeError and the like: why there is no connection, of the last attempt where one waits for the next */
  override async connect(): Promise<void> {
    await this.#connector.open();
  }

  /** For good: calls that are open fail. Resolves when the connection is closed. */
  override close(): Promise<void> {
    this.#pending.failAll(new RpcClientClosedError(this.address));
    return this.#connector.close();
  }

  /** The connection, if there is one now. */
  override unwrap<T = RpcLink | undefined>(): T {
    return this.#connector.link as T;
  }

  /**
   * Sends a request and resolves with its answer; of a stream, with its first value.
   * @throws ReportedError when the server reports an error
   * @throws RpcTimeoutError, RpcDisconnectedError when no answer came: the request may have taken effect all the same
   * @throws RpcBusyError, ConnectError, HandshakeError: nothing was sent
   */
  call<R>(pattern: string, data: unknown, { timeoutMs, signal }: CallOptions = {}): Promise<R> {
    return new Promise((resolve, reject) => {
      const parts = partsOf(pattern);
      if (signal?.aborted === true) throw new RpcAbortedError(pattern, signal.reason);
      const limitMs = timeoutMs ?? this.#limits.timeoutMs;
      const end = (): void => {
        cancelTimeout();
        signal?.removeEventListener('abort', onAbort);
      };
      const giveUp = (error: Error): void => {
        end();
        this.#cancel(msgId);
        reject(error);
      };
      const onAbort = (): void => giveUp(new RpcAbortedError(pattern, signal?.reason));
      const msgId = this.#add({
        onValue: (value, isLast) => {
          end();
          if (!isLast) this.#cancel(msgId);
          resolve(value as R);
        },
        onEnd: () => {
          end();
          resolve(undefined as R);
        },
        onError: (error) => {
          end();
          reject(error);
        },
      });
      const onTimeout = (): void => giveUp(new RpcTimeoutError(this.address, pattern, limitMs));
      const cancelTimeout = this.#options.ports.timers.after(limitMs, onTimeout);
      signal?.addEventListener('abort', onAbort, { once: true });
      const link = this.#connector.link;
      if (link !== undefined) this.#request(link, msgId, { parts, data, onError: giveUp });
      else {
        this.#connector.open().then(
          (opened) => this.#request(opened, msgId, { parts, data, onError: giveUp }),
          (error: unknown) => giveUp(error as Error),
        );
      }
    });
  }

  /**
   * Asks for a stream over the connection there is now, and ends with it: nothing is connected for it, and nobody asks again.
   * @returns Ends it; the server is told, and nobody is called back any more.
   */
  stream(pattern: string, data: unknown, { onValue, onEnd }: StreamEvents): () => void {
    const onError = (error: Error): void => onEnd(error);
    try {
      const parts = partsOf(pattern);
      const link = this.#openLink();
      const msgId = this.#add({ onValue: (value) => onValue(value), onEnd: () => onEnd(undefined), onError });
      this.#request(link, msgId, { parts, data, onError });
      return () => this.#cancel(msgId);
    } catch (error) {
      onError(error as Error);
      return () => undefined;
    }
  }

  /** Behind `send`, which connected first. */
  protected override publish({ pattern, data }: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const onError = (error: Error): void => callback({ err: error, isDisposed: true });
    try {
      const parts = partsOf(this.normalizePattern(pattern as string));
      const link = this.#openLink();
      const msgId = this.#add({
        onValue: (response, isDisposed) => callback({ response, isDisposed }),
        onEnd: () => callback({ isDisposed: true }),
        onError,
      });
      this.#request(link, msgId, { parts, data, onError });
      return () => this.#cancel(msgId);
    } catch (error) {
      onError(error as Error);
      return () => undefined;
    }
  }

  /** Behind `emit`, which connected first. */
  protected override async dispatchEvent<T>({ pattern, data }: ReadPacket): Promise<T> {
    const parts = partsOf(this.normalizePattern(pattern as string));
    this.#send(this.#openLink(), 'event', { msgId: 0, parts, data });
    return undefined as T;
  }

  #add(waiter: Waiter): number {
    if (this.#pending.size >= this.#limits.inFlightMax) throw new RpcBusyError(this.#limits.inFlightMax);
    return this.#pending.add(waiter);
  }

  #request(
    link: RpcLink,
    msgId: number,
    { parts, data, onError }: { parts: PatternParts; data: unknown; onError: (error: Error) => void },
  ): void {
    // Given up, or closed, while the connection was being made.
    if (!this.#pending.has(msgId)) return;
    try {
      this.#send(link, 'request', { msgId, parts, data });
      this.#pending.markSent(msgId);
    } catch (error) {
      this.#pending.drop(msgId);
      onError(error as Error);
    }
  }

  #send(
    link: RpcLink,
    kind: EnvelopeKind,
    { msgId, parts, data }: { msgId: number; parts: PatternParts; data: unknown },
  ): void {
    link.send({ kind, msgId, ...this.#messageClock.stamp(), ...parts, data });
  }

  /** Nobody waits for the answer any more; a server that works on it, or streams it, is told. */
  #cancel(msgId: number): void {
    const link = this.#connector.link;
    if (this.#pending.drop(msgId) && link !== undefined) {
      this.#send(link, 'event', { msgId, parts: CANCEL, data: undefined });
    }
  }

  #ping(): void {
    const link = this.#connector.link;
    // Any answer will do, so nobody has to wait for this one.
    if (link !== undefined)
      this.#send(link, 'request', { msgId: this.#pending.nextId(), parts: PING, data: undefined });
  }

  #openLink(): RpcLink {
    const link = this.#connector.link;
    if (link === undefined) throw new RpcClientClosedError(this.address);
    return link;
  }

  #receive(envelope: Envelope): void {
    this.#messageClock.observe(envelope);
    const { kind } = envelope;
    if (kind !== 'request' && kind !== 'event') this.#pending.settle(envelope);
    else this.#connector.link?.destroy(new ProtocolViolationError(`a server sent a ${kind}`));
  }

  #setStatus(status: RpcClientStatus): void {
    this._status$.next(status.kind);
    for (const listener of this.#statusListeners) listener(status);
  }
}

function partsOf(pattern: string): PatternParts {
  const parts = parsePattern(pattern);
  if (parts === undefined) throw new PatternInvalidError(pattern);
  return parts;
}
