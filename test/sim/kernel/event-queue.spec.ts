import { SeededRandom } from '@panal/runtime';
import { EventQueue } from './event-queue.js';

describe('EventQueue', () => {
  it('gives events by time, and those of one moment in the order they were added', () => {
    const random = new SeededRandom(7);
    const queue = new EventQueue();
    for (let count = 0; count < 2000; count += 1) {
      queue.add(random.below(50), () => undefined);
      if (random.below(3) === 0) queue.take();
    }
    let last = { dueMs: -1, order: -1 };
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      const isLater = next.dueMs > last.dueMs || (next.dueMs === last.dueMs && next.order > last.order);
      expect(isLater).toBe(true);
      last = next;
    }
    expect(queue.size).toBe(0);
  });
});
