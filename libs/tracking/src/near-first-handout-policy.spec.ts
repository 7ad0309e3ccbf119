import { SeededRandom } from '@panal/runtime';
import { handoutPolicyCases, makeSource } from './handout-policy.compliance.js';
import { RandomHandoutPolicy } from './random-handout-policy.js';

describe('RandomHandoutPolicy as a HandoutPolicy', () => {
  it.each(handoutPolicyCases(() => new RandomHandoutPolicy(new SeededRandom(1))))('$name', async ({ run }) =>
    expect(await run()).toBeUndefined(),
  );
});

describe('RandomHandoutPolicy', () => {
  const everywhere = new Set<string>();

  it('gives complete peers before the others', () => {
    const sources = Array.from({ length: 20 }, (_, id) => makeSource(id, { isComplete: id >= 17 }));
    const chosen = new RandomHandoutPolicy(new SeededRandom(2)).choose({
      sources,
      networks: everywhere,
      peerCountMax: 5,
    });
    expect(chosen.map(({ isComplete }) => isComplete)).toEqual([true, true, true, false, false]);
  });

  it('prefers an incomplete peer on a network of the asker to a complete one elsewhere', () => {
    const far = makeSource(1, { networks: ['dmz'] });
    const near = makeSource(2, { isComplete: false, networks: ['dmz', 'lan'] });
    const policy = new RandomHandoutPolicy(new SeededRandom(3));
    const chosen = policy.choose({ sources: [far, near], networks: new Set(['lan']), peerCountMax: 2 });
    expect(chosen).toEqual([near, far]);
  });

  it('spreads the load: every one of many equals has its turn, about equally often', () => {
    const sources = Array.from({ length: 10 }, (_, id) => makeSource(id));
    const policy = new RandomHandoutPolicy(new SeededRandom(4));
    const turns = new Map(sources.map((source) => [source, 0]));
    for (let round = 0; round < 1_000; round += 1) {
      for (const one of policy.choose({ sources, networks: everywhere, peerCountMax: 3 })) {
        turns.set(one, (turns.get(one) ?? 0) + 1);
      }
    }
    // 300 expected, standard deviation 14.5: five of them on each side.
    for (const count of turns.values()) expect(Math.abs(count - 300)).toBeLessThan(73);
  });
});
