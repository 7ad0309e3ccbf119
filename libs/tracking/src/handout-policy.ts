import type { PeerSource } from './peer-entry.js';

export interface HandoutRequest {
  /**
   * Living peers of the torrent that can be dialled, without the asker: complete ones first, else in random order. The policy
   * must not keep or change the array.
   */
  readonly sources: readonly PeerSource[];
  /** Networks the asker is on; empty when that is not known. */
  readonly networks: ReadonlySet<string>;
  readonly peerCountMax: number;
}

/** Decides which peers an asker gets, and in which order. */
export interface HandoutPolicy {
  /**
   * How many candidates near the asker it wants to see for each peer that is handed out, 1 or more; they are drawn at random.
   * Default: HANDOUT_CHOICE.
   */
  readonly choice?: number;
  /** At most `peerCountMax` of `sources`, each at most once, the most useful first. */
  choose(request: HandoutRequest): readonly PeerSource[];
}
