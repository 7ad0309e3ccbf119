import { ManualClock } from '@panal/runtime';
import { CACHE_TRIAL_WRITES, DIRECT_BACKLOG_MAX } from './limits.js';
import { WritePace } from './write-pace.js';

const MIB = 1024 * 1024;

/** A machine on which a MiB takes so long either way, and many writes wait: how many of 100 go through the cache. */
async function cachedOf100({ directMs, cachedMs }: { directMs: number; cachedMs: number }): Promise<number> {
  const clock = new ManualClock();
  const pace = new WritePace(clock);
  let cachedCount = 0;
  for (let at = 0; at < 100; at += 1) {
    const isCached = pace.prefersCache(DIRECT_BACKLOG_MAX);
    const write = async (): Promise<void> => clock.advance(isCached ? cachedMs : directMs);
    await (isCached ? pace.cached(MIB, write) : pace.direct(MIB, write));
    if (isCached) cachedCount += 1;
  }
  return cachedCount;
}

describe('WritePace', () => {
  it('goes past the cache while hardly a write waits', () => {
    const pace = new WritePace(new ManualClock());
    for (let at = 0; at < 100; at += 1) expect(pace.prefersCache(DIRECT_BACKLOG_MAX - 1)).toBe(false);
  });

  it('gives the cache what a slow disk cannot take', async () => {
    expect(await cachedOf100({ directMs: 10, cachedMs: 0.5 })).toBeGreaterThan(90);
  });

  it('stays past the cache, but for a few trials, where that is hardly slower', async () => {
    const cachedCount = await cachedOf100({ directMs: 10, cachedMs: 5 });
    expect(cachedCount).toBe(Math.ceil(100 / CACHE_TRIAL_WRITES));
  });
});
