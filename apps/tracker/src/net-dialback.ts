import { connect } from 'node:net';
import type { HostPort } from '@panal/runtime';
import type { Dialback, DialbackOutcome } from '@panal/tracking';

/** Opens a TCP connection and closes it at once. */
export class NetDialback implements Dialback {
  dial({ host, port }: HostPort, timeoutMs: number): Promise<DialbackOutcome> {
    return new Promise((resolve) => {
      const socket = connect({ host, port });
      const end = (outcome: DialbackOutcome): void => {
        socket.destroy();
        resolve(outcome);
      };
      // The first outcome counts: a promise resolves once.
      socket.setTimeout(timeoutMs, () => end('unreachable'));
      socket.on('connect', () => end('reachable'));
      socket.on('error', (error: NodeJS.ErrnoException) => {
        end(error.code === 'ECONNREFUSED' ? 'refused' : 'unreachable');
      });
    });
  }
}
