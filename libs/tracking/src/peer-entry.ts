import type { PeerLease } from './peer-directory.js';

/** That one peer has, or fetches, one torrent. Where the peer lives is in its lease. */
export interface PeerEntry {
  readonly isComplete: boolean;
  readonly chunksDone: number;
}

/** An entry with the peer behind it. */
export interface PeerSource {
  readonly lease: PeerLease;
  readonly isComplete: boolean;
}
