import type { HostPort } from '@panal/runtime';
import type { DatagramFault } from '@panal/wire';

/** A tracker by its id (32 hex digits), or whichever one lives at an address. */
export type LinkTarget = string | HostPort;

export interface LinkMember {
  readonly id: string;
  /** Where it listens for other trackers. */
  readonly cluster: HostPort;
}

export interface LinkRequestOptions {
  /** To the answer, the making of a link included, in ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * One tracker's ways to the others: ordered messages and requests over one link with each, and datagrams.
 *
 * A link is TCP, made when it is first needed or when the other tracker is a member, and made anew when it was lost; whoever
 * has the lower id sees to that. Either side sends over it. What was sent and not read when a link is lost is lost too: nothing
 * is sent twice. Messages to one tracker arrive in order as long as the link lives.
 */
export interface ClusterLinks {
  /**
   * Sends a message (MessagePack: plain objects, byte strings) without waiting for anything.
   * @returns False when it was dropped: no link can be made now, or too much is waiting.
   * @throws BodyUnencodableError
   */
  send(to: LinkTarget, message: object): boolean;
  /**
   * Asks one tracker.
   * @param pattern `endpoint.handler.command`
   * @throws RpcTimeoutError, RpcAbortedError, RpcBusyError, RpcDisconnectedError, LinkUnavailableError, PatternInvalidError,
   * BodyUnencodableError; ReportedError with what the other tracker's handler threw
   */
  request(to: LinkTarget, pattern: string, data: unknown, options?: LinkRequestOptions): Promise<unknown>;
  /** Sends a datagram, which may get lost. @throws DatagramTooLargeError beyond DATAGRAM_BODY_SIZE_MAX, BodyUnencodableError */
  datagram(to: HostPort, message: object): void;
  /** The other members as of now: links with them are kept. Itself may be among them. */
  setMembers(members: readonly LinkMember[]): void;
  /** Bytes that wait for this tracker to read them, for senders who can hold back. */
  queuedBytes(id: string): number;
  status(): readonly LinkStatus[];
  readonly counters: LinkCounters;
}

/** What comes in. Whatever a handler throws is logged and counted, and ends nothing. */
export interface ClusterLinksHandlers {
  onMessage(from: string, message: unknown): void;
  /** Resolves to the answer; a `PanalError` goes to who asked, anything else as `internal`. */
  onRequest(from: string, pattern: string, data: unknown): Promise<unknown>;
  onDatagram(from: HostPort, message: unknown): void;
  /** A first link with this tracker opened (of a new process of it, perhaps), or the last one is gone. */
  onLink?(id: string, isUp: boolean): void;
  /** Another process says that it has this tracker's id; `startedAt` is its own. */
  onDuplicate?(startedAt: number, at: HostPort): void;
}

/** One neighbour, for people. */
export interface LinkStatus {
  /** Empty until an address told who lives there. */
  readonly id: string;
  readonly address: HostPort | undefined;
  readonly isMember: boolean;
  readonly linkCount: number;
  readonly queuedBytes: number;
  /** Code of the error for which the last attempt failed. */
  readonly failure: string | undefined;
}

/** Counted since the start. */
export interface LinkCounters {
  readonly linksOpened: number;
  readonly linksLost: number;
  /** Links dropped because the other side did not read. */
  readonly linksOverflowed: number;
  /** Connections refused, by error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Attempts to make a link that failed, by error code. */
  readonly dialsFailed: Readonly<Record<string, number>>;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  /** Never sent, for want of a link. What was on its way when a link was lost is not among them. */
  readonly messagesDropped: number;
  readonly requestsSent: number;
  readonly requestsReceived: number;
  readonly handlersFailed: number;
  /** Stamps of others that were too far ahead to follow. */
  readonly clocksRefused: number;
  readonly datagramsSent: number;
  readonly datagramsReceived: number;
  /** Not sent: no such host, or the network refused. */
  readonly datagramsUnsent: number;
  /** Too large: errors of the caller. */
  readonly datagramsTooLarge: number;
  /** Not taken, by reason. */
  readonly datagramsDropped: Readonly<Record<DatagramFault, number>>;
}
