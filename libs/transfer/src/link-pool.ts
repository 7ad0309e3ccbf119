import type { Clock, Logger, Random, Timers } from '@panal/runtime';
import type { EngineEvent } from './engine-events.js';
import { DIAL_TIMEOUT_MS, DIALS_MAX, SOURCES_CONNECTED_MAX, SOURCES_KNOWN_MAX } from './limits.js';
import { LinkInbox } from './link-inbox.js';
import { type KnownAddress, PeerAddresses } from './peer-addresses.js';
import type { BlockRequest, DialedSource, SourceAddress, SourceDialer, SourceLink } from './source-link.js';

export interface LinkPoolOptions {
  readonly dialer: SourceDialer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** An address with this id is oneself. */
  readonly ownPeerId: string | undefined;
  readonly emit: (event: EngineEvent) => void;
  /** How much a peer is wanted, higher first; undefined: not now. */
  readonly scoreOf: (peerId: string, name: string) => number | undefined;
}

type Standing = 'idle' | 'dialling' | 'linked';

interface Peer {
  readonly peerId: string;
  readonly name: string;
  readonly addresses: PeerAddresses;
  standing: Standing;
  /** Where it was dialled last. */
  address: SourceAddress;
  /** Where the last link was made. */
  linkedAt: KnownAddress | undefined;
  link: SourceLink | undefined;
  /** Ends the dial, or makes the events of a link void. */
  abort: AbortController | undefined;
}

/** Whom the download could reach, and the links to those it did. Dials a bounded number at once, the best first. */
export class LinkPool {
  readonly #peers = new Map<string, Peer>();
  #diallingCount = 0;
  #linkedCount = 0;
  #isClosed = false;

  constructor(private readonly options: LinkPoolOptions) {}

  get isFull(): boolean {
    return this.#diallingCount + this.#linkedCount >= SOURCES_CONNECTED_MAX;
  }

  /** Whether somebody waits for a place. */
  get hasIdle(): boolean {
    return this.#peers.size > this.#diallingCount + this.#linkedCount;
  }

  get peers(): Iterable<Pick<Peer, 'peerId' | 'name' | 'address' | 'standing'>> {
    return this.#peers.values();
  }

  /** Addresses to dial when `dialMore` is called next. */
  learn(addresses: readonly SourceAddress[]): void {
    for (const address of addresses) {
      if (address.peerId !== this.options.ownPeerId) this.#learn(address);
    }
  }

  /** Dials whoever may be dialled while there is room. Cheap when there is nothing to do. */
  dialMore(): void {
    if (this.#isClosed || this.isFull || this.#diallingCount >= DIALS_MAX || !this.hasIdle) return;
    const candidates: { readonly peer: Peer; readonly score: number; readonly lot: number }[] = [];
    for (const peer of this.#peers.values()) {
      if (peer.standing !== 'idle') continue;
      const score = this.options.scoreOf(peer.peerId, peer.name);
      // Lots among equals: many peers that start together must not all dial the same few.
      if (score !== undefined) candidates.push({ peer, score, lot: this.options.random.below(2 ** 30) });
    }
    candidates.sort((a, b) => b.score - a.score || a.lot - b.lot);
    for (const { peer } of candidates) {
      if (this.isFull || this.#diallingCount >= DIALS_MAX) return;
      void this.#dial(peer);
    }
  }

  request(peerId: string, block: BlockRequest): void {
    this.#peers.get(peerId)?.link?.request(block);
  }

  cancel(peerId: string, requestId: number): void {
    this.#peers.get(peerId)?.link?.cancel(requestId);
  }

  drop(peerId: string, reason: string): void {
    const peer = this.#peers.get(peerId);
    const link = peer?.link;
    if (peer === undefined || link === undefined) return;
    this.#unlink(peer);
    link.close(reason);
  }

  /** What the peer sent is bad: whoever is at the address it was dialled at did it, and may not be that peer. */
  blame(peerId: string): void {
    const peer = this.#peers.get(peerId);
    if (peer?.linkedAt === undefined) return;
    const nowMs = this.options.clock.monotonicMs();
    peer.addresses.lied(peer.linkedAt, nowMs);
    if (peer.addresses.hasAllowed(nowMs)) this.options.emit({ kind: 'acquitted', source: peerId });
  }

  /** Closes a link that brings nothing when a better address of its peer is known. @returns Whether it did; no event follows. */
  leaveForBetter(peerId: string): boolean {
    const peer = this.#peers.get(peerId);
    if (peer?.linkedAt === undefined || peer.link === undefined) return false;
    if (!peer.addresses.hasBetterThan(peer.linkedAt, this.options.clock.monotonicMs())) return false;
    peer.addresses.disappointed(peer.linkedAt, false);
    this.drop(peerId, 'another address is tried');
    return true;
  }

  close(reason: string): void {
    this.#isClosed = true;
    for (const peer of this.#peers.values()) {
      if (peer.standing === 'dialling') peer.abort?.abort();
      this.drop(peer.peerId, reason);
    }
  }

  #learn(address: SourceAddress): void {
    const known = this.#peers.get(address.peerId);
    if (known === undefined) {
      const isClaimed = address.isClaimed === true;
      if (this.#peers.size >= SOURCES_KNOWN_MAX && !this.#forgetOne(isClaimed)) return;
      const { peerId, name } = address;
      const peer: Peer = {
        peerId,
        name,
        addresses: new PeerAddresses(),
        standing: 'idle',
        address,
        linkedAt: undefined,
        link: undefined,
        abort: undefined,
      };
      peer.addresses.learn(address);
      this.#peers.set(peerId, peer);
      return;
    }
    const isBanned = !known.addresses.hasAllowed(this.options.clock.monotonicMs());
    if (!known.addresses.learn(address) || known.standing !== 'idle') return;
    // It moved: what happened at the old address is no reason to wait. A ban is, when only the banned one says so.
    const isAcquitted = isBanned && address.isClaimed !== true;
    this.options.emit({ kind: isAcquitted ? 'acquitted' : 'forgiven', source: address.peerId });
  }

  /** The peer that is idle for longest makes room: one that is only claimed to be there, or any for one that is not. */
  #forgetOne(isForClaimed: boolean): boolean {
    let oldest: Peer | undefined;
    for (const peer of this.#peers.values()) {
      if (peer.standing !== 'idle') continue;
      if (peer.addresses.isClaimed) return this.#peers.delete(peer.peerId);
      oldest ??= peer;
    }
    return !isForClaimed && oldest !== undefined && this.#peers.delete(oldest.peerId);
  }

  /** Tries the addresses of a peer in turn until one answers. */
  async #dial(peer: Peer): Promise<void> {
    peer.standing = 'dialling';
    this.#diallingCount += 1;
    let failure: unknown;
    let isLinked = false;
    for (const known of peer.addresses.toDial(this.options.clock.monotonicMs())) {
      peer.address = known.address;
      const outcome = await this.#dialAddress(peer, known);
      isLinked = outcome.isLinked;
      failure = outcome.failure;
      if (isLinked || this.#isClosed) break;
      peer.addresses.disappointed(known, true);
    }
    this.#diallingCount -= 1;
    if (!isLinked) peer.standing = 'idle';
    if (this.#isClosed) return;
    if (!isLinked) this.options.emit({ kind: 'lost', source: peer.peerId, name: peer.name, reason: reasonOf(failure) });
    this.dialMore();
  }

  async #dialAddress(peer: Peer, known: KnownAddress): Promise<{ isLinked: boolean; failure?: unknown }> {
    const abort = new AbortController();
    peer.abort = abort;
    const inbox = new LinkInbox(
      peer.peerId,
      (event) => {
        if (event.kind === 'block') peer.addresses.delivered(known);
        this.options.emit(event);
      },
      (error) => this.#lost(peer, error),
    );
    const cancelTimer = this.options.timers.after(DIAL_TIMEOUT_MS, () => abort.abort());
    try {
      const dialled = await this.options.dialer.dial(known.address, inbox, abort.signal);
      if (abort.signal.aborted || this.#isClosed) {
        dialled.link.close('no longer wanted');
        return { isLinked: false, failure: new Error('it did not answer in time') };
      }
      this.#link(peer, known, dialled, inbox);
      return { isLinked: true };
    } catch (error) {
      this.options.logger.debug('A source could not be dialled.', { peer: peer.name, error });
      return { isLinked: false, failure: abort.signal.aborted ? new Error('it did not answer in time') : error };
    } finally {
      cancelTimer();
    }
  }

  #link(peer: Peer, known: KnownAddress, { link, have }: DialedSource, inbox: LinkInbox): void {
    const last = peer.linkedAt;
    const isElsewhere = last !== undefined && last.address !== known.address && (last.isClaimed || known.isClaimed);
    peer.linkedAt = known;
    peer.standing = 'linked';
    peer.link = link;
    this.#linkedCount += 1;
    peer.abort = new AbortController();
    this.options.emit({ kind: 'joined', source: peer.peerId, name: peer.name, have, isElsewhere });
    inbox.open(peer.abort.signal);
  }

  #lost(peer: Peer, error: Error): void {
    if (peer.link === undefined) return;
    this.#unlink(peer);
    this.options.emit({ kind: 'lost', source: peer.peerId, name: peer.name, reason: reasonOf(error) });
  }

  #unlink(peer: Peer): void {
    peer.abort?.abort();
    peer.link = undefined;
    peer.standing = 'idle';
    this.#linkedCount -= 1;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error || (typeof error === 'object' && error !== null && 'message' in error)
    ? String(error.message)
    : 'it was lost';
}
