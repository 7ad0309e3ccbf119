import type { HostPort } from '@panal/runtime';
import type { PeerAddress, PeerIdentity } from '@panal/wire';
import { TrackerFullError } from './errors.js';
import { ExpiryQueue, type ExpiryTicket } from './expiry-queue.js';
import { toHex } from './torrent-key.js';

/** Whether a peer that advertises nothing answers at the address the tracker saw. */
export type Reachability =
  | { readonly kind: 'advertised' | 'unknown' | 'pending' | 'reachable' }
  | { readonly kind: 'unreachable'; readonly checkedAtMs: number };

/** A living peer: its right to its id and name, until it was silent for too long. */
export interface PeerLease {
  /** Peer id in hex. */
  readonly id: string;
  readonly name: string;
  readonly incarnation: number;
  /** As advertised, else the one address the tracker saw. Never empty. */
  readonly addresses: readonly PeerAddress[];
  readonly reachability: Reachability;
  /** When it was last heard from, monotonic. */
  readonly heardAtMs: number;
}

/** How a claim ended; `holder` is the living peer that stands in the way. */
export type Claim =
  | { readonly kind: 'held'; readonly lease: PeerLease; readonly isNewProcess: boolean }
  | { readonly kind: 'name-taken'; readonly holder: PeerLease }
  | { readonly kind: 'fenced'; readonly holder: PeerLease; readonly reason: 'newer process' | 'other address' };

export interface ClaimRequest {
  readonly identity: PeerIdentity;
  /** The address the announce came from. */
  readonly observedHost: string;
  readonly nowMs: number;
}

interface Held extends PeerLease {
  name: string;
  incarnation: number;
  addresses: readonly PeerAddress[];
  reachability: Reachability;
  heardAtMs: number;
  ticket: ExpiryTicket<Held> | undefined;
}

/** Who lives, under which id and name, and where. Ids and names are unique in the cluster, whatever the namespace. */
export class PeerDirectory {
  readonly #peers = new Map<string, Held>();
  readonly #byName = new Map<string, Held>();
  readonly #expiry = new ExpiryQueue<Held>();

  constructor(private readonly options: { readonly peerTtlMs: number; readonly peerCountMax: number }) {}

  get size(): number {
    return this.#peers.size;
  }

  get(id: string): PeerLease | undefined {
    return this.#peers.get(id);
  }

  /**
   * Takes or renews the right to an id and a name. One process may move to another address; another process may take
   * over the id only at the address of the former one, which is how a restart differs from a copied data folder.
   * @throws TrackerFullError
   */
  claim({ identity, observedHost, nowMs }: ClaimRequest): Claim {
    const id = toHex(identity.id);
    const addresses = addressesOf(identity, observedHost);
    const known = this.#peers.get(id);
    if (known !== undefined && identity.incarnation < known.incarnation) {
      return { kind: 'fenced', holder: known, reason: 'newer process' };
    }
    const isNewProcess = known === undefined || identity.incarnation > known.incarnation;
    if (known !== undefined && isNewProcess && !meet(known.addresses, addresses)) {
      return { kind: 'fenced', holder: known, reason: 'other address' };
    }
    const namesake = this.#byName.get(identity.name);
    if (namesake !== undefined && namesake !== known) return { kind: 'name-taken', holder: namesake };

    const lease = known ?? this.#add(id, nowMs);
    if (lease.name !== identity.name) this.#rename(lease, identity.name);
    lease.incarnation = identity.incarnation;
    this.#move(lease, addresses, identity.addresses.length > 0);
    this.#renew(lease, nowMs);
    return { kind: 'held', lease, isNewProcess };
  }

  /** A sign of life. @returns Undefined when the peer must announce first: it is unknown, or a newer process than known. */
  renew(id: string, incarnation: number, nowMs: number): Claim | undefined {
    const known = this.#peers.get(id);
    if (known === undefined || incarnation > known.incarnation) return undefined;
    if (incarnation < known.incarnation) return { kind: 'fenced', holder: known, reason: 'newer process' };
    this.#renew(known, nowMs);
    return { kind: 'held', lease: known, isNewProcess: false };
  }

  /** Notes how a dial-back went, unless the peer has moved since. */
  setReachability(id: string, address: HostPort, reachability: Reachability): void {
    const known = this.#peers.get(id);
    if (known !== undefined && meet(known.addresses, [address])) known.reachability = reachability;
  }

  /** Ends a lease before its time. */
  release(id: string): PeerLease | undefined {
    const known = this.#peers.get(id);
    if (known === undefined) return undefined;
    if (known.ticket !== undefined) this.#expiry.cancel(known.ticket);
    this.#forget(known);
    return known;
  }

  /** Forgets and returns the peers that were silent for `peerTtlMs`. */
  expire(nowMs: number): readonly PeerLease[] {
    const silent = this.#expiry.takeDue(nowMs);
    for (const lease of silent) this.#forget(lease);
    return silent;
  }

  #add(id: string, nowMs: number): Held {
    if (this.#peers.size >= this.options.peerCountMax) throw new TrackerFullError('peers', this.options.peerCountMax);
    const lease: Held = {
      id,
      name: '',
      incarnation: 0,
      addresses: [],
      reachability: { kind: 'unknown' },
      heardAtMs: nowMs,
      ticket: undefined,
    };
    lease.ticket = this.#expiry.add(lease, nowMs + this.options.peerTtlMs);
    this.#peers.set(id, lease);
    return lease;
  }

  #rename(lease: Held, name: string): void {
    if (this.#byName.get(lease.name) === lease) this.#byName.delete(lease.name);
    lease.name = name;
    this.#byName.set(name, lease);
  }

  /** What was found out about an address holds for that address only. */
  #move(lease: Held, addresses: readonly PeerAddress[], isAdvertised: boolean): void {
    if (isAdvertised) lease.reachability = { kind: 'advertised' };
    else if (lease.reachability.kind === 'advertised' || !meet(lease.addresses, addresses)) {
      lease.reachability = { kind: 'unknown' };
    }
    lease.addresses = addresses;
  }

  #renew(lease: Held, nowMs: number): void {
    lease.heardAtMs = nowMs;
    if (lease.ticket !== undefined) this.#expiry.move(lease.ticket, nowMs + this.options.peerTtlMs);
  }

  #forget(lease: Held): void {
    this.#peers.delete(lease.id);
    if (this.#byName.get(lease.name) === lease) this.#byName.delete(lease.name);
  }
}

function addressesOf(identity: PeerIdentity, observedHost: string): readonly PeerAddress[] {
  if (identity.addresses.length > 0) {
    return identity.addresses.map(({ network, host, port }) => ({ network, host, port }));
  }
  return [{ network: 'default', host: observedHost, port: identity.dataPort }];
}

function meet(some: readonly HostPort[], others: readonly HostPort[]): boolean {
  return some.some((one) => others.some((other) => one.host === other.host && one.port === other.port));
}
