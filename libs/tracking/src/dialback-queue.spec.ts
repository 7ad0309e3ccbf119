import { DialbackQueue } from './dialback-queue.js';
import { ManualDialback } from './tracking.fixture.js';

describe('DialbackQueue', () => {
  const make = (limits: { concurrency: number; queueMax: number }) => {
    const dialback = new ManualDialback();
    return { dialback, queue: new DialbackQueue({ dialback, timeoutMs: 1_000, ...limits }) };
  };
  const at = (port: number) => ({ host: '192.0.2.1', port });
  const ignore = (): void => undefined;

  it('dials a bounded number at a time, the others in order', async () => {
    const { dialback, queue } = make({ concurrency: 2, queueMax: 10 });
    const outcomes: string[] = [];
    for (const port of [1, 2, 3, 4]) queue.request(at(port), (outcome) => outcomes.push(`${port} ${outcome}`));
    expect(dialback.dialled.map(({ port }) => port)).toEqual([1, 2]);
    await dialback.answer(2, 'reachable');
    expect(dialback.dialled.map(({ port }) => port)).toEqual([1, 2, 3]);
    await dialback.answer(1, 'refused');
    expect(dialback.dialled.map(({ port }) => port)).toEqual([1, 2, 3, 4]);
    expect(outcomes).toEqual(['2 reachable', '1 refused']);
  });

  it('does not dial one address twice at a time', async () => {
    const { dialback, queue } = make({ concurrency: 2, queueMax: 10 });
    expect(queue.request(at(1), ignore)).toBe(true);
    expect(queue.request(at(1), ignore)).toBe(false);
    await dialback.answer(1, 'unreachable');
    expect(queue.request(at(1), ignore)).toBe(true);
  });

  it('turns away what does not fit', () => {
    const { queue } = make({ concurrency: 1, queueMax: 1 });
    expect([1, 2, 3].map((port) => queue.request(at(port), ignore))).toEqual([true, true, false]);
  });
});
