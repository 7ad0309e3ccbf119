import fc from 'fast-check';
import { UploadQueue, type UploadQueueOptions } from './upload-queue.js';

interface Read {
  readonly connection: { readonly name: string };
  readonly id: number;
  readonly signal: AbortSignal;
  readonly end: (error?: Error) => void;
}

/** A queue whose reads end when the test says so. */
function queueOf(options: Partial<UploadQueueOptions<{ readonly name: string }, { readonly id: number }>> = {}) {
  const reads: Read[] = [];
  const failed: number[] = [];
  const queue = new UploadQueue<{ readonly name: string }, { readonly id: number }>({
    serve: (connection, { id }, signal) =>
      new Promise((resolve, reject) => {
        reads.push({ connection, id, signal, end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
    onFailed: (_connection, { id }) => void failed.push(id),
    laneCount: 2,
    ...options,
  });
  const end = async (at: number, error?: Error): Promise<void> => {
    reads[at]?.end(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, reads, failed, end };
}

const [anna, bert] = [{ name: 'anna' }, { name: 'bert' }];

describe('UploadQueue', () => {
  it('serves in order of arrival, so many at once', async () => {
    const { queue, reads, end } = queueOf();
    queue.offer(anna, { id: 1 });
    queue.offer(anna, { id: 2 });
    queue.offer(bert, { id: 1 });
    queue.offer(anna, { id: 3 });
    expect(reads.map(({ id }) => id)).toEqual([1, 2]);
    await end(1);
    expect(reads[2]).toMatchObject({ connection: bert, id: 1 });
    await end(0);
    expect(reads[3]).toMatchObject({ connection: anna, id: 3 });
    await end(2);
    await end(3);
    expect(queue.size).toBe(0);
  });

  it('refuses one too many, of a connection and in all', () => {
    const { queue } = queueOf({ requestCountMax: 5, requestCountMaxPerConnection: 3 });
    const answers = [1, 2, 3, 4].map((id) => queue.offer(anna, { id }));
    expect(answers).toEqual(['accepted', 'accepted', 'accepted', 'busy']);
    expect([1, 2, 3].map((id) => queue.offer(bert, { id }))).toEqual(['accepted', 'accepted', 'busy']);
    expect(queue.size).toBe(5);
  });

  it('refuses a number that is in use, and takes it again after the answer', async () => {
    const { queue, end } = queueOf();
    expect(queue.offer(anna, { id: 1 })).toBe('accepted');
    expect(queue.offer(anna, { id: 1 })).toBe('duplicate');
    await end(0);
    expect(queue.offer(anna, { id: 1 })).toBe('accepted');
  });

  it('forgets a cancelled request that waits, and aborts one being served', async () => {
    const { queue, reads, end, failed } = queueOf({ laneCount: 1 });
    for (const id of [1, 2, 3]) queue.offer(anna, { id });
    expect([queue.cancel(anna, 2), queue.cancel(anna, 1), queue.cancel(anna, 9)]).toEqual([true, true, false]);
    expect(reads[0]?.signal.aborted).toBe(true);
    await end(0, new Error('aborted'));
    expect(reads.map(({ id }) => id)).toEqual([1, 3]);
    expect(failed).toEqual([]);
  });

  it('drops what a connection wanted when it goes, and serves the others', async () => {
    const { queue, reads, end } = queueOf({ laneCount: 1 });
    for (const id of [1, 2]) queue.offer(anna, { id });
    queue.offer(bert, { id: 1 });
    queue.drop(anna);
    expect(reads[0]?.signal.aborted).toBe(true);
    await end(0);
    expect(reads.map(({ connection }) => connection.name)).toEqual(['anna', 'bert']);
    await end(1);
    expect(queue.size).toBe(0);
  });

  it('tells a failure and goes on', async () => {
    const { queue, reads, end, failed } = queueOf({ laneCount: 1 });
    for (const id of [1, 2]) queue.offer(anna, { id });
    await end(0, new Error('EIO'));
    expect([failed, reads.map(({ id }) => id)]).toEqual([[1], [1, 2]]);
  });

  it('lets a connection whose lanes are full wait for itself only', () => {
    const { queue, reads } = queueOf({ laneCount: 3, laneCountPerConnection: 2 });
    for (const id of [1, 2, 3]) queue.offer(anna, { id });
    queue.offer(bert, { id: 1 });
    expect(reads.map(({ connection, id }) => `${connection.name}${id}`)).toEqual(['anna1', 'anna2', 'bert1']);
  });

  it('never starts an accepted request after a later one', async () => {
    const moves = fc.array(fc.record({ kind: fc.constantFrom('offer', 'end', 'cancel'), pick: fc.nat(200) }), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(moves, async (run) => {
        const { queue, reads, end } = queueOf({ laneCount: 3 });
        const accepted: number[] = [];
        for (const [id, { kind, pick }] of run.entries()) {
          if (kind === 'offer')
            accepted.push(...(queue.offer(pick % 2 ? anna : bert, { id }) === 'accepted' ? [id] : []));
          if (kind === 'end' && reads.length > 0) await end(pick % reads.length);
          if (kind === 'cancel' && !queue.cancel(anna, pick)) queue.cancel(bert, pick);
        }
        const started = reads.map(({ id }) => id);
        expect(started).toEqual([...started].sort((a, b) => a - b));
        expect(accepted).toEqual(expect.arrayContaining(started));
      }),
      { numRuns: 50 },
    );
  });
});
