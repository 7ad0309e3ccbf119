import { SystemClock, SystemTimers } from './system-clock.js';
import { SystemRandom } from './system-random.js';

describe('the machine as ports', () => {
  it('has a monotonic clock that advances, and a wall clock in ms', () => {
    const clock = new SystemClock();
    const before = clock.monotonicMs();
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(before);
    expect(new Date(clock.nowMs()).getUTCFullYear()).toBeGreaterThan(2_024);
  });

  it('fires timers, unless they were cancelled', async () => {
    const timers = new SystemTimers();
    let cancelled = 0;
    const cancel = timers.after(0, () => (cancelled += 1));
    cancel();
    let ticks = 0;
    // An unreferenced timer alone would not keep the process up: an immediate does, until it has fired twice.
    const stop = timers.every(1, () => (ticks += 1));
    const isDone = () => ticks >= 2;
    for (let turn = 0; !isDone() && turn < 1_000_000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    stop();
    expect(isDone()).toBe(true);
    expect(cancelled).toBe(0);
  });

  it('has randomness within bounds', () => {
    const random = new SystemRandom();
    const drawn = Array.from({ length: 100 }, () => random.below(3));
    expect(new Set(drawn)).toEqual(new Set([0, 1, 2]));
    expect(random.bytes(16)).toHaveLength(16);
  });
});
