import type { HostPort } from '@panal/runtime';
import type { PeerAddress, PeerIdentity } from '@panal/wire';
import { ExpiryQueue, type ExpiryTicket } from './expiry-queue.js';
import { KnownPeer } from './known-peer.js';
import type { PeerLease } from './peer-lease.js';
import { toHex } from './torrent-key.js';

/** How a claim would end; `holder` is the living peer that stands in the way. */
export type Claim =
  | { readonly kind: 'free'; readonly known: PeerLease | undefined; readonly isNewProcess: boolean }
  | { readonly kind: 'name-taken'; readonly holder: PeerLease }
  | { readonly kind: 'fenced'; readonly holder: PeerLease; readonly reason: 'newer process' | 'other address' };

interface Held {
  readonly peer: KnownPeer;
  ticket: ExpiryTicket<string> | undefined;
}

/** A peer came (`after` alone), went (`before` alone) or changed. */
export type LeaseListener = (id: string, before: PeerLease | undefined, after: PeerLease | undefined) => void;

/**
 * Who lives, under which id and name, and where: a view of the peer records, which every tracker keeps. Ids and names are
 * unique in the cluster, whatever the namespace.
 */
export class PeerDirectory {
  readonly #peers = new Map<string, Held>();
  /** Holders of a name, the oldest first: more than one only until the younger hears that it is taken. */
  readonly #byName = new Map<string, readonly PeerLease[]>();
  readonly #expiry = new ExpiryQueue<string>();

  constructor(private readonly onChange: LeaseListener) {}

  get size(): number {
    return this.#peers.size;
  }

  get(id: string): PeerLease | undefined {
    return this.#peers.get(id)?.peer.lease;
  }

  known(id: string): KnownPeer | undefined {
    return this.#peers.get(id)?.peer;
  }

  /**
   * Whether a peer may have its id and name. One process may move to another address; another process may take over the id
   * only at the address of the former one, which is how a restart differs from a copied data folder.
   * @param id The identity's id in hex, for a caller that has it already.
   */
  claim(identity: PeerIdentity, addresses: readonly PeerAddress[], id = toHex(identity.id)): Claim {
    const known = this.get(id);
    if (known !== undefined && identity.incarnation < known.incarnation) {
      return { kind: 'fenced', holder: known, reason: 'newer process' };
    }
    const isNewProcess = known === undefined || identity.incarnation > known.incarnation;
    if (known !== undefined && isNewProcess && !meet(known.addresses, addresses)) {
      return { kind: 'fenced', holder: known, reason: 'other address' };
    }
    const holder = this.#byName.get(identity.name)?.[0];
    if (holder !== undefined && holder.id !== id) return { kind: 'name-taken', holder };
    return { kind: 'free', known, isNewProcess };
  }

  /** Takes note of what the records say now. */
  learn(lease: PeerLease): void {
    const known = this.#peers.get(lease.id);
    const before = known?.peer.lease;
    if (known !== undefined) this.#drop(known);
    known?.peer.renew(lease);
    const held: Held = { peer: known?.peer ?? new KnownPeer(lease), ticket: undefined };
    if (Number.isFinite(lease.serveUntilMs)) held.ticket = this.#expiry.add(lease.id, lease.serveUntilMs);
    this.#peers.set(lease.id, held);
    const others = this.#byName.get(lease.name) ?? [];
    this.#byName.set(lease.name, [...others, lease].sort(older));
    this.onChange(lease.id, before, lease);
  }

  /** The peer is gone. @returns Whether it was there. */
  forget(id: string): boolean {
    const held = this.#peers.get(id);
    if (held === undefined) return false;
    this.#drop(held);
    held.peer.end();
    this.onChange(id, held.peer.lease, undefined);
    return true;
  }

  /** Forgets whom nobody spoke for until `nowMs` (wall clock). @returns How many. */
  expire(nowMs: number): number {
    if (!this.#expiry.hasDue(nowMs)) return 0;
    const due = this.#expiry.takeDue(nowMs);
    for (const id of due) this.forget(id);
    return due.length;
  }

  #drop({ peer: { lease }, ticket }: Held): void {
    if (ticket !== undefined) this.#expiry.cancel(ticket);
    this.#peers.delete(lease.id);
    const left = (this.#byName.get(lease.name) ?? []).filter(({ id }) => id !== lease.id);
    if (left.length === 0) this.#byName.delete(lease.name);
    else this.#byName.set(lease.name, left);
  }
}

/** Where a peer is: as it advertises, else as the tracker sees it. */
export function addressesOf(identity: PeerIdentity, observedHost: string): readonly PeerAddress[] {
  if (identity.addresses.length > 0) {
    return identity.addresses.map(({ network, host, port }) => ({ network, host, port }));
  }
  return [{ network: 'default', host: observedHost, port: identity.dataPort }];
}

/** Whether two lists are the same, in the same order. */
export function areSame(some: readonly PeerAddress[], others: readonly PeerAddress[]): boolean {
  if (some === others) return true;
  return (
    some.length === others.length &&
    some.every((one, at) => {
      const other = others[at];
      return one.host === other?.host && one.port === other.port && one.network === other.network;
    })
  );
}

/** Whether two lists have an address in common. */
export function meet(some: readonly HostPort[], others: readonly HostPort[]): boolean {
  return some.some((one) => others.some((other) => one.host === other.host && one.port === other.port));
}

/** Who claimed a name first keeps it; everywhere alike. */
function older(one: PeerLease, other: PeerLease): number {
  return one.since - other.since || (one.id < other.id ? -1 : 1);
}
