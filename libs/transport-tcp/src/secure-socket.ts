import type { Duplex } from 'node:stream';
import type { Random, Timers } from '@panal/runtime';
import {
  type ClientCredentials,
  ClientHandshake,
  HandshakeError,
  type HandshakeOptions,
  type HandshakeStep,
  type HelloIdentity,
  type HelloPurpose,
  type ServerCredentials,
  ServerHandshake,
  type Session,
  type VersionRange,
} from '@panal/wire';
import { HandshakeCutError, HandshakeTimeoutError } from './errors.js';
import { LINGER_TIMEOUT_MS } from './limits.js';

export interface SecureOptions<Credentials = ClientCredentials & ServerCredentials> {
  readonly identity: HelloIdentity;
  /** The cluster's secret, 32 bytes, or credentials. */
  readonly secret: Buffer | Credentials;
  readonly random: Random;
  readonly timers: Timers;
  readonly purpose: HelloPurpose;
  /** Versions of the protocol it says it speaks; SUPPORTED_VERSIONS unless said otherwise. */
  readonly versions?: VersionRange | undefined;
  /** From now to the end of the handshake, in ms. */
  readonly timeoutMs: number;
  /** Largest record body on this connection; the default of `@panal/wire` unless said otherwise. */
  readonly recordSizeMax?: number;
  /**
   * Where the bytes come from, if not from the stream's 'data' events (a socket made with `onread` has none): takes the
   * listener, returns what ends it.
   */
  readonly source?: (onData: (chunk: Buffer) => void) => () => void;
}

/** An agreed connection. */
export interface Secured {
  readonly session: Session;
  /** What came behind the handshake: the first bytes for `session.opener`. The receiver's own. */
  readonly rest: Buffer;
}

/** Runs the handshake of the side that dialled, over an open connection. See `secure`. */
export async function secureClient(stream: Duplex, options: SecureOptions<ClientCredentials>): Promise<Secured> {
  const handshake = begun(stream, () => new ClientHandshake(handshakeOptions(options)));
  stream.write(handshake.start());
  return secure(stream, handshake, options);
}

/** Runs the handshake of the side that listens, over an accepted connection. See `secure`. */
export function secureServer(stream: Duplex, options: SecureOptions<ServerCredentials>): Promise<Secured> {
  return secure(stream, new ServerHandshake(handshakeOptions(options)), options);
}

/**
 * Ends a connection: what was written still goes out, and what still comes in is thrown away, because a socket closed over
 * unread bytes resets the connection and the other side never reads why. After LINGER_TIMEOUT_MS it is destroyed.
 */
export function endStream(stream: Duplex, timers: Timers): void {
  if (stream.destroyed) return;
  const cancel = timers.after(LINGER_TIMEOUT_MS, () => stream.destroy());
  stream.once('close', cancel);
  stream.on('error', ignore);
  stream.end();
  stream.resume();
}

interface Handshake {
  receive(chunk: Buffer): HandshakeStep;
}

/**
 * Plain sockets and TLS sockets alike. Resolves with the stream paused and without listeners, save one that keeps a late
 * error from crashing the process: the new owner listens, looks at `stream.destroyed`, and resumes.
 * @throws HandshakeError, HandshakeTimeoutError, HandshakeCutError; the stream is then closed, or about to be.
 */
function secure(
  stream: Duplex,
  handshake: Handshake,
  { timers, timeoutMs, source }: Pick<SecureOptions, 'timers' | 'timeoutMs' | 'source'>,
): Promise<Secured> {
  return new Promise((resolve, reject) => {
    const detach = (): void => {
      cancelTimeout();
      endSource();
      stream.off('end', onCut);
      stream.off('close', onCut);
      stream.off('error', onCut);
      stream.on('error', ignore);
    };
    const fail = (error: Error): void => {
      detach();
      // Only who speaks our protocol is told what is wrong, and given the time to read it.
      if (error instanceof HandshakeError && error.reply !== undefined) {
        stream.write(error.reply);
        endStream(stream, timers);
      } else stream.destroy();
      reject(error);
    };
    const onCut = (error?: unknown): void => fail(new HandshakeCutError(error));
    const onData = (chunk: Buffer): void => {
      try {
        const step = handshake.receive(chunk);
        if (step.kind === 'send') stream.write(step.bytes);
        if (step.kind !== 'done') return;
        if (step.send !== undefined) stream.write(step.send);
        detach();
        stream.pause();
        resolve({ session: step.session, rest: Buffer.from(step.rest) });
      } catch (error) {
        fail(error as Error);
      }
    };
    const cancelTimeout = timers.after(timeoutMs, () => fail(new HandshakeTimeoutError(timeoutMs)));
    const endSource = (source ?? dataEventsOf(stream))(onData);
    stream.once('end', onCut);
    stream.once('close', onCut);
    stream.once('error', onCut);
    if (stream.destroyed) onCut();
  });
}

/** A side that has nothing to show does not begin. */
function begun<H>(stream: Duplex, begin: () => H): H {
  try {
    return begin();
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

function dataEventsOf(stream: Duplex): NonNullable<SecureOptions['source']> {
  return (onData) => {
    stream.on('data', onData);
    return () => void stream.off('data', onData);
  };
}

function handshakeOptions<C>({
  identity,
  secret,
  random,
  purpose,
  versions,
  recordSizeMax,
}: SecureOptions<C>): HandshakeOptions<C> {
  const named = versions === undefined ? {} : { versions };
  return { identity, secret, random, purpose, ...named, ...(recordSizeMax === undefined ? {} : { recordSizeMax }) };
}

function ignore(): void {
  // Nothing to do: whoever cares listens for 'close'.
}
