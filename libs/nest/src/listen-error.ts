import { formatAddress, type HostPort } from '@panal/runtime';
import { AddressUnusableError, PortTakenError } from './errors.js';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not use the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'no address is known for the host',
  EAI_AGAIN: 'the name service does not answer',
};

/**
 * What a failed `listen` means, named so that the reader can act.
 * @param flag The option that chose the address, for example `--listen`.
 * @returns The error itself when it is none of a listening socket.
 */
export function listenError(error: unknown, address: HostPort, flag: string): unknown {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  if (code === 'EADDRINUSE') return new PortTakenError(formatAddress(address), flag, error);
  const reason = typeof code === 'string' ? REASONS[code] : undefined;
  return reason === undefined ? error : new AddressUnusableError(formatAddress(address), flag, reason, error);
}
