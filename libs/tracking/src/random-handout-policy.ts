import type { Random } from '@panal/runtime';
import type { HandoutPolicy, HandoutRequest } from './handout-policy.js';
import type { PeerSource } from './peer-entry.js';

/**
 * The default: peers on a network of the asker first, among them those that have everything; a random sample of equals, so
 * that the load of a popular torrent spreads.
 */
export class RandomHandoutPolicy implements HandoutPolicy {
  /** What it would choose from more of them is a random sample again. */
  readonly choice = 1;

  constructor(private readonly random: Random) {}

  choose({ sources, networks, peerCountMax }: HandoutRequest): readonly PeerSource[] {
    const tiers: [PeerSource[], PeerSource[], PeerSource[], PeerSource[]] = [[], [], [], []];
    for (const source of sources) {
      const isNear = networks.size === 0 || source.lease.addresses.some(({ network }) => networks.has(network));
      if (isNear) tiers[source.isComplete ? 0 : 1].push(source);
      else tiers[source.isComplete ? 2 : 3].push(source);
    }
    const chosen: PeerSource[] = [];
    for (const tier of tiers) chosen.push(...this.#sample(tier, peerCountMax - chosen.length));
    return chosen;
  }

  /** The first steps of a Fisher-Yates shuffle: as many as are wanted. Reorders `tier`. */
  #sample(tier: PeerSource[], countMax: number): PeerSource[] {
    const count = Math.max(0, Math.min(countMax, tier.length));
    for (let at = 0; at < count; at += 1) {
      const from = at + this.random.below(tier.length - at);
      [tier[at], tier[from]] = [tier[from] as PeerSource, tier[at] as PeerSource];
    }
    return tier.slice(0, count);
  }
}
