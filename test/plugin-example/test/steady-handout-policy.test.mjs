import { deepStrictEqual } from 'node:assert/strict';
import test from 'node:test';
import { handoutPolicyCases, makeSource } from 'panal/plugin-api';
import { SteadyHandoutPolicy } from '../dist/steady-handout-policy.js';

// Of what a port is given, this one uses a counter.
const metrics = { counter: () => ({ add: () => undefined }) };
const policy = new SteadyHandoutPolicy({ metrics });

for (const { name, run } of handoutPolicyCases(() => policy)) test(name, run);

test('the one that has been here longest goes first', () => {
  const [young, old] = [makeSource(1), makeSource(2)].map((source, at) => ({
    ...source,
    lease: { ...source.lease, since: 2 - at },
  }));
  deepStrictEqual(policy.choose({ sources: [young, old], networks: new Set(), peerCountMax: 1 }), [old]);
});
