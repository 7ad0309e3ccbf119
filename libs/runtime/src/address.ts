import { PanalError } from './panal-error.js';

/** Where something listens. `host` is a name or an IP address without brackets; `port` is 0 to 65535 (0: any free port). */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** An address that cannot be understood. */
export class AddressError extends PanalError {
  constructor(text: string, reason: string) {
    super({
      code: 'address_invalid',
      message: `"${text}" is not an address: ${reason}.`,
      action: 'Write HOST:PORT, for example 192.0.2.7:5555, tracker-1:5555 or [2001:db8::7]:5555.',
      retryable: false,
    });
  }
}

/**
 * Reads `HOST:PORT`, `[IPv6]:PORT`, `HOST` or `:PORT`.
 * @param fallback What stands in for a missing host or port; a part that is missing in both is an error.
 * @throws AddressError
 */
export function parseAddress(text: string, fallback: Partial<HostPort> = {}): HostPort {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text.trim());
  if (match === null) throw new AddressError(text, 'an IPv6 address needs brackets, and a port is a number');
  const host = match[1] ?? match[2] ?? '';
  const port = match[3] === undefined ? fallback.port : Number(match[3]);
  if (host === '' && fallback.host === undefined) throw new AddressError(text, 'the host is missing');
  if (!/^[\w.:%-]*$/.test(host)) throw new AddressError(text, 'the host has a character no host has');
  if (port === undefined) throw new AddressError(text, 'the port is missing');
  if (port > 65535) throw new AddressError(text, 'a port is at most 65535');
  return { host: host === '' ? (fallback.host as string) : host, port };
}

/** `HOST:PORT`, with brackets round an IPv6 address. */
export function formatAddress({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
