import { formatAddress, type HostPort } from '@panal/runtime';
import { HttpListenError } from './errors.js';

const REASONS: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  EADDRINUSE: ['port_taken', 'another process listens there already'],
  EACCES: ['listen_failed', 'this user may not use the port'],
  EADDRNOTAVAIL: ['listen_failed', 'this machine does not have the address'],
  ENOTFOUND: ['listen_failed', 'no address is known for the host'],
  EAI_AGAIN: ['listen_failed', 'the name service does not answer'],
};

/**
 * What a failed `listen` of the HTTP interface means, named so that the reader can act.
 * @param flag The option that chose the address, for example `--http`.
 * @returns The error itself when it is none of a listening socket.
 */
export function httpListenError(cause: unknown, address: HostPort, flag: string): unknown {
  const [code, reason] = REASONS[String((cause as { code?: unknown } | null | undefined)?.code)] ?? [];
  if (code === undefined || reason === undefined) return cause;
  return new HttpListenError(formatAddress(address), { code, reason, flag, cause });
}
