import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ClusterRun } from './cluster-run.js';

const PROGRAM = fileURLToPath(new URL('../../../dist/test/sim/cluster/main.js', import.meta.url));

describe('a cluster of trackers', () => {
  it('keeps its promises in 20 brief seeds of trouble', async () => {
    // From its built file, as the system tests run the product: under Jest it takes twice as long. A failure prints its seed.
    const { stdout } = await promisify(execFile)(process.execPath, [
      PROGRAM,
      '--brief',
      '--seeds',
      '20',
      '--seed',
      '1',
    ]);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ seeds: 20, lost: 0, failures: [] });
    expect(summary.doubleKills).toBeGreaterThanOrEqual(20);
    expect(summary.acksByCopies['3']).toBeGreaterThan(4000);
    // Some of them with trackers of two versions, and some that are cordoned.
    expect(summary.olderStarts).toBeGreaterThan(10);
    expect(summary.cordonOrders).toBeGreaterThan(10);
  }, 180_000);

  it('does the same again for the same seed', () => {
    const run = () =>
      new ClusterRun({ seed: 5, trackerCount: 3, roundCount: 1, troubleMs: 5000, hasEpilogue: false }).run();
    expect(run()).toEqual(run());
  }, 60_000);
});
