import type { HandoutPolicy, HandoutRequest, PeerSource, PluginCounter, PortContext } from 'panal/plugin-api';

/** Peers that have been here longest go first: they are likely to stay. */
export class SteadyHandoutPolicy implements HandoutPolicy {
  readonly choice = 4;
  readonly #handouts: PluginCounter;

  constructor({ metrics }: PortContext<HandoutPolicy>) {
    this.#handouts = metrics.counter({ name: 'handouts_total', help: 'Handouts.' });
  }

  choose({ sources, peerCountMax }: HandoutRequest): readonly PeerSource[] {
    this.#handouts.add();
    return [...sources].sort((one, other) => one.lease.since - other.lease.since).slice(0, peerCountMax);
  }
}
