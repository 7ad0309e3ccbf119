import { DISCOVERY_CALM_MS, DISCOVERY_MS } from './limits.js';
import type { Member } from './member.js';
import type { Roster } from './roster.js';
import type { Seeds } from './seeds.js';

/** What a joining tracker should do: go on joining, begin a cluster, or give up because it is not wanted where it looked. */
export type BootstrapVerdict = 'wait' | 'begin' | 'refused';

/**
 * Decides who is first. While anyone is active there is nothing to begin. Otherwise, of those who found each other, it is the
 * one with the lowest id, once all seeds have answered or had time to. Two may begin where they cannot see each other; when they
 * meet, theirs becomes one cluster, as after any cut.
 */
export class Bootstrap {
  #firstMs: number | undefined;
  #calmSinceMs = 0;
  #foundCount = 0;

  constructor(
    private readonly parts: { readonly roster: Roster; readonly seeds: Seeds; readonly bootstrapExpect: number },
  ) {}

  decide(steadyMs: number): BootstrapVerdict {
    this.#firstMs ??= steadyMs;
    const { roster, seeds, bootstrapExpect } = this.parts;
    const { living, self } = roster;
    if (living.length !== this.#foundCount) {
      this.#foundCount = living.length;
      this.#calmSinceMs = steadyMs;
    }
    if (self.phase !== 'joining' || living.some(({ phase }) => phase === 'active')) return 'wait';
    const isLate = steadyMs - this.#firstMs >= DISCOVERY_MS;
    if (!seeds.areSettled && !isLate) return 'wait';
    if (living.length === 1 && seeds.refusal !== undefined) return 'refused';
    const isAlone = living.length === 1 && seeds.areSettled;
    if (!isAlone && steadyMs - this.#calmSinceMs < DISCOVERY_CALM_MS) return 'wait';
    const candidates = living.filter(({ phase }) => phase === 'joining');
    return candidates.length >= bootstrapExpect && lowest(candidates) === self.id ? 'begin' : 'wait';
  }
}

function lowest(members: readonly Member[]): string | undefined {
  return members.map(({ id }) => id).sort()[0];
}
