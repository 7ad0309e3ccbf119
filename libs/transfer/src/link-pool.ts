import type { Logger, Random, Timers } from '@panal/runtime';
import type { EngineEvent } from './engine-events.js';
import {
  ADDRESSES_PER_SOURCE_MAX,
  DIAL_TIMEOUT_MS,
  DIALS_MAX,
  SOURCES_CONNECTED_MAX,
  SOURCES_KNOWN_MAX,
} from './limits.js';
import { LinkInbox } from './link-inbox.js';
import type { BlockRequest, DialedSource, SourceAddress, SourceDialer, SourceLink } from './source-link.js';

export interface LinkPoolOptions {
  readonly dialer: SourceDialer;
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
  readonly addresses: SourceAddress[];
  standing: Standing;
  /** Where it was dialled last. */
  address: SourceAddress;
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
      if (this.#peers.size >= SOURCES_KNOWN_MAX && !this.#forgetOne()) return;
      const { peerId, name } = address;
      const peer: Peer = {
        peerId,
        name,
        addresses: [address],
        standing: 'idle',
        address,
        link: undefined,
        abort: undefined,
      };
      this.#peers.set(peerId, peer);
      return;
    }
    if (known.addresses.some((other) => isSameAddress(other, address))) return;
    known.addresses.unshift(address);
    known.addresses.splice(ADDRESSES_PER_SOURCE_MAX);
    // It moved: what happened at the old address is no reason to wait.
    if (known.standing === 'idle') this.options.emit({ kind: 'forgiven', source: address.peerId });
  }

  /** The peer that is idle for longest makes room. */
  #forgetOne(): boolean {
    for (const peer of this.#peers.values()) {
      if (peer.standing === 'idle') return this.#peers.delete(peer.peerId);
    }
    return false;
  }

  /** Tries the addresses of a peer in turn until one answers. */
  async #dial(peer: Peer): Promise<void> {
    peer.standing = 'dialling';
    this.#diallingCount += 1;
    let failure: unknown;
    let isLinked = false;
    for (const address of peer.addresses.slice()) {
      peer.address = address;
      const outcome = await this.#dialAddress(peer, address);
      isLinked = outcome.isLinked;
      failure = outcome.failure;
      if (isLinked || this.#isClosed) break;
    }
    this.#diallingCount -= 1;
    if (!isLinked) peer.standing = 'idle';
    if (this.#isClosed) return;
    if (!isLinked) this.options.emit({ kind: 'lost', source: peer.peerId, name: peer.name, reason: reasonOf(failure) });
    this.dialMore();
  }

  async #dialAddress(peer: Peer, address: SourceAddress): Promise<{ isLinked: boolean; failure?: unknown }> {
    const abort = new AbortController();
    peer.abort = abort;
    const inbox = new LinkInbox(
      peer.peerId,
      (event) => this.options.emit(event),
      (error) => this.#lost(peer, error),
    );
    const cancelTimer = this.options.timers.after(DIAL_TIMEOUT_MS, () => abort.abort());
    try {
      const dialled = await this.options.dialer.dial(address, inbox, abort.signal);
      if (abort.signal.aborted || this.#isClosed) {
        dialled.link.close('no longer wanted');
        return { isLinked: false, failure: new Error('it did not answer in time') };
      }
      this.#link(peer, dialled, inbox);
      return { isLinked: true };
    } catch (error) {
      this.options.logger.debug('A source could not be dialled.', { peer: peer.name, error });
      return { isLinked: false, failure: abort.signal.aborted ? new Error('it did not answer in time') : error };
    } finally {
      cancelTimer();
    }
  }

  #link(peer: Peer, { link, have }: DialedSource, inbox: LinkInbox): void {
    peer.standing = 'linked';
    peer.link = link;
    this.#linkedCount += 1;
    peer.abort = new AbortController();
    this.options.emit({ kind: 'joined', source: peer.peerId, name: peer.name, have });
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

function isSameAddress(a: SourceAddress, b: SourceAddress): boolean {
  return a.host === b.host && a.port === b.port;
}

function reasonOf(error: unknown): string {
  return error instanceof Error || (typeof error === 'object' && error !== null && 'message' in error)
    ? String(error.message)
    : 'it was lost';
}
