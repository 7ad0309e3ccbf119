import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import type { ComplianceCase } from '@panal/runtime';
import type { HandoutPolicy } from './handout-policy.js';
import type { PeerSource } from './peer-entry.js';

/** A dialable peer for tests of policies. */
export function makeSource(id: number, { isComplete = true, isNear = true, networks = ['default'] } = {}): PeerSource {
  return {
    isComplete,
    isNear,
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

/** What every `HandoutPolicy` promises. `makePolicy` gives a new one for each case. */
export function handoutPolicyCases(makePolicy: () => HandoutPolicy): readonly ComplianceCase[] {
  const networks = new Set<string>();
  return [
    ...[0, 1, 3, 10].map((peerCountMax) => ({
      name: `gives at most what was asked for (${peerCountMax}), each once, and nobody else`,
      run: () => {
        const sources = Array.from({ length: 7 }, (_, id) => makeSource(id, { isComplete: id % 2 === 0 }));
        const chosen = makePolicy().choose({ sources, networks, peerCountMax });
        ok(Array.isArray(chosen), 'choose() did not return an array');
        ok(chosen.length <= peerCountMax, `${chosen.length} were chosen, ${peerCountMax} asked for`);
        strictEqual(new Set(chosen).size, chosen.length, 'one was chosen twice');
        for (const one of chosen) ok(sources.includes(one), 'one was chosen that was not in the list');
      },
    })),
    {
      name: 'gives nothing when there is nobody',
      run: () => deepStrictEqual(makePolicy().choose({ sources: [], networks, peerCountMax: 5 }), []),
    },
    {
      name: 'gives somebody when there is somebody',
      run: () => strictEqual(makePolicy().choose({ sources: [makeSource(1)], networks, peerCountMax: 5 }).length, 1),
    },
    {
      name: 'takes an asker on a network that nobody else is on',
      run: () => void makePolicy().choose({ sources: [makeSource(1)], networks: new Set(['lan']), peerCountMax: 1 }),
    },
    {
      name: 'leaves the list it was given as it was',
      run: () => {
        const sources = Object.freeze(Array.from({ length: 9 }, (_, id) => makeSource(id)));
        const before = [...sources];
        makePolicy().choose({ sources, networks, peerCountMax: 4 });
        deepStrictEqual(sources, before);
      },
    },
    {
      name: 'wants to see one candidate or more for each peer',
      run: () => {
        const { choice } = makePolicy();
        ok(choice === undefined || (Number.isFinite(choice) && choice >= 1), `choice is ${choice}`);
      },
    },
  ];
}
