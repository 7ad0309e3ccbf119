import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HostPort, Timers } from '@panal/runtime';
import { ConnectError } from '../errors.js';

export interface DialOptions {
  readonly timers: Timers;
  /** In ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Opens a connection ready for the handshake: plain TCP, or TLS once its own handshake is done. @throws ConnectError */
export type Dial = (address: HostPort, options: DialOptions) => Promise<Duplex>;

export const dialTcp: Dial = (address, { timers, timeoutMs, signal }) =>
  new Promise((resolve, reject) => {
    const socket = connect({ ...address, noDelay: true });
    const end = (): void => {
      cancelTimeout();
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (reason: string, cause?: Error): void => {
      end();
      socket.destroy();
      reject(new ConnectError(address, reason, cause));
    };
    const onAbort = (): void => fail('the attempt was given up');
    const cancelTimeout = timers.after(timeoutMs, () => fail(`it does not answer within ${timeoutMs} ms`));
    signal.addEventListener('abort', onAbort, { once: true });
    // Stays for good: an error between this moment and the next owner's first listener must not end the process.
    socket.on('error', (error) => fail(error.message, error));
    socket.once('connect', () => {
      end();
      resolve(socket);
    });
    if (signal.aborted) onAbort();
  });
