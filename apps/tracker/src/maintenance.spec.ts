import { SeededRandom } from '@panal/runtime';
import { VirtualTimeScheduler } from 'rxjs';
import { type MaintenanceOptions, maintenance } from './maintenance.js';

describe('maintenance', () => {
  const make = (task: () => Promise<number>, changes: Partial<MaintenanceOptions<number>> = {}) => {
    const scheduler = new VirtualTimeScheduler(undefined, 1_000);
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const random = new SeededRandom(3);
    const runs = maintenance({ intervalMs: 1_000, jitterMs: 0, random, task, onError, scheduler, ...changes });
    return { scheduler, errors, runs };
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('runs once in each interval, a little later than it says', () => {
    const startedAtMs: number[] = [];
    const { scheduler, runs } = make(
      () => {
        startedAtMs.push(scheduler.now());
        return new Promise(() => undefined);
      },
      { jitterMs: 100 },
    );
    const subscription = runs.subscribe();
    scheduler.maxFrames = 1_200;
    scheduler.flush();
    subscription.unsubscribe();
    expect(startedAtMs).toHaveLength(1);
    expect(startedAtMs[0]).toBeGreaterThanOrEqual(1_000);
    expect(startedAtMs[0]).toBeLessThan(1_100);
  });

  it('never runs twice at a time', () => {
    let runCount = 0;
    const { scheduler, runs } = make(() => {
      runCount += 1;
      return new Promise(() => undefined);
    });
    const subscription = runs.subscribe();
    scheduler.maxFrames = 10_500;
    scheduler.flush();
    subscription.unsubscribe();
    expect(runCount).toBe(1);
  });

  it('skips what it missed during a slow run instead of catching up', async () => {
    const finish: (() => void)[] = [];
    const { scheduler, runs } = make(() => new Promise((resolve) => finish.push(() => resolve(0))));
    const subscription = runs.subscribe();
    scheduler.maxFrames = 5_500;
    scheduler.flush();
    finish[0]?.();
    await settle();
    expect(finish).toHaveLength(1);
    scheduler.maxFrames = 6_500;
    scheduler.flush();
    expect(finish).toHaveLength(2);
    finish[1]?.();
    await settle();
    scheduler.maxFrames = 6_900;
    scheduler.flush();
    subscription.unsubscribe();
    expect(finish).toHaveLength(2);
  });

  it('goes on after a failure, and reports it', async () => {
    let runCount = 0;
    const { scheduler, errors, runs } = make(() => {
      runCount += 1;
      return runCount === 1 ? Promise.reject(new Error('broken')) : Promise.resolve(runCount);
    });
    const results: number[] = [];
    const subscription = runs.subscribe((result) => results.push(result));
    scheduler.maxFrames = 1_500;
    scheduler.flush();
    await settle();
    scheduler.maxFrames = 2_500;
    scheduler.flush();
    await settle();
    subscription.unsubscribe();
    expect(errors).toMatchObject([{ message: 'broken' }]);
    expect(results).toEqual([2]);
  });
});
