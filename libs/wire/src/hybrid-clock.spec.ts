import fc from 'fast-check';
import { ClockAheadError } from './errors.js';
import { HybridClock, hybridTimeMs, isHybridTime } from './hybrid-clock.js';
import { CLOCK_AHEAD_MAX_MS } from './limits.js';

const nowMs = 1_700_000_000_000;

describe('HybridClock', () => {
  it('makes stamps that always grow and always fit, whatever the wall clock does and others say', () => {
    const step = fc.record({
      jumpMs: fc.integer({ min: -5000, max: 5000 }),
      heardMs: fc.option(fc.integer({ min: -9000, max: 9000 })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new HybridClock();
        let wallMs = nowMs;
        let last = 0;
        for (const { jumpMs, heardMs } of steps) {
          wallMs += jumpMs;
          const heard = heardMs === null ? 0 : (wallMs + heardMs) * 4096 + 7;
          clock.observe(heard, wallMs);
          const stamp = clock.tick(wallMs);
          expect(stamp).toBeGreaterThan(last);
          expect(stamp).toBeGreaterThan(heard);
          expect(isHybridTime(stamp)).toBe(true);
          last = stamp;
        }
      }),
    );
  });

  it('stays at wall time as long as the counter has room', () => {
    const clock = new HybridClock();
    expect(hybridTimeMs(clock.tick(nowMs + 0.9))).toBe(nowMs);
    for (let count = 1; count < 4096; count += 1) clock.tick(nowMs);
    expect(hybridTimeMs(clock.last)).toBe(nowMs);
    expect(hybridTimeMs(clock.tick(nowMs))).toBe(nowMs + 1);
  });

  it('goes on after the stamp it was given at start', () => {
    const persisted = new HybridClock().tick(nowMs);
    expect(new HybridClock(persisted).tick(nowMs - 60_000)).toBe(persisted + 1);
  });

  it('follows a remote clock up to the bound, and refuses and counts what is beyond', () => {
    const clock = new HybridClock();
    const furthest = (nowMs + CLOCK_AHEAD_MAX_MS) * 4096 + 4095;
    clock.observe(furthest, nowMs);
    expect(clock.last).toBe(furthest);
    expect(() => clock.observe(furthest + 1, nowMs)).toThrow(ClockAheadError);
    expect(clock.last).toBe(furthest);
    expect(clock.refusedCount).toBe(1);
  });

  it.each([Number.NaN, -1, 0.5, 2 ** 53, Number.POSITIVE_INFINITY])('refuses %p, which is no stamp', (value) => {
    const clock = new HybridClock();
    expect(() => clock.observe(value, nowMs)).toThrow(ClockAheadError);
    expect(clock.tick(nowMs)).toBe(nowMs * 4096);
  });
});
