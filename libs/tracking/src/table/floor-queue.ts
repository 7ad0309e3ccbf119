import type { EntryRows } from './entry-rows.js';
import type { PeerRows } from './peer-rows.js';
import { NONE } from './slab.js';

/**
 * Peers whose floor has changed, and whose entries are not all where they belong yet. A peer may have thousands of entries,
 * and many peers come and go together when a tracker dies: all of them at once would hold the process for seconds.
 */
export class FloorQueue {
  /** Rows of peers, in the order in which they came. No more than there are peers. */
  readonly #waiting = new Set<number>();
  /** The one being worked on; what is linked before `#entry` came later, and was put where it belongs then. */
  #peer = NONE;
  #entry = NONE;

  constructor(
    private readonly peers: PeerRows,
    private readonly entries: EntryRows,
  ) {}

  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#peer === NONE;
  }

  /** The floor of the peer is another now: all its entries are to be looked at, again if need be. */
  add(peer: number): void {
    if (peer === this.#peer) this.#peer = NONE;
    this.#waiting.add(peer);
  }

  /** The row of the peer is gone. */
  forget(peer: number): void {
    this.#waiting.delete(peer);
    if (peer === this.#peer) this.#peer = NONE;
  }

  /** The entry is about to go. */
  leave(entry: number): void {
    if (this.#peer !== NONE && entry === this.#entry) this.#entry = this.entries.nextOfPeer(entry);
  }

  /** Calls `place` for the next entries. @returns For how many: `limit` at most. */
  take(limit: number, place: (entry: number) => void): number {
    let count = 0;
    for (; this.#next() && count < limit; count += 1) {
      const entry = this.#entry;
      this.#entry = this.entries.nextOfPeer(entry);
      place(entry);
    }
    return count;
  }

  /** @returns Whether there is an entry to be looked at. */
  #next(): boolean {
    for (;;) {
      if (this.#peer !== NONE && this.#entry !== NONE) return true;
      this.#peer = NONE;
      const [peer] = this.#waiting;
      if (peer === undefined) return false;
      this.#waiting.delete(peer);
      this.#peer = peer;
      this.#entry = this.peers.firstEntry(peer);
    }
  }
}
