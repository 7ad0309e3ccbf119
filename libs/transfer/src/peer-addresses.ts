import { ADDRESSES_PER_SOURCE_MAX } from './limits.js';
import { Penalty } from './penalty.js';
import type { SourceAddress } from './source-link.js';

/** What is known of one address of a peer. */
export interface KnownAddress {
  readonly address: SourceAddress;
  /** Nobody but whoever claims to be the peer named it. */
  readonly isClaimed: boolean;
}

interface Entry {
  readonly address: SourceAddress;
  isClaimed: boolean;
  /** Blocks came from there, and no dial failed since. */
  hasDelivered: boolean;
  /** The last dial failed, and nobody named it since. */
  hasFailed: boolean;
  readonly bans: Penalty;
}

/**
 * The addresses of one peer id. Who answers at an address may lie about being that peer, so each is judged by itself:
 * those that brought something are tried first, those that are only claimed last, and one bad chunk bans one address.
 */
export class PeerAddresses {
  /** Newest first. */
  readonly #entries: Entry[] = [];

  /** Whether nothing but claims is known of the peer. */
  get isClaimed(): boolean {
    return this.#entries.every(({ isClaimed }) => isClaimed);
  }

  /** @returns Whether it is new, and kept. */
  learn(address: SourceAddress): boolean {
    const isClaimed = address.isClaimed === true;
    const known = this.#entries.find((entry) => isSameAddress(entry.address, address));
    if (known !== undefined) {
      known.isClaimed &&= isClaimed;
      known.hasFailed = false;
      return false;
    }
    const entry = { address, isClaimed, hasDelivered: false, hasFailed: false, bans: new Penalty() };
    this.#entries.unshift(entry);
    if (this.#entries.length <= ADDRESSES_PER_SOURCE_MAX) return true;
    const worst = this.#byTrust().at(-1) as Entry;
    this.#entries.splice(this.#entries.indexOf(worst), 1);
    return worst !== entry;
  }

  /** In the order in which they should be tried. Banned ones are left out while there is another. */
  toDial(nowMs: number): KnownAddress[] {
    const allowed = this.#byTrust().filter(({ bans }) => bans.isOver(nowMs));
    return allowed.length > 0 ? allowed : this.#byTrust();
  }

  hasAllowed(nowMs: number): boolean {
    return this.#entries.some(({ bans }) => bans.isOver(nowMs));
  }

  /** Whether an address that others named could be tried in place of a claimed one that brings nothing. */
  hasBetterThan({ address, isClaimed }: KnownAddress, nowMs: number): boolean {
    return (
      isClaimed &&
      this.#entries.some(
        (entry) => entry.address !== address && !entry.isClaimed && !entry.hasFailed && entry.bans.isOver(nowMs),
      )
    );
  }

  delivered({ address }: KnownAddress): void {
    const entry = this.#find(address);
    if (entry !== undefined) entry.hasDelivered = true;
  }

  /** It brings nothing; `hasFailed`: it could not be dialled. */
  disappointed({ address }: KnownAddress, hasFailed: boolean): void {
    const entry = this.#find(address);
    if (entry === undefined) return;
    entry.hasDelivered = false;
    entry.hasFailed = hasFailed;
  }

  lied({ address }: KnownAddress, nowMs: number): void {
    const entry = this.#find(address);
    if (entry === undefined) return;
    entry.hasDelivered = false;
    entry.bans.punish('bad-chunk', nowMs);
  }

  #find(address: SourceAddress): Entry | undefined {
    return this.#entries.find((entry) => entry.address === address);
  }

  #byTrust(): Entry[] {
    return [...this.#entries].sort(
      (a, b) => Number(b.hasDelivered) - Number(a.hasDelivered) || Number(a.isClaimed) - Number(b.isClaimed),
    );
  }
}

function isSameAddress(a: SourceAddress, b: SourceAddress): boolean {
  return a.host === b.host && a.port === b.port;
}
