import { type ErrorReport, formatAddress, type HostPort, PanalError } from '@panal/runtime';

/** The port to listen on belongs to another process. */
export class PortTakenError extends PanalError {
  constructor(readonly address: HostPort) {
    super({
      code: 'port_taken',
      message: `Another process listens on ${formatAddress(address)} already.`,
      action: `Choose another port, for example --listen ${formatAddress({ ...address, port: nextPort(address.port) })}, or stop the other process (ss -ltnp shows which).`,
      retryable: false,
    });
  }
}

function nextPort(port: number): number {
  return port < 65535 ? port + 1 : port - 1;
}

/** The system does not let this process listen there. */
export class ListenError extends PanalError {
  constructor(
    readonly address: HostPort,
    cause: NodeJS.ErrnoException,
  ) {
    super({
      code: 'listen_failed',
      message: `Cannot listen on ${formatAddress(address)} (${cause.code ?? cause.message}).`,
      action: 'Give --listen an address of this machine (0.0.0.0 for all) and a port from 1024.',
      retryable: false,
      cause,
    });
  }
}

/** What the usual failures to connect mean, for readers who do not know the codes by heart. */
const connectReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name cannot be looked up now',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to this network',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it closed the connection at once',
};

/** No connection came about: nobody listens there, no route, no such name, or no answer in time. */
export class ConnectError extends PanalError {
  constructor(
    readonly address: HostPort,
    reason: string,
    cause?: NodeJS.ErrnoException,
  ) {
    super({
      code: 'connect_failed',
      message: `Cannot reach ${formatAddress(address)}: ${connectReasons[cause?.code ?? ''] ?? reason}.`,
      action: 'Check that the server runs, that the address is right, and that a firewall lets the port through.',
      retryable: true,
      cause,
    });
  }
}

/** The other side did not finish the handshake in time. */
export class HandshakeTimeoutError extends PanalError {
  constructor(timeoutMs: number) {
    super({
      code: 'handshake_timeout',
      message: `The other side did not finish the handshake within ${timeoutMs} ms.`,
      action: 'Check that the port is one of Panal, and that the other side is not overloaded; then try again.',
      retryable: true,
    });
  }
}

/** The connection ended before the handshake did. */
export class HandshakeCutError extends PanalError {
  constructor(cause?: unknown) {
    super({
      code: 'handshake_cut',
      message: 'The other side closed the connection during the handshake.',
      action: 'Check that the port is one of Panal; the log of the other side says why it closed.',
      retryable: true,
      cause,
    });
  }
}

/** No answer within the time limit. The request may have taken effect all the same. */
export class RpcTimeoutError extends PanalError {
  constructor(
    readonly address: HostPort,
    readonly pattern: string,
    readonly timeoutMs: number,
  ) {
    super({
      code: 'rpc_timeout',
      message: `${formatAddress(address)} did not answer ${pattern} within ${timeoutMs} ms.`,
      action: 'Try again; if it repeats, look at the load and the log of that server.',
      retryable: true,
    });
  }
}

/** The connection was lost before the answer came. The request may have taken effect all the same. */
export class RpcDisconnectedError extends PanalError {
  constructor(
    readonly address: HostPort,
    reason: string,
    cause?: unknown,
  ) {
    super({
      code: 'rpc_disconnected',
      message: `The connection to ${formatAddress(address)} was lost: ${reason}.`,
      action: 'Try again: the connection is opened anew by itself.',
      retryable: true,
      cause,
    });
  }
}

/** As many requests are open as the limit allows. Nothing was sent, or nothing was done. */
export class RpcBusyError extends PanalError {
  constructor(readonly inFlightMax: number) {
    super({
      code: 'rpc_busy',
      message: `${inFlightMax} requests are open on this connection already.`,
      action: 'Wait for some of them to be answered, then try again.',
      retryable: true,
    });
  }
}

/** The server is going away and takes no more requests. */
export class RpcClosingError extends PanalError {
  constructor() {
    super({
      code: 'rpc_closing',
      message: 'The server is shutting down and takes no more requests.',
      action: 'Ask another server, or try again when this one is back.',
      retryable: true,
    });
  }
}

/** The caller closed the client, and then used it. */
export class RpcClientClosedError extends PanalError {
  constructor(readonly address: HostPort) {
    super({
      code: 'rpc_client_closed',
      message: `The client of ${formatAddress(address)} is closed.`,
      action: 'Make a new client.',
      retryable: false,
    });
  }
}

/** The caller gave up before the answer came. */
export class RpcAbortedError extends PanalError {
  constructor(
    readonly pattern: string,
    cause?: unknown,
  ) {
    super({
      code: 'rpc_aborted',
      message: `The caller gave up waiting for the answer to ${pattern}.`,
      action: 'Nothing to do: it was given up on purpose.',
      retryable: true,
      cause,
    });
  }
}

/** No handler has this pattern: the other side is older, newer, or of another role. */
export class RpcUnknownCommandError extends PanalError {
  constructor(readonly pattern: string) {
    super({
      code: 'rpc_unknown_command',
      message: `This server has no command ${pattern}.`,
      action: 'Check that the address is of the right kind of server and that both sides have the same version.',
      retryable: false,
    });
  }
}

/** The data of a message breaks its rules. */
export class MessageInvalidError extends PanalError {
  constructor(
    readonly fields: readonly string[],
    problems: readonly string[],
  ) {
    super({
      code: 'message_invalid',
      message: `The message is not valid: ${problems.join('; ')}.`,
      action: 'Correct the named fields; if a program of Panal sent it, both sides should have the same version.',
      retryable: false,
    });
  }
}

/** Why one tracker gave no answer. */
export interface TrackerFailure {
  readonly address: string;
  readonly reason: ErrorReport;
}

/** Not one tracker answered. */
export class NoTrackerError extends PanalError {
  constructor(readonly failures: readonly TrackerFailure[]) {
    const isConfigured = failures.length > 0;
    const reasons = failures.map(({ address, reason }) => `${address}: ${reason.message.replace(/\.$/, '')}`);
    super({
      code: 'no_tracker',
      message: isConfigured ? `No tracker answered. ${reasons.join('; ')}.` : 'No tracker is configured.',
      action: isConfigured
        ? 'Start a tracker (panal tracker), or name one that runs with --tracker HOST:PORT; it is tried again by itself.'
        : 'Name a tracker with --tracker HOST:PORT, or start everything with panal up.',
      retryable: isConfigured,
    });
  }
}

/** A tracker's answer is not what was asked for: it is faulty, or of another version. Its answer is not used. */
export class ReplyInvalidError extends PanalError {
  constructor(what: string) {
    super({
      code: 'reply_invalid',
      message: `The tracker's answer cannot be used: ${what}.`,
      action: 'Check that the tracker has the same version as this process.',
      retryable: false,
    });
  }
}

/** More trackers than one process talks to. */
export class TooManyTrackersError extends PanalError {
  constructor(count: number, countMax: number) {
    super({
      code: 'too_many_trackers',
      message: `${count} trackers are named; at most ${countMax} can be used.`,
      action: 'Name fewer of them with --tracker: any one knows the others.',
      retryable: false,
    });
  }
}

/** A message that no correct end of an RPC connection sends. The connection is closed. */
export class ProtocolViolationError extends PanalError {
  constructor(what: string) {
    super({
      code: 'protocol_violation',
      message: `The other side broke the protocol: ${what}.`,
      action:
        'The connection is closed and made again. If it repeats, check that both sides run releases that fit together.',
      retryable: true,
    });
  }
}

/** The other side asks and does not read the answers. The connection is closed. */
export class OutQueueFullError extends PanalError {
  constructor(sizeBytes: number) {
    super({
      code: 'out_queue_full',
      message: `${sizeBytes} bytes wait for the other side, which does not read them.`,
      action: 'Read the answers as they come, or ask for less at a time.',
      retryable: true,
    });
  }
}

/** Nothing was heard from the other side for too long. The connection is closed. */
export class SilentError extends PanalError {
  constructor(silenceMs: number) {
    super({
      code: 'silent',
      message: `Nothing was heard from the other side for ${Math.round(silenceMs)} ms.`,
      action: 'Check that the other process runs and that the network between lets it through.',
      retryable: true,
    });
  }
}

/** The caller named a message in a way no message is named. */
export class PatternInvalidError extends PanalError {
  constructor(readonly pattern: string) {
    super({
      code: 'pattern_invalid',
      message: `"${pattern}" names no message.`,
      action: 'Write endpoint.handler.command, for example tracker.peers.announce.',
      retryable: false,
    });
  }
}
