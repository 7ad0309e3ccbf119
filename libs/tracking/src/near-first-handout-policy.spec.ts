import { handoutPolicyCases, makeSource } from './handout-policy.compliance.js';
import { NearFirstHandoutPolicy } from './near-first-handout-policy.js';

describe('NearFirstHandoutPolicy as a HandoutPolicy', () => {
  it.each(handoutPolicyCases(() => new NearFirstHandoutPolicy()))('$name', async ({ run }) =>
    expect(await run()).toBeUndefined(),
  );
});

describe('NearFirstHandoutPolicy', () => {
  const networks = new Set(['lan']);
  const policy = new NearFirstHandoutPolicy();

  it('gives complete peers before the others', () => {
    const sources = Array.from({ length: 20 }, (_, id) => makeSource(id, { isComplete: id >= 17 }));
    const chosen = policy.choose({ sources, networks, peerCountMax: 5 });
    expect(chosen.map(({ isComplete }) => isComplete)).toEqual([true, true, true, false, false]);
  });

  it('prefers an incomplete peer on a network of the asker to a complete one elsewhere', () => {
    const far = makeSource(1, { isNear: false });
    const near = makeSource(2, { isComplete: false });
    expect(policy.choose({ sources: [far, near], networks, peerCountMax: 2 })).toEqual([near, far]);
  });

  it('keeps the order of equals, which is random', () => {
    const sources = [3, 1, 2].map((id) => makeSource(id));
    expect(policy.choose({ sources, networks, peerCountMax: 2 })).toEqual(sources.slice(0, 2));
    expect(policy.choose({ sources, networks, peerCountMax: 3 })).toEqual(sources);
  });
});
