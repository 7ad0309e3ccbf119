import type { HandoutPolicy, HandoutRequest } from './handout-policy.js';
import type { PeerSource } from './peer-entry.js';

/**
 * The default: peers on a network of the asker first, among them those that have everything. Equals come in the random order
 * in which they were drawn, so that the load of a popular torrent spreads.
 */
export class NearFirstHandoutPolicy implements HandoutPolicy {
  /** What it would choose from more of them is a random sample again. */
  readonly choice = 1;

  choose({ sources, peerCountMax }: HandoutRequest): readonly PeerSource[] {
    if (sources.length <= peerCountMax && sources.every(isBest)) return sources;
    const tiers: [PeerSource[], PeerSource[], PeerSource[], PeerSource[]] = [[], [], [], []];
    for (const source of sources) {
      if (source.isNear) tiers[source.isComplete ? 0 : 1].push(source);
      else tiers[source.isComplete ? 2 : 3].push(source);
    }
    return tiers.flat().slice(0, peerCountMax);
  }
}

function isBest({ isNear, isComplete }: PeerSource): boolean {
  return isNear && isComplete;
}
