import { strictEqual } from 'node:assert/strict';
import test from 'node:test';
import { chunkSchedulerCases, SeededRandom } from 'panal/plugin-api';
import { lastFirst } from '../dist/last-first.js';

for (const { name, run } of chunkSchedulerCases(lastFirst)) test(name, run);

test('begins with the last chunk', () => {
  const scheduler = lastFirst.create({ chunkCount: 3, random: new SeededRandom(1) });
  for (const chunk of [0, 1, 2]) scheduler.add(chunk, 1);
  strictEqual(
    scheduler.pick(() => true),
    2,
  );
});
