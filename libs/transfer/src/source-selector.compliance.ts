import { ok, strictEqual } from 'node:assert/strict';
import type { ComplianceCase } from '@panal/runtime';
import { SELECTOR_INTERVAL_MS_MAX, SELECTOR_INTERVAL_MS_MIN } from './limits.js';
import type { SourceSelector, SourceStanding } from './source-selector.js';

const FRESH: SourceStanding = {
  name: 'peer-1',
  speed: 0,
  stability: 0,
  chunksDone: 0,
  badChunks: 0,
  isComplete: true,
  isDoubtful: false,
};

const STANDINGS: readonly SourceStanding[] = [
  FRESH,
  { ...FRESH, isDoubtful: true },
  { ...FRESH, speed: 1e9, stability: 1, chunksDone: 1_000_000 },
  { ...FRESH, speed: 1, stability: 0.5, badChunks: 50, isComplete: false },
];

/** What every `SourceSelector` promises. `makeSelector` gives a new one for each case. */
export function sourceSelectorCases(makeSelector: () => SourceSelector): readonly ComplianceCase[] {
  return [
    {
      name: `measures over an interval of ${SELECTOR_INTERVAL_MS_MIN} to ${SELECTOR_INTERVAL_MS_MAX} ms`,
      run: () => {
        const { intervalMs } = makeSelector();
        const isSound = intervalMs >= SELECTOR_INTERVAL_MS_MIN && intervalMs <= SELECTOR_INTERVAL_MS_MAX;
        ok(isSound, `intervalMs is ${intervalMs}`);
      },
    },
    {
      name: 'gives every source a score that can be compared',
      run: () => {
        for (const standing of STANDINGS) {
          const score = makeSelector().score(Object.freeze({ ...standing }));
          ok(Number.isFinite(score), `the score is ${score}`);
        }
      },
    },
    {
      name: 'gives equals the same score',
      run: () => {
        const selector = makeSelector();
        for (const standing of STANDINGS) strictEqual(selector.score(standing), selector.score({ ...standing }));
      },
    },
    {
      name: 'says of any name whether it is a last resort',
      run: () => strictEqual(typeof makeSelector().isLastResort('nobody'), 'boolean'),
    },
  ];
}
