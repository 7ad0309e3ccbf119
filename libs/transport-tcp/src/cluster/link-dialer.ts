import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HostPort } from '@panal/runtime';
import type { ClientCredentials, HelloIdentity, ServerCredentials } from '@panal/wire';
import { HandshakeCutError, ProtocolViolationError } from '../errors.js';
import type { Dial } from '../rpc/dial-tcp.js';
import type { MessageClock } from '../rpc/message-clock.js';
import type { RpcPorts } from '../rpc/rpc-ports.js';
import { type Secured, secureClient } from '../secure-socket.js';
import type { LinkLimits } from './cluster-limits.js';
import { ClusterLink, type ClusterLinkEvents } from './cluster-link.js';
import type { LinkHello } from './link-messages.js';

/** What every link of one tracker has in common. */
export interface LinkDoor {
  readonly self: LinkHello;
  readonly identity: HelloIdentity;
  readonly secret: Buffer | (ClientCredentials & ServerCredentials);
  readonly ports: RpcPorts;
  readonly limits: LinkLimits;
  readonly messageClock: MessageClock;
  readonly dial: Dial;
}

export interface DialLinkOptions {
  readonly address: HostPort;
  readonly signal: AbortSignal;
  readonly events: ClusterLinkEvents;
}

/**
 * Connects, shakes hands and exchanges the first messages. Resolves when the link is open, which its events were told before.
 * @throws ConnectError, HandshakeError, ReportedError with why the other tracker refused, and what `events.judge` throws
 */
export async function dialLink(door: LinkDoor, { address, signal, events }: DialLinkOptions): Promise<void> {
  const { ports, limits } = door;
  const { timers, random } = ports;
  const { identity, secret } = door;
  let stream: Duplex | undefined;
  const onAbort = (): void => void stream?.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    stream = await door.dial(address, { timers, timeoutMs: limits.connectTimeoutMs, signal });
    const remoteHost = remoteHostOf(stream);
    const timeoutMs = limits.handshakeTimeoutMs;
    const versions = door.self.protocol;
    const purpose = 'cluster';
    const secured = await secureClient(stream, { identity, secret, random, timers, timeoutMs, purpose, versions });
    signal.throwIfAborted();
    await openLink(stream, secured, { door, address, remoteHost, isDialed: true, events });
  } catch (error) {
    stream?.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export interface OpenLinkOptions {
  readonly door: LinkDoor;
  /** Where it was dialled, or where it came from. */
  readonly address: HostPort;
  /** IP address of the other end. */
  readonly remoteHost: string;
  readonly isDialed: boolean;
  readonly events: ClusterLinkEvents;
}

/** The first messages, after a handshake. Resolves when the link is open; rejects when it never will be. */
export function openLink(
  stream: Duplex,
  secured: Secured,
  { door, address, remoteHost, isDialed, events }: OpenLinkOptions,
): Promise<void> {
  const { self, ports, limits, messageClock } = door;
  return new Promise((resolve, reject) => {
    const { role } = secured.session.remote;
    if (role !== 'tracker') {
      stream.destroy();
      return reject(new ProtocolViolationError(`a ${role} is no tracker, and has no links`));
    }
    const link = new ClusterLink(stream, secured, {
      self,
      isDialed,
      address,
      remoteHost,
      ports,
      limits,
      messageClock,
    });
    link.start({
      judge: (opened, hello) => events.judge(opened, hello),
      onOpen: (opened, hello) => {
        resolve();
        events.onOpen(opened, hello);
      },
      onEnvelope: (opened, envelope) => events.onEnvelope(opened, envelope),
      onClose: (closed, error) => {
        if (closed.hello === undefined) reject(error ?? new HandshakeCutError());
        else events.onClose(closed, error);
      },
    });
  });
}

/** IPv4 addresses of a dual-stack socket appear as `::ffff:192.0.2.7`. Asked while it is open: a closed one has forgotten it. */
export function remoteHostOf(stream: Duplex): string {
  const address = stream instanceof Socket ? stream.remoteAddress : undefined;
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
