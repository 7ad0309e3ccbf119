import { isIPv6 } from 'node:net';
import { type Clock, formatAddress, type HostPort, type Logger, PanalError } from '@panal/runtime';
import { HandshakeError, HandshakeInvalidError, TicketRefusedError } from '@panal/wire';
import { HandshakeCutError } from './errors.js';
import {
  REFUSAL_LOG_BURST,
  REFUSAL_LOG_INTERVAL_MS,
  REFUSAL_RECOVERY_MS,
  REFUSAL_SOURCES_MAX,
  REFUSALS_MAX,
} from './limits.js';
import { TokenBucket } from './token-bucket.js';

export interface HandshakeGateOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What was refused, as the log says it: a constant sentence. */
  readonly message: string;
}

/** Of a source that was shut out, in counts. */
const RATE_LIMITED = 'rate_limited';

/**
 * Counts the handshakes of one port that were refused, by reason, writes a bounded number of them to the log, and shuts out
 * for a while who fails again and again: each failure costs a proof, perhaps a signature to check.
 */
export class HandshakeGate {
  readonly #counts = new Map<string, number>();
  /** Failures that are left to each source, those heard of longest ago first. */
  readonly #sources = new Map<string, TokenBucket>();
  readonly #log: TokenBucket;
  #unloggedCount = 0;

  constructor(private readonly options: HandshakeGateOptions) {
    this.#log = new TokenBucket({ sizeMax: REFUSAL_LOG_BURST, refillMs: REFUSAL_LOG_INTERVAL_MS });
  }

  /** Refused so far, by reason. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  get sourceCount(): number {
    return this.#sources.size;
  }

  /** Whether a new connection from `host` is worth a handshake; one that is not is counted. */
  isOpenTo(host: string): boolean {
    const isOpen = this.#sources.get(sourceOf(host))?.hasAny(this.options.clock.monotonicMs()) ?? true;
    if (!isOpen) this.count(RATE_LIMITED);
    return isOpen;
  }

  /** A handshake came to nothing. */
  refused(error: unknown, remote: HostPort): void {
    const reason = reasonOf(error);
    this.count(reason);
    // Trackers look whether a port can be reached, and health checks whether it is open: they say nothing and go.
    if (!(error instanceof HandshakeCutError)) this.#charge(sourceOf(remote.host));
    this.#write(error, reason, remote);
  }

  count(reason: string): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  #charge(source: string): void {
    const known = this.#sources.get(source);
    const bucket = known ?? new TokenBucket({ sizeMax: REFUSALS_MAX, refillMs: REFUSAL_RECOVERY_MS });
    bucket.take(this.options.clock.monotonicMs());
    this.#sources.delete(source);
    const [oldest] = this.#sources.keys();
    if (oldest !== undefined && this.#sources.size >= REFUSAL_SOURCES_MAX) this.#sources.delete(oldest);
    this.#sources.set(source, bucket);
  }

  /** A port scan or a health check is no news; a member of another cluster, or one with an old key, is. */
  #write(error: unknown, code: string, remote: HostPort): void {
    const { clock, logger, message } = this.options;
    const isMember = error instanceof HandshakeError && !(error instanceof HandshakeInvalidError);
    const fields = { remote: formatAddress(remote), code };
    if (!isMember) return logger.debug(message, { ...fields, error });
    if (!this.#log.take(clock.monotonicMs())) {
      this.#unloggedCount += 1;
      return;
    }
    const unlogged = this.#unloggedCount > 0 ? { unloggedCount: this.#unloggedCount } : {};
    this.#unloggedCount = 0;
    logger.warn(message, { ...fields, reason: error.message, ...unlogged });
  }
}

/** Of a closed set: never anything the other side said. */
function reasonOf(error: unknown): string {
  if (error instanceof TicketRefusedError && error.reason !== undefined)
    return `ticket_${error.reason.replaceAll(' ', '_')}`;
  return error instanceof PanalError ? error.code : 'internal';
}

/** IPv4 addresses by themselves, IPv6 addresses by the network that one machine has all of. */
function sourceOf(host: string): string {
  if (!isIPv6(host)) return host;
  const [head = '', tail] = (host.split('%')[0] ?? '').split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0');
  return [...first, ...zeros, ...last].slice(0, 4).join(':');
}
