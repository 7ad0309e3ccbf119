import { ClusterRun } from './cluster-run.js';
import { summarize } from './report.js';

const SEED_COUNT = 20;
const TRACKER_COUNTS = [3, 5, 3, 5, 7];

describe('a cluster of trackers', () => {
  it('keeps its promises in 20 seeds of trouble', () => {
    const reports = [];
    for (let seed = 1; seed <= SEED_COUNT; seed += 1) {
      // A failure names its seed: the same options show it again.
      const trackerCount = TRACKER_COUNTS[seed % TRACKER_COUNTS.length] ?? 3;
      reports.push(
        new ClusterRun({ seed, trackerCount, roundCount: 1, troubleMs: 8000, hasEpilogue: seed % 5 === 0 }).run(),
      );
    }
    const summary = summarize(reports);
    expect(summary.doubleKills).toBeGreaterThan(SEED_COUNT / 2);
    expect(summary.acksByCopies[3]).toBeGreaterThan(2000);
    expect(summary.lost).toBe(0);
  }, 120_000);

  it('does the same again for the same seed', () => {
    const run = () => new ClusterRun({ seed: 5, trackerCount: 3, roundCount: 1, troubleMs: 8000 }).run();
    expect(run()).toEqual(run());
  }, 60_000);
});
