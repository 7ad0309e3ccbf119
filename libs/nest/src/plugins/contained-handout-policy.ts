import type { HandoutPolicy, HandoutRequest, PeerSource } from '@panal/tracking';
import type { PluginWatch } from './plugin-watch.js';

const PLACE = 'handoutPolicy';

/** A plugin's policy; for a call that fails, and while it rests, the default. */
export class ContainedHandoutPolicy implements HandoutPolicy {
  readonly choice: number;

  /** @param choice The plugin's, checked. */
  constructor(
    private readonly watch: PluginWatch,
    private readonly parts: {
      readonly policy: HandoutPolicy;
      readonly fallback: HandoutPolicy;
      readonly choice: number;
    },
  ) {
    this.choice = parts.choice;
  }

  choose(request: HandoutRequest): readonly PeerSource[] {
    return this.watch.ask({
      place: PLACE,
      // The array is the host's own: what the plugin does to its copy harms nobody.
      call: () => this.parts.policy.choose({ ...request, sources: [...request.sources] }),
      whyRubbish: (chosen) => whyNoHandout(chosen, request),
      fallback: () => this.parts.fallback.choose(request),
    });
  }
}

function whyNoHandout(chosen: unknown, { sources, peerCountMax }: HandoutRequest): string | undefined {
  if (!Array.isArray(chosen)) return 'choose() gave no array';
  if (chosen.length > peerCountMax) return `choose() gave ${chosen.length} peers where ${peerCountMax} were asked for`;
  const left = new Set<unknown>(sources);
  for (const one of chosen as unknown[]) {
    if (!left.delete(one)) return 'choose() gave a peer twice, or one that was not in the list';
  }
  return undefined;
}
