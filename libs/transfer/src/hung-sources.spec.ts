import { DownloadTrial } from './download-trial.fixture.js';
import type { SourceBehaviour } from './simulated-network.fixture.js';

type Below = (bound: number) => number;

/** Ways to keep a place and bring nothing, or next to nothing. */
const BEHAVIOURS: readonly ((below: Below) => SourceBehaviour)[] = [
  // It takes every request, sends a byte of a block at most, and hangs.
  () => ({ stallsAfterBlocks: 0 }),
  // It works for a while, and hangs.
  (below) => ({ stallsAfterBlocks: 1 + below(12), bytesPerSecond: 100_000 + below(3_000_000) }),
  // It never answers a dial.
  () => ({ latencyMs: 3_600_000 }),
  // A block in 1 to 54 seconds.
  (below) => ({ bytesPerSecond: 300 + below(16_000) }),
  // It lets every answer wait, and breaks the link now and then.
  (below) => ({ latencyMs: 1000 + below(13_000), diesAfterBlocks: 1 + below(4) }),
  // It lets every refusal wait.
  (below) => ({ latencyMs: 1000 + below(13_000), refusedShare: 1 }),
  (below) => ({ latencyMs: 1000 + below(13_000), refusedShare: 1, refusalCode: 'closing' }),
];

describe('DownloadRun, among sources that hang', () => {
  it.each([3001, 3002, 3003, 3004])(
    'waits for none of them while an honest source is there (seed %i)',
    async (seed) => {
      const trial = new DownloadTrial(seed);
      for (let at = 0; at < 8; at += 1)
        trial.network.add(`hung-${at}`, { stallsAfterBlocks: 0, latencyMs: 1 + at * 40 });
      trial.start();
      await trial.pass(1500);
      trial.network.add('honest', { bytesPerSecond: 1_000_000, latencyMs: 20 });
      trial.offerAll();
      await trial.complete(20_000);
      expect(trial.snapshot.wastedBytes).toBe(0);
    },
  );

  it.each(Array.from({ length: 41 }, (_, count) => [count, 4000 + count]))(
    'completes in bounded time with %i of them and one honest source (seed %i)',
    async (count, seed) => {
      const trial = new DownloadTrial(seed);
      const below = (bound: number): number => trial.random.below(bound);
      const isMixed = below(3) > 0;
      const kind = below(BEHAVIOURS.length);
      for (let at = 0; at < count; at += 1) {
        const behaviour = BEHAVIOURS[isMixed ? below(BEHAVIOURS.length) : kind];
        trial.network.add(`other-${at}`, { latencyMs: below(80), ...behaviour?.(below) });
      }
      trial.start();
      await trial.pass(below(40_000));
      if (trial.ended === undefined) {
        trial.network.add('honest', { bytesPerSecond: 500_000 + below(2_000_000), latencyMs: below(80) });
        trial.offerAll();
      }
      // Alone it needs 1.3 to 7 s.
      await trial.complete(60_000);
      expect(trial.snapshot.wastedBytes).toBeLessThan(trial.content.length / 2);
    },
  );
});
