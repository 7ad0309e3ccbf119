import type { Duplex } from 'node:stream';
import { type CancelTimer, type HostPort, type Logger, PanalError } from '@panal/runtime';
import type { ClientCredentials, HelloIdentity, VersionRange } from '@panal/wire';
import { RpcClientClosedError, RpcDisconnectedError, SilentError } from '../errors.js';
import { secureClient } from '../secure-socket.js';
import { backoffMs } from './backoff.js';
import type { Dial } from './dial-tcp.js';
import type { RpcClientLimits } from './rpc-client-limits.js';
import type { RpcClientStatus } from './rpc-client-status.js';
import { RpcLink, type RpcLinkEvents } from './rpc-link.js';
import type { RpcPorts } from './rpc-ports.js';

export interface RpcConnectorOptions {
  readonly address: HostPort;
  readonly identity: HelloIdentity;
  readonly secret: Buffer | ClientCredentials;
  readonly ports: RpcPorts;
  readonly limits: RpcClientLimits;
  readonly logger: Logger;
  readonly dial: Dial;
  readonly versions?: VersionRange | undefined;
}

export interface RpcConnectorEvents extends Pick<RpcLinkEvents, 'onEnvelope'> {
  onStatus(status: RpcClientStatus): void;
  /** The link is lost; `error` is why. A new one is on its way unless the connector was closed. */
  onLost(error: Error): void;
  /** Nothing was heard for a while: the server should be asked for a sign of life. */
  onQuiet(): void;
}

/**
 * Keeps one link to one server: nothing until it is first wanted, then always, with growing waits between attempts that fail.
 * While it waits, who wants the link is told at once why the last attempt failed: a caller that waits is worse than one that
 * may ask another server.
 */
export class RpcConnector {
  #status: RpcClientStatus = { kind: 'idle', failure: undefined };
  #link: RpcLink | undefined;
  #attempt: Promise<RpcLink> | undefined;
  #failureCount = 0;
  #cancelWait: CancelTimer | undefined;
  #closing: Promise<void> | undefined;
  #onLinkClosed: (() => void) | undefined;
  readonly #abort = new AbortController();

  constructor(
    private readonly options: RpcConnectorOptions,
    private readonly events: RpcConnectorEvents,
  ) {}

  get status(): RpcClientStatus {
    return this.#status;
  }

  get link(): RpcLink | undefined {
    return this.#link;
  }

  /** The open link, or the one being opened. @throws why there is none */
  async open(): Promise<RpcLink> {
    if (this.#link !== undefined) return this.#link;
    if (this.#attempt !== undefined) return this.#attempt;
    if (this.#status.kind === 'closed') throw new RpcClientClosedError(this.options.address);
    if (this.#status.kind === 'waiting') throw this.#status.failure;
    return this.#connect();
  }

  /** For good; lets go out what was sent. Resolves when the link is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#setStatus({ kind: 'closed', failure: undefined });
    this.#cancelWait?.();
    this.#abort.abort();
    const link = this.#link;
    if (link === undefined) return;
    await new Promise<void>((resolve) => {
      this.#onLinkClosed = resolve;
      link.end();
    });
  }

  #connect(): Promise<RpcLink> {
    this.#setStatus({ kind: 'connecting', failure: failureOf(this.#status) });
    this.#attempt = this.#dial().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #dial(): Promise<RpcLink> {
    const { address, identity, secret, ports, limits, dial, versions } = this.options;
    const { timers, random, clock } = ports;
    const { signal } = this.#abort;
    let stream: Duplex | undefined;
    const onAbort = (): void => void stream?.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      stream = await dial(address, { timers, timeoutMs: limits.connectTimeoutMs, signal });
      const timeoutMs = limits.handshakeTimeoutMs;
      const purpose = 'rpc';
      const secured = await secureClient(stream, { identity, secret, random, timers, timeoutMs, purpose, versions });
      signal.throwIfAborted();
      const link = new RpcLink(stream, secured, { clock, timers, outQueueBytesMax: limits.outQueueBytesMax });
      this.#use(link);
      return link;
    } catch (error) {
      if (signal.aborted) {
        stream?.destroy();
        throw new RpcClientClosedError(address);
      }
      this.#wait(error);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #use(link: RpcLink): void {
    const { clock, timers } = this.options.ports;
    const sinceMs = clock.monotonicMs();
    const cancelWatch = timers.every(this.options.limits.pingIntervalMs, () => this.#watch(link));
    this.#link = link;
    this.#setStatus({ kind: 'connected' });
    link.start({
      onEnvelope: (envelope) => this.events.onEnvelope(envelope),
      // Only requests have an id to be refused by, and a client is asked nothing.
      onUnreadable: (_msgId, error) => link.destroy(error),
      onClose: (error) => {
        cancelWatch();
        this.#link = undefined;
        this.#lost(error, clock.monotonicMs() - sinceMs);
        this.#onLinkClosed?.();
      },
    });
  }

  #watch(link: RpcLink): void {
    const { pingIntervalMs, idleTimeoutMs } = this.options.limits;
    if (link.silenceMs >= idleTimeoutMs) link.destroy(new SilentError(link.silenceMs));
    else if (link.silenceMs >= pingIntervalMs / 2) this.events.onQuiet();
  }

  #lost(cause: Error | undefined, livedMs: number): void {
    const { address, limits, logger } = this.options;
    const reason = cause === undefined ? 'the other side closed it' : cause.message.replace(/\.$/, '');
    const isClosed = this.#status.kind === 'closed';
    const error = isClosed ? new RpcClientClosedError(address) : new RpcDisconnectedError(address, reason, cause);
    if (livedMs >= limits.reconnectResetMs) this.#failureCount = 0;
    if (!isClosed) {
      logger.info('A connection to a server was lost.', { address, reason });
      this.#wait(error);
    }
    this.events.onLost(error);
  }

  #wait(failure: unknown): void {
    const { ports, limits, logger, address } = this.options;
    this.#failureCount += 1;
    const waitMs = backoffMs(
      this.#failureCount,
      { firstMs: limits.reconnectFirstMs, maxMs: limits.reconnectMaxMs },
      ports.random,
    );
    const code = failure instanceof PanalError ? failure.code : 'internal';
    logger.debug('A server is tried again after a wait.', { address, code, waitMs, failureCount: this.#failureCount });
    this.#cancelWait = ports.timers.after(waitMs, () => {
      // The failure of this attempt, too, is in the status and leads to the next wait.
      this.#connect().catch(() => undefined);
    });
    this.#setStatus({ kind: 'waiting', failure });
  }

  #setStatus(status: RpcClientStatus): void {
    this.#status = status;
    this.events.onStatus(status);
  }
}

function failureOf(status: RpcClientStatus): unknown {
  return status.kind === 'connected' ? undefined : status.failure;
}
