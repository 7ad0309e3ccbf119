import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Clock } from '@panal/runtime';
import { ADDRESS_CACHE_MAX, ADDRESS_FRESH_MS, ADDRESS_WAITING_MAX } from './cluster-limits.js';

/** The first address of a host name. */
export type FindAddress = (host: string, done: (error: Error | null, address: string) => void) => void;

type Found = (address: string | Error) => void;

interface Entry {
  address: string | undefined;
  askedAtMs: number;
  isAsking: boolean;
  waiting: Found[];
}

/**
 * Addresses of host names, for datagrams: the system's lookup takes a thread of a small pool, and gossip would ask it for each
 * datagram. A known address is used at once and asked for again behind it; so one that moved is found within ADDRESS_FRESH_MS
 * and a slow name server holds nothing up.
 */
export class AddressCache {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly clock: Clock,
    private readonly findAddress: FindAddress = findFirstAddress,
  ) {}

  /** @param found Called once, at once if the address is known; with an error if there is none, or too many wait for it. */
  find(host: string, found: Found): void {
    if (isIP(host) !== 0) return found(host);
    const entry = this.#entries.get(host) ?? this.#add(host);
    const isStale = this.clock.monotonicMs() - entry.askedAtMs >= ADDRESS_FRESH_MS;
    if (isStale && !entry.isAsking) this.#ask(host, entry);
    if (entry.address !== undefined) found(entry.address);
    else if (!entry.isAsking) found(new Error(`no address of ${host} is known`));
    else if (entry.waiting.length >= ADDRESS_WAITING_MAX) found(new Error(`too many wait for the address of ${host}`));
    else entry.waiting.push(found);
  }

  #add(host: string): Entry {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= ADDRESS_CACHE_MAX) this.#entries.delete(oldest);
    const entry = { address: undefined, askedAtMs: Number.NEGATIVE_INFINITY, isAsking: false, waiting: [] };
    this.#entries.set(host, entry);
    return entry;
  }

  #ask(host: string, entry: Entry): void {
    entry.isAsking = true;
    entry.askedAtMs = this.clock.monotonicMs();
    this.findAddress(host, (error, address) => {
      entry.isAsking = false;
      // An address that was good is kept while the name server is silent.
      if (error === null) entry.address = address;
      for (const found of entry.waiting.splice(0)) found(entry.address ?? error ?? new Error(`${host} has no address`));
    });
  }
}

/** IPv4 first: an IPv6 socket reaches it too, and not the other way round. */
function findFirstAddress(host: string, done: Parameters<FindAddress>[1]): void {
  lookup(host, { verbatim: false }, done);
}
