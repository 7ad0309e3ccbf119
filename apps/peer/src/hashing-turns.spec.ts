import { HashingTurns } from './hashing-turns.js';

describe('HashingTurns', () => {
  it('runs no more than it may at a time, in order of asking', async () => {
    const turns = new HashingTurns(2);
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const all = [0, 1, 2, 3].map((task) =>
      turns.run(async () => {
        begun.push(task);
        await new Promise<void>((resolve) => ends.push(resolve));
      }),
    );
    expect(begun).toEqual([0, 1]);
    ends.shift()?.();
    await all[0];
    expect(begun).toEqual([0, 1, 2]);
    ends.shift()?.();
    await all[1];
    expect(begun).toEqual([0, 1, 2, 3]);
    for (const end of ends) end();
    await Promise.all(all);
  });

  it('gives the place on when a task fails', async () => {
    const turns = new HashingTurns(1);
    const failing = turns.run(() => Promise.reject(new Error('unreadable')));
    const next = turns.run(() => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('unreadable');
    await expect(next).resolves.toBe('done');
  });

  it('lets a task that waits go when it is told to, and no place is lost', async () => {
    const turns = new HashingTurns(1);
    let end: () => void = () => undefined;
    const running = turns.run(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    const abort = new AbortController();
    const waiting = turns.run(() => Promise.resolve('begun'), abort.signal);
    const next = turns.run(() => Promise.resolve('done'));
    abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    end();
    await running;
    await expect(next).resolves.toBe('done');
  });
});
