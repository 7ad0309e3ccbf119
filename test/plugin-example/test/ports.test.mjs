import { deepStrictEqual } from 'node:assert/strict';
import test from 'node:test';
import { chunkSchedulerCases, handoutPolicyCases, makeSource } from 'panal/plugin-api';
import { lastFirst } from '../dist/last-first.js';
import { SteadyHandoutPolicy } from '../dist/steady-handout-policy.js';

const metrics = { counter: () => ({ add: () => undefined }) };
const policy = new SteadyHandoutPolicy({ metrics });

for (const { name, run } of chunkSchedulerCases(lastFirst)) test(`last-first: ${name}`, run);
for (const { name, run } of handoutPolicyCases(() => policy)) test(`steady: ${name}`, run);

test('steady: the one that has been here longest goes first', () => {
  const [young, old] = [makeSource(1), makeSource(2)].map((source, at) => ({
    ...source,
    lease: { ...source.lease, since: 2 - at },
  }));
  deepStrictEqual(policy.choose({ sources: [young, old], networks: new Set(), peerCountMax: 1 }), [old]);
});
