import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { HostPort, Logger } from '@panal/runtime';
import { NAME_ADDRESSES_MAX, SEEDS_MAX } from './discovery-limits.js';

/** All addresses of a host name. @throws when there are none now */
export type ResolveName = (host: string) => Promise<readonly string[]>;

export interface SeedLookupOptions {
  /** Trackers by address or by name; a name may have many addresses, as `tasks.<service>` has in a Docker Swarm. */
  readonly seeds: readonly HostPort[];
  /** The system's lookup unless said otherwise. */
  readonly resolve?: ResolveName;
  readonly logger: Logger;
  readonly onFound: (addresses: readonly HostPort[]) => void;
}

/** Where the trackers are that this one was told of. */
export class SeedLookup {
  readonly #seeds: readonly HostPort[];
  /** Names being looked up: a name server that hangs is not asked again meanwhile. */
  readonly #asking = new Set<HostPort>();
  /** Names that could not be looked up the last time, so that each outage is told once. */
  readonly #failed = new Set<HostPort>();

  constructor(private readonly options: SeedLookupOptions) {
    this.#seeds = options.seeds.slice(0, SEEDS_MAX);
    if (options.seeds.length > SEEDS_MAX) options.logger.warn('Some seeds are left out.', { seedCountMax: SEEDS_MAX });
  }

  /** Reports each seed as soon as its addresses are known. Never throws; names that fail are asked for again next time. */
  look(): void {
    const addresses = this.#seeds.filter(({ host }) => isIP(host) !== 0);
    if (addresses.length > 0) this.options.onFound(addresses);
    for (const seed of this.#seeds) if (isIP(seed.host) === 0 && !this.#asking.has(seed)) void this.#ask(seed);
  }

  /** Never rejects. */
  async #ask(seed: HostPort): Promise<void> {
    this.#asking.add(seed);
    try {
      const hosts = await (this.options.resolve ?? resolveAll)(seed.host);
      this.#failed.delete(seed);
      this.options.onFound(hosts.slice(0, NAME_ADDRESSES_MAX).map((host) => ({ host, port: seed.port })));
    } catch (error) {
      const level = this.#failed.has(seed) ? 'debug' : 'info';
      this.#failed.add(seed);
      this.options.logger[level]('The name of a seed cannot be looked up now.', { host: seed.host, error });
    } finally {
      this.#asking.delete(seed);
    }
  }
}

/** The system's own way, which knows the hosts file and Docker's name server alike. */
async function resolveAll(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, verbatim: false });
  return found.map(({ address }) => address);
}
