import type { HandoutPolicy } from './handout-policy.js';
import type { PeerSource } from './peer-entry.js';

/** A dialable peer for tests of policies. */
export function makeSource(id: number, { isComplete = true, networks = ['default'] } = {}): PeerSource {
  return {
    isComplete,
    lease: {
      id: id.toString(16).padStart(32, '0'),
      name: `peer-${id}`,
      incarnation: 1,
      addresses: networks.map((network) => ({ network, host: `192.0.2.${id}`, port: 5550 })),
      isAdvertised: true,
      isDialable: true,
      since: 1,
      session: '0'.repeat(32),
      clock: 1,
      serveUntilMs: Number.POSITIVE_INFINITY,
    },
  };
}

/** What every `HandoutPolicy` promises. */
export function describeHandoutPolicy(name: string, makePolicy: () => HandoutPolicy): void {
  describe(`${name} as a HandoutPolicy`, () => {
    const networks = new Set<string>();

    it.each([0, 1, 3, 10])('gives at most what was asked for (%d)', (peerCountMax) => {
      const sources = Array.from({ length: 7 }, (_, id) => makeSource(id, { isComplete: id % 2 === 0 }));
      const chosen = makePolicy().choose({ sources, networks, peerCountMax });
      expect(chosen.length).toBeLessThanOrEqual(peerCountMax);
      expect(new Set(chosen).size).toBe(chosen.length);
      expect(sources).toEqual(expect.arrayContaining([...chosen]));
    });

    it('gives nothing when there is nobody', () => {
      expect(makePolicy().choose({ sources: [], networks, peerCountMax: 5 })).toEqual([]);
    });

    it('leaves the list it was given as it was', () => {
      const sources = Object.freeze(Array.from({ length: 9 }, (_, id) => makeSource(id)));
      const before = [...sources];
      makePolicy().choose({ sources, networks, peerCountMax: 4 });
      expect(sources).toEqual(before);
    });
  });
}
