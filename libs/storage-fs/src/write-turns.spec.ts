import { WriteTurns } from './write-turns.js';

describe('WriteTurns', () => {
  it('runs the writes of one file one after the other, those of different files side by side', async () => {
    const turns = new WriteTurns();
    const ends: (() => void)[] = [];
    const begun: string[] = [];
    const write = (file: number, name: string): Promise<void> =>
      turns.run(file, () => {
        begun.push(name);
        return new Promise((resolve) => ends.push(resolve));
      });
    const first = write(1, 'a');
    const second = write(1, 'b');
    const other = write(2, 'c');
    expect(begun).toEqual(['a', 'c']);
    ends.shift()?.();
    await first;
    expect(begun).toEqual(['a', 'c', 'b']);
    for (const end of ends) end();
    await Promise.all([second, other]);
  });

  it('goes on after a write that failed', async () => {
    const turns = new WriteTurns();
    const failing = turns.run(1, () => Promise.reject(new Error('full')));
    const next = turns.run(1, () => Promise.resolve('written'));
    await expect(failing).rejects.toThrow('full');
    await expect(next).resolves.toBe('written');
  });

  it('tells each write how many wait behind it', async () => {
    const turns = new WriteTurns();
    const waiting: number[] = [];
    const writes = [1, 2, 3].map(() =>
      turns.run(1, async (waitingCount) => {
        waiting.push(waitingCount);
        await new Promise((resolve) => setImmediate(resolve));
      }),
    );
    await Promise.all(writes);
    expect(waiting).toEqual([0, 1, 0]);
  });
});
