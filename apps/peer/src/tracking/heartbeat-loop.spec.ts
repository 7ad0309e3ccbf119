import { ManualClock, SeededRandom } from '@panal/runtime';
import { HEARTBEAT_DEFAULT_MS, HEARTBEAT_HASTE_MS, HEARTBEAT_MAX_MS, HEARTBEAT_MIN_MS } from '../peer-limits.js';
import { HeartbeatLoop } from './heartbeat-loop.js';

class Bed {
  readonly clock = new ManualClock();
  readonly beatsMs: number[] = [];
  /** Ends the beat that is under way; absent: each ends at once. */
  end: (() => void) | undefined;
  isSlow = false;
  readonly loop = new HeartbeatLoop({
    beat: () => {
      this.beatsMs.push(this.clock.monotonicMs());
      return this.isSlow ? new Promise((resolve) => (this.end = resolve)) : Promise.resolve();
    },
    timers: this.clock,
    random: new SeededRandom(3),
  });

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50);
      for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    }
  }

  async finish(): Promise<void> {
    this.end?.();
    for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
  }
}

describe('HeartbeatLoop', () => {
  it('beats at the pace it is told, never later', async () => {
    const bed = new Bed();
    bed.loop.pace(2_000);
    await bed.pass(20_000);
    expect(bed.beatsMs.length).toBeGreaterThanOrEqual(9);
    expect(bed.beatsMs.length).toBeLessThanOrEqual(11);
    const gaps = bed.beatsMs.slice(1).map((atMs, index) => atMs - (bed.beatsMs[index] as number));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2_000 + 50);
  });

  it('follows a shorter pace at once, though a beat was planned by the longer one', async () => {
    const bed = new Bed();
    bed.loop.pace(1_000);
    await bed.pass(1_000);
    expect(bed.beatsMs).toHaveLength(1);
    expect(HEARTBEAT_DEFAULT_MS).toBeGreaterThan(1_000);
  });

  it.each([
    [0, HEARTBEAT_MIN_MS],
    [1, HEARTBEAT_MIN_MS],
    [Number.MAX_SAFE_INTEGER, HEARTBEAT_MAX_MS],
  ])('takes a pace of %i ms for one of %i', async (saidMs, paceMs) => {
    const bed = new Bed();
    bed.loop.pace(saidMs);
    await bed.pass(HEARTBEAT_MAX_MS);
    bed.beatsMs.length = 0;
    await bed.pass(paceMs * 10);
    expect(bed.beatsMs.length).toBeGreaterThanOrEqual(9);
    expect(bed.beatsMs.length).toBeLessThanOrEqual(12);
  });

  it('beats at once for a new tracker, and then goes on as before', async () => {
    const bed = new Bed();
    bed.loop.pace(30_000);
    await bed.pass(100);
    bed.loop.hasten();
    await bed.pass(HEARTBEAT_HASTE_MS);
    expect(bed.beatsMs).toHaveLength(1);
    await bed.pass(26_000);
    expect(bed.beatsMs).toHaveLength(1);
    await bed.pass(4_000);
    expect(bed.beatsMs).toHaveLength(2);
  });

  it('beats once more for a tracker that is new since the beat under way began', async () => {
    const bed = new Bed();
    bed.isSlow = true;
    bed.loop.hasten();
    await bed.pass(HEARTBEAT_HASTE_MS);
    bed.loop.hasten();
    bed.loop.hasten();
    await bed.pass(1_000);
    expect(bed.beatsMs).toHaveLength(1);
    await bed.finish();
    await bed.pass(HEARTBEAT_HASTE_MS);
    expect(bed.beatsMs).toHaveLength(2);
  });

  it('is silent once stopped, also when a beat ends later', async () => {
    const bed = new Bed();
    bed.isSlow = true;
    bed.loop.hasten();
    await bed.pass(HEARTBEAT_HASTE_MS);
    bed.loop.stop();
    bed.loop.hasten();
    await bed.finish();
    await bed.pass(120_000);
    expect(bed.beatsMs).toHaveLength(1);
  });
});
