import { PanalError, type PanalErrorOptions } from '@panal/runtime';
import type { HelloPurpose } from './purpose.js';
import type { VersionRange } from './version.js';

/** Why a hello failed, seen from one side. `reply` is what to send, if anything, before closing the connection. */
export abstract class HandshakeError extends PanalError {
  readonly reply: Buffer | undefined;

  constructor(options: PanalErrorOptions & { readonly reply: Buffer | undefined }) {
    super(options);
    this.reply = options.reply;
  }
}

/** Which side of the connection notices. The client dialled. */
export type HandshakeSide = 'client' | 'server';

/** What came is no hello of Panal, or not the one that was due. Nothing is answered: a stranger learns nothing. */
export class HandshakeInvalidError extends HandshakeError {
  constructor(reason: string) {
    super({
      code: 'handshake_invalid',
      message: `The other end does not speak Panal's protocol: ${reason}.`,
      action: 'Check that the address and port are those of a Panal tracker or peer, and that no proxy stands between.',
      retryable: false,
      reply: undefined,
    });
  }
}

/** The two sides belong to clusters of different names. */
export class ClusterMismatchError extends HandshakeError {
  constructor(side: HandshakeSide, cluster: string, reply?: Buffer) {
    super({
      code: 'cluster_mismatch',
      message:
        side === 'client'
          ? `The other end does not belong to the cluster "${cluster}".`
          : `A client of another cluster dialled; this is the cluster "${cluster}".`,
      action:
        side === 'client'
          ? 'Give --cluster the name its trackers were started with, or the address of a tracker of your cluster.'
          : 'If it should belong here, start it with the --cluster and --key-file of this cluster.',
      retryable: false,
      reply,
    });
  }
}

/** The cluster's name is the same, its key is not. */
export class KeyMismatchError extends HandshakeError {
  constructor(side: HandshakeSide, cluster: string, reply?: Buffer) {
    super({
      code: 'key_mismatch',
      message:
        side === 'client'
          ? `The other end has another key for the cluster "${cluster}" than this process.`
          : `A client dialled with another key for the cluster "${cluster}".`,
      action: 'Copy the key file of the cluster to both machines and name it with --key-file.',
      retryable: false,
      reply,
    });
  }
}

/** The server knows no client key of this id. */
export class KeyUnknownError extends HandshakeError {
  constructor(side: HandshakeSide, reply?: Buffer) {
    super({
      code: 'key_unknown',
      message:
        side === 'client'
          ? 'The other end does not know the client key of this process.'
          : 'A client dialled with a client key that is not known here.',
      action: 'See with `panal keys list` whether the key exists; make a new one with `panal keys client NAME`.',
      // A tracker that has just started may hear of it in a moment.
      retryable: true,
      reply,
    });
  }
}

/** The client key was revoked: for good, everywhere. */
export class KeyRevokedError extends HandshakeError {
  constructor(side: HandshakeSide, reply?: Buffer) {
    super({
      code: 'key_revoked',
      message:
        side === 'client'
          ? 'The client key of this process has been revoked.'
          : 'A client dialled with a client key that has been revoked.',
      action: 'Ask whoever runs the cluster for a new key (`panal keys client NAME`).',
      retryable: false,
      reply,
    });
  }
}

/** A peer's ticket is not accepted: over, of another cluster, not signed by it, or changed. */
export class TicketRefusedError extends HandshakeError {
  constructor(
    side: HandshakeSide,
    /** In a word or two; only the side that refuses knows. */
    readonly reason: string | undefined,
    reply?: Buffer,
  ) {
    super({
      code: 'ticket_refused',
      message:
        reason === undefined
          ? 'The other peer does not accept the ticket of this one.'
          : `A ${side === 'client' ? 'provider' : 'downloader'} showed a ticket that is not accepted: ${reason}.`,
      action: 'Tickets are renewed by themselves. If it repeats, compare the clocks of both machines and the trackers.',
      retryable: true,
      reply,
    });
  }
}

/** There is nothing yet to prove one's own right with, or to judge that of others: no ticket, or no list of keys. */
export class AccessNotReadyError extends HandshakeError {
  constructor(side: HandshakeSide, reply?: Buffer) {
    super({
      code: 'access_not_ready',
      message:
        side === 'client'
          ? 'This process or the other end has just started and cannot prove yet who it is.'
          : 'A client dialled before this process could tell who belongs to the cluster.',
      action: 'Nothing to do: it is tried again by itself. A peer needs a tracker that answers to get its ticket.',
      retryable: true,
      reply,
    });
  }
}

/** The two builds have no protocol version in common. */
export class ProtocolUnsupportedError extends HandshakeError {
  constructor(
    readonly ours: VersionRange,
    readonly theirs: VersionRange,
    reply?: Buffer,
  ) {
    const isOursOlder = ours.max < theirs.min;
    super({
      code: 'protocol_unsupported',
      message: `No common protocol version: this process speaks ${formatRange(ours)}, the other end ${formatRange(theirs)}.`,
      action: isOursOlder
        ? 'Upgrade Panal on this machine: it is the older one.'
        : 'Upgrade Panal on the other machine: it is the older one.',
      retryable: false,
      reply,
    });
  }
}

/** The ports of Panal, by what is spoken there. */
const PORTS_BY_PURPOSE: Readonly<Record<HelloPurpose, string>> = {
  rpc: "a tracker's RPC port (5555 unless changed)",
  data: "a peer's data port (5550 unless changed)",
  cluster: "a tracker's port for other trackers (5560 unless changed)",
};

/** The client wants messages where data is served, or the other way round: the wrong port. */
export class PurposeMismatchError extends HandshakeError {
  /** @param wanted What the client dialled for. */
  constructor(side: HandshakeSide, wanted: HelloPurpose, reply?: Buffer) {
    const port = PORTS_BY_PURPOSE[wanted];
    super({
      code: 'purpose_mismatch',
      message:
        side === 'client'
          ? `The other end is a Panal process, but the port is not ${port}.`
          : `A client dialled this port in search of ${port}.`,
      action: side === 'client' ? `Give the address of ${port}.` : 'Correct the address the client was given.',
      retryable: false,
      reply,
    });
  }
}

/** A cluster or principal that cannot be sent. */
export class IdentityInvalidError extends PanalError {
  constructor(what: string, text: string) {
    super({
      code: 'identity_invalid',
      message: `"${text}" cannot be a ${what}.`,
      action: 'Use 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit.',
      retryable: false,
    });
  }
}

const CONNECTION_ACTION =
  'The connection is closed and made again. If it repeats, look for a proxy or a faulty network between.';

/** A record whose code does not fit: changed, replayed, out of order, or made with another key. The connection is lost. */
export class RecordForgedError extends PanalError {
  constructor() {
    super({
      code: 'record_forged',
      message: 'A record arrived that the other end did not send so.',
      action: CONNECTION_ACTION,
      retryable: true,
    });
  }
}

/** A record longer than both sides agreed on. */
export class RecordTooLargeError extends PanalError {
  constructor(sizeBytes: number, sizeMaxBytes: number) {
    super({
      code: 'record_too_large',
      message: `A record of ${sizeBytes} bytes exceeds the limit of ${sizeMaxBytes}.`,
      action: CONNECTION_ACTION,
      retryable: false,
    });
  }
}

/** The stream ended inside a record. */
export class RecordTruncatedError extends PanalError {
  constructor(missingBytes: number) {
    super({
      code: 'record_truncated',
      message: `The connection ended ${missingBytes} bytes before the end of a record.`,
      action: CONNECTION_ACTION,
      retryable: true,
    });
  }
}

/** Bytes inside a sealed record that are no envelope. Only a bug or a hostile member of the cluster sends them. */
export class EnvelopeInvalidError extends PanalError {
  constructor(reason: string) {
    super({
      code: 'envelope_invalid',
      message: `A message could not be read: ${reason}.`,
      action: 'Check that both ends run releases of Panal that fit together.',
      retryable: false,
    });
  }
}

/** The envelope is sound, its body is not. `msgId` says which request to answer with this error. */
export class BodyInvalidError extends PanalError {
  msgId: number | undefined = undefined;

  constructor(reason: string, cause?: unknown) {
    super({
      code: 'body_invalid',
      message: `The body of a message could not be read: ${reason}.`,
      action: 'Check that both ends run releases of Panal that fit together.',
      retryable: false,
      cause,
    });
  }
}

/** A value that no message can carry, found before it was sent. */
export class BodyUnencodableError extends PanalError {
  constructor(reason: string, cause?: unknown) {
    super({
      code: 'body_unencodable',
      message: `A message could not be written: ${reason}.`,
      action:
        'Send plain objects, arrays, strings, numbers, booleans, null and byte arrays, within the limits of the protocol.',
      retryable: false,
      cause,
    });
  }
}

/** A message that does not fit one datagram. It was not sent. */
export class DatagramTooLargeError extends PanalError {
  constructor(sizeBytes: number, sizeMaxBytes: number) {
    super({
      code: 'datagram_too_large',
      message: `A datagram of ${sizeBytes} bytes exceeds the limit of ${sizeMaxBytes}.`,
      action: 'Send less at a time, or send it over a link.',
      retryable: false,
    });
  }
}

/** A remote clock too far ahead to follow: one such stamp would win every conflict until then. */
export class ClockAheadError extends PanalError {
  constructor(readonly aheadMs: number) {
    super({
      code: 'clock_ahead',
      message: `The sender's clock is ${Number.isFinite(aheadMs) ? `${Math.ceil(aheadMs / 1000)} s` : 'out of all reason'} ahead of this machine.`,
      action: 'Set the clocks of both machines (NTP), then try again.',
      retryable: true,
    });
  }
}

function formatRange({ min, max }: VersionRange): string {
  return min === max ? `${min}` : `${min} to ${max}`;
}
