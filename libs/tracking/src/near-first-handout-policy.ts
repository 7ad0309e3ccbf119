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
    if (sources.every((source) => source.isComplete && isNear(source, networks))) {
      return this.#sample([...sources], peerCountMax);
    }
    const tiers: [PeerSource[], PeerSource[], PeerSource[], PeerSource[]] = [[], [], [], []];
    for (const source of sources) {
      if (isNear(source, networks)) tiers[source.isComplete ? 0 : 1].push(source);
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

function isNear({ lease: { addresses } }: PeerSource, networks: ReadonlySet<string>): boolean {
  if (networks.size === 0) return true;
  const [only] = addresses;
  if (only !== undefined && addresses.length === 1) return networks.has(only.network);
  return addresses.some(({ network }) => networks.has(network));
}
