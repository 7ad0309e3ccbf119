import { Bitfield } from '@panal/torrent';
import { CommitQueue } from './commit-queue.js';

function setOf(...chunks: number[]): Bitfield {
  const set = new Bitfield(10);
  for (const chunk of chunks) set.add(chunk);
  return set;
}

/** A commit that ends when the test says so. */
function manualQueue() {
  const started: number[][] = [];
  const ends: ((error?: unknown) => void)[] = [];
  const queue = new CommitQueue((done) => {
    started.push([...done]);
    return new Promise((resolve, reject) => {
      ends.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  });
  const turn = (): Promise<void> => new Promise((done) => setImmediate(done));
  return { queue, started, turn, end: (error?: unknown) => ends.shift()?.(error) };
}

describe('CommitQueue', () => {
  it('makes one commit of all that are asked for while one runs, of the latest set', async () => {
    const { queue, started, end, turn } = manualQueue();
    const first = queue.submit(setOf(1));
    const rest = [queue.submit(setOf(1, 2)), queue.submit(setOf(1, 2, 3))];
    expect(started).toEqual([[1]]);
    end();
    await first;
    await turn();
    expect(started).toEqual([[1], [1, 2, 3]]);
    end();
    await Promise.all(rest);
    await queue.idle();
  });

  it('goes on after a failed commit, which only its own caller hears of', async () => {
    const { queue, started, end, turn } = manualQueue();
    const first = queue.submit(setOf(1));
    const second = queue.submit(setOf(2));
    end('full');
    await expect(first).rejects.toBe('full');
    await turn();
    expect(started).toEqual([[1], [2]]);
    end();
    await second;
  });

  it('is idle only when nothing runs or waits', async () => {
    const { queue, end, turn } = manualQueue();
    const first = queue.submit(setOf(1));
    const second = queue.submit(setOf(2));
    let isIdle = false;
    const idle = queue.idle().then(() => {
      isIdle = true;
    });
    end();
    await first;
    await turn();
    expect(isIdle).toBe(false);
    end('broken');
    await expect(second).rejects.toBe('broken');
    await idle;
  });
});
