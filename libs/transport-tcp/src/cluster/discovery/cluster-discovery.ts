import { type CancelTimer, formatAddress, type HostPort, type Logger, type Timers } from '@panal/runtime';
import { Beacon, type BeaconOptions } from './beacon.js';
import {
  DISCOVERY_ALONE_INTERVAL_MS,
  DISCOVERY_INTERVAL_MS,
  KNOWN_ADDRESSES_MAX,
  KNOWN_DELAY_MS,
} from './discovery-limits.js';
import { type ResolveName, SeedLookup } from './seed-lookup.js';

export interface ClusterDiscoveryOptions {
  /** Other trackers by address or by name; may name this one too. At most SEEDS_MAX. */
  readonly seeds: readonly HostPort[];
  /** What `onKnown` gave before the restart, if anything. */
  readonly known: readonly HostPort[];
  readonly timers: Timers;
  readonly logger: Logger;
  /**
   * Addresses of cluster ports where other trackers may be, and where no member is as of now. Nothing proves that they live,
   * or that they are not this tracker's own. May come again and again.
   */
  readonly onFound: (addresses: readonly HostPort[]) => void;
  /** Addresses to keep over a restart, those of now first. Comes a moment after they changed. */
  readonly onKnown: (addresses: readonly HostPort[]) => void;
  /** Undefined: no beacons. */
  readonly beacon?: Omit<BeaconOptions, 'logger' | 'onHeard'>;
  readonly resolve?: ResolveName;
}

/**
 * Finds other trackers: seeds, Docker's names, the addresses of before, and beacons. Every 5 s while this tracker is alone, then
 * each minute. It only finds: who is a member, and who no longer is, is not decided here.
 */
export class ClusterDiscovery {
  readonly #seeds: SeedLookup;
  readonly #beacon: Beacon | undefined;
  #known: readonly HostPort[];
  #members = new Set<string>();
  #cancelRound: CancelTimer | undefined;
  #cancelSave: CancelTimer | undefined;
  #isClosed = false;

  constructor(private readonly options: ClusterDiscoveryOptions) {
    const { seeds, known, logger, resolve, beacon } = options;
    this.#known = known.slice(0, KNOWN_ADDRESSES_MAX);
    const onFound = (addresses: readonly HostPort[]): void => this.#found(addresses);
    this.#seeds = new SeedLookup({ seeds, logger, onFound, ...(resolve === undefined ? {} : { resolve }) });
    if (beacon !== undefined) {
      this.#beacon = new Beacon({ ...beacon, logger, onHeard: (address) => this.#found([address]) });
    }
  }

  /** Begins to look. */
  async start(): Promise<void> {
    await this.#beacon?.start();
    this.#round();
  }

  /** Cluster addresses of the other members as of now, whenever they change. */
  setMembers(addresses: readonly HostPort[]): void {
    const wasAlone = this.#members.size === 0;
    this.#members = new Set(addresses.map(formatAddress));
    this.#remember(addresses);
    // The pace changes: the next round is due sooner or later than it was.
    if (wasAlone !== (this.#members.size === 0) && this.#cancelRound !== undefined) this.#schedule();
  }

  /** What the beacons do; undefined without any. */
  get beacon(): Pick<Beacon, 'isOn' | 'counters'> | undefined {
    return this.#beacon;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRound?.();
    this.#save();
    await this.#beacon?.close();
  }

  #round(): void {
    if (this.#isClosed) return;
    this.#schedule();
    // One that has others asks for names only: an address that leads to a tracker is a member's already, or was found dead.
    if (this.#members.size === 0) this.#found(this.#known);
    this.#seeds.look();
    this.#beacon?.send();
  }

  #schedule(): void {
    this.#cancelRound?.();
    const delayMs = this.#members.size === 0 ? DISCOVERY_ALONE_INTERVAL_MS : DISCOVERY_INTERVAL_MS;
    this.#cancelRound = this.options.timers.after(delayMs, () => this.#round());
  }

  #found(addresses: readonly HostPort[]): void {
    const unknown = unique(addresses).filter((address) => !this.#members.has(formatAddress(address)));
    if (unknown.length > 0 && !this.#isClosed) this.options.onFound(unknown);
  }

  /** Those of now first, then those of before as long as there is room: any of them may be the one that comes back. */
  #remember(addresses: readonly HostPort[]): void {
    const known = unique([...addresses, ...this.#known]).slice(0, KNOWN_ADDRESSES_MAX);
    const isSame = listOf(known) === listOf(this.#known);
    this.#known = known;
    if (isSame || this.#isClosed) return;
    this.#cancelSave ??= this.options.timers.after(KNOWN_DELAY_MS, () => this.#save());
  }

  #save(): void {
    if (this.#cancelSave === undefined) return;
    this.#cancelSave();
    this.#cancelSave = undefined;
    this.options.onKnown(this.#known);
  }
}

function unique(addresses: readonly HostPort[]): HostPort[] {
  return [...new Map(addresses.map((address) => [formatAddress(address), address])).values()];
}

function listOf(addresses: readonly HostPort[]): string {
  return addresses.map(formatAddress).join(' ');
}
