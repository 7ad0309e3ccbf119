import { ClusterKeyCredentials, type ClusterKeyring } from '@panal/access';
import type { CancelTimer, HostPort, Logger } from '@panal/runtime';
import { PanalError, ReportedError } from '@panal/runtime';
import { type HelloIdentity, SUPPORTED_VERSIONS, type VersionRange } from '@panal/wire';
import { OutQueueFullError, RpcClosingError } from '../errors.js';
import { HandshakeGate } from '../handshake-gate.js';
import { LINGER_TIMEOUT_MS } from '../limits.js';
import { type Dial, dialTcp } from '../rpc/dial-tcp.js';
import { MessageClock } from '../rpc/message-clock.js';
import type { RpcPorts } from '../rpc/rpc-ports.js';
import { AddressCache, type FindAddress } from './address-cache.js';
import { LINK_LIMITS, type LinkLimits } from './cluster-limits.js';
import type { ClusterLink } from './cluster-link.js';
import type {
  ClusterLinks,
  ClusterLinksHandlers,
  LinkCounters,
  LinkMember,
  LinkRequestOptions,
  LinkStatus,
  LinkTarget,
} from './cluster-links.js';
import { ClusterListener } from './cluster-listener.js';
import { LinkAcceptor } from './link-acceptor.js';
import { LinkCalls } from './link-calls.js';
import type { LinkDoor } from './link-dialer.js';
import { LinkExchange } from './link-exchange.js';
import { LinkTable } from './link-table.js';
import { SealedSocket } from './sealed-socket.js';

export interface TcpClusterLinksOptions {
  /** This tracker: its id, 32 hex digits, and the hybrid stamp of the process start. */
  readonly self: { readonly id: string; readonly startedAt: number };
  /** Its role is `tracker`. */
  readonly identity: HelloIdentity;
  /** The cluster's keys, or its one secret, 32 bytes. */
  readonly secret: Buffer | ClusterKeyring;
  readonly ports: RpcPorts;
  readonly logger: Logger;
  readonly handlers: ClusterLinksHandlers;
  readonly limits?: Partial<LinkLimits>;
  /** Versions of the protocol it speaks with other trackers; SUPPORTED_VERSIONS unless said otherwise. */
  readonly protocol?: VersionRange;
  /** Plain TCP unless said otherwise. */
  readonly dial?: Dial;
  /** Host names of datagrams; the system's lookup unless said otherwise. */
  readonly findAddress?: FindAddress;
}

/** Links over TCP and datagrams over UDP, both on one port. */
export class TcpClusterLinks implements ClusterLinks {
  readonly #limits: LinkLimits;
  readonly #calls: LinkCalls;
  readonly #exchange: LinkExchange;
  readonly #table: LinkTable;
  readonly #acceptor: LinkAcceptor;
  readonly #socket: SealedSocket;
  readonly #listener: ClusterListener;
  readonly #refused = new Map<string, number>();
  readonly #dialsFailed = new Map<string, number>();
  #linksOpened = 0;
  #linksLost = 0;
  #linksOverflowed = 0;
  #cancelBeat: CancelTimer | undefined;
  #closing: Promise<void> | undefined;

  constructor(private readonly options: TcpClusterLinksOptions) {
    const { self, identity, secret, ports, logger, handlers, dial = dialTcp } = options;
    this.#limits = { ...LINK_LIMITS, ...options.limits };
    const limits = this.#limits;
    const messageClock = new MessageClock(ports.clock, ports.hybridClock);
    const protocol = options.protocol ?? SUPPORTED_VERSIONS;
    const hello = { trackerId: self.id, startedAt: self.startedAt, protocol };
    const credentials = Buffer.isBuffer(secret) ? secret : new ClusterKeyCredentials(secret);
    const door: LinkDoor = { self: hello, identity, secret: credentials, ports, limits, messageClock, dial };
    this.#calls = new LinkCalls(ports.timers, limits.inFlightMax);
    const find = (to: LinkTarget) => this.#table.find(to);
    this.#exchange = new LinkExchange({ limits, logger, messageClock, calls: this.#calls, handlers, find });
    this.#table = this.#makeTable(door);
    const gate = new HandshakeGate({ clock: ports.clock, logger, message: 'A tracker could not be linked.' });
    const onRefused = (error: unknown): void => count(this.#refused, error);
    this.#acceptor = new LinkAcceptor({ door, gate, logger, events: this.#table, onRefused });
    this.#socket = new SealedSocket({
      seal: { ...sealing(secret), cluster: identity.cluster, purpose: 'gossip', random: ports.random },
      clock: ports.clock,
      logger,
      addresses: new AddressCache(ports.clock, options.findAddress),
      onDatagram: (from, message) => this.#tell(() => handlers.onDatagram(from, message)),
    });
    this.#listener = new ClusterListener({ acceptor: this.#acceptor, socket: this.#socket, logger });
  }

  /** @returns Where it listens, for TCP and UDP, with the real port. @throws PortTakenError, ListenError */
  async listen(address: HostPort): Promise<HostPort> {
    const listening = await this.#listener.listen(address);
    const { ports } = this.options;
    this.#cancelBeat = ports.timers.every(this.#limits.beatIntervalMs, () => this.#table.beat());
    return listening;
  }

  /** Ends links and sockets; open requests fail. Resolves when all is closed, soon after LINGER_TIMEOUT_MS at the latest. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  send(to: LinkTarget, message: object): boolean {
    return this.#closing === undefined && this.#exchange.send(to, message);
  }

  async request(to: LinkTarget, pattern: string, data: unknown, options?: LinkRequestOptions): Promise<unknown> {
    if (this.#closing !== undefined) throw new RpcClosingError();
    return this.#exchange.request(to, pattern, data, options);
  }

  datagram(to: HostPort, message: object): void {
    this.#socket.send(to, message);
  }

  setMembers(members: readonly LinkMember[]): void {
    if (this.#closing === undefined) this.#table.setMembers(members);
  }

  queuedBytes(id: string): number {
    return this.#table.queuedBytes(id);
  }

  status(): readonly LinkStatus[] {
    return this.#table.neighbours.map(({ id, address, isMember, links, queuedBytes, failure }) => ({
      id: id ?? '',
      address,
      isMember,
      linkCount: links.size,
      queuedBytes,
      failure: failure?.code,
    }));
  }

  get counters(): LinkCounters {
    const { messagesSent, messagesReceived, messagesDropped, requestsSent, requestsReceived } = this.#exchange;
    const { handlersFailed, clocksRefused } = this.#exchange;
    const datagrams = this.#socket.counters;
    return {
      linksOpened: this.#linksOpened,
      linksLost: this.#linksLost,
      linksOverflowed: this.#linksOverflowed,
      refused: Object.fromEntries(this.#refused),
      dialsFailed: Object.fromEntries(this.#dialsFailed),
      messagesSent,
      messagesReceived,
      messagesDropped,
      requestsSent,
      requestsReceived,
      handlersFailed,
      clocksRefused,
      datagramsSent: datagrams.sent,
      datagramsReceived: datagrams.received,
      datagramsUnsent: datagrams.unsent,
      datagramsTooLarge: datagrams.tooLarge,
      datagramsDropped: datagrams.dropped,
    };
  }

  async #close(): Promise<void> {
    const { timers } = this.options.ports;
    this.#cancelBeat?.();
    this.#acceptor.close();
    const stopped = this.#listener.close();
    this.#calls.failAll(new RpcClosingError());
    const cancel = timers.after(LINGER_TIMEOUT_MS, () => this.#acceptor.destroyAll());
    await this.#table.close();
    await stopped;
    cancel();
  }

  #makeTable(door: LinkDoor): LinkTable {
    const { logger, handlers } = this.options;
    return new LinkTable({
      door,
      logger,
      onEnvelope: (link, envelope) => this.#exchange.receive(link, envelope),
      onOpened: (id, isFirst) => {
        this.#linksOpened += 1;
        if (isFirst) this.#tell(() => handlers.onLink?.(id, true));
      },
      onLost: (link, id, { isLast, error }) => {
        this.#lost(link, error);
        if (isLast) this.#tell(() => handlers.onLink?.(id, false));
      },
      onDialFailed: (error) => count(this.#dialsFailed, error),
      onDuplicate: (startedAt, at) => this.#tell(() => handlers.onDuplicate?.(startedAt, at)),
      onSending: (waiting, link) => this.#exchange.sending(waiting, link),
      onDropped: (waiting, error) => this.#exchange.dropped(waiting, error),
    });
  }

  #lost(link: ClusterLink, error: Error | undefined): void {
    this.#linksLost += 1;
    if (error instanceof OutQueueFullError) this.#linksOverflowed += 1;
    this.#exchange.lost(link, error);
    if (error === undefined || this.#closing !== undefined) return;
    const fields = error instanceof PanalError ? { code: error.code, reason: error.message } : { error };
    this.options.logger.info('A link to a tracker was lost.', { tracker: link.hello?.trackerId, ...fields });
  }

  /** A handler that fails must not end the process from within an event of a socket. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#exchange.handlersFailed += 1;
      this.options.logger.debug('A handler of the links failed.', { error });
    }
  }
}

/** The key in use seals; the one that it replaces, or that will replace it, opens as well. */
function sealing(secret: Buffer | ClusterKeyring): { secret: Buffer; otherSecrets?: readonly Buffer[] } {
  return Buffer.isBuffer(secret) ? { secret } : { secret: secret.key.secret, otherSecrets: secret.secrets.slice(1) };
}

/** What another process said goes under one name: it could say anything. */
function count(counts: Map<string, number>, error: unknown): void {
  const isReported = error instanceof ReportedError;
  const code = isReported ? 'refused' : error instanceof PanalError ? error.code : 'internal';
  counts.set(code, (counts.get(code) ?? 0) + 1);
}
