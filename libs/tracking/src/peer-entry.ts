import type { PeerLease } from './peer-lease.js';

/** A living peer that has, or fetches, a torrent. */
export interface PeerSource {
  readonly lease: PeerLease;
  readonly isComplete: boolean;
  /** It is on a network of the asker, as far as those are known. */
  readonly isNear: boolean;
}
