import type { ClusterRecord, RecordClass } from '../record.js';
import { PersistQueue } from './persist-queue.js';

describe('PersistQueue', () => {
  const record = (recordClass: RecordClass): ClusterRecord => ({
    key: Buffer.from('key'),
    slot: 1,
    recordClass,
    clock: 1,
    origin: 1,
    isDead: false,
    serveUntilMs: 1,
    value: Buffer.alloc(0),
  });

  it('gives what was gathered once, durable records first, each part with the next number', () => {
    const queue = new PersistQueue<string>();
    expect(queue.take()).toEqual([]);
    queue.add(record('soft'));
    queue.add(record('durable'));
    queue.add(record('soft'));
    expect(queue.take()).toMatchObject([
      { sequence: 1, isDurable: true, records: { length: 1 } },
      { sequence: 2, isDurable: false, records: { length: 2 } },
    ]);
    expect(queue.take()).toEqual([]);
  });

  it('lets wait for durable records only, and only while they are not on disk', () => {
    const queue = new PersistQueue<string>();
    queue.add(record('soft'));
    expect(queue.waitForDurable('nobody')).toBe(false);
    queue.take();
    queue.add(record('durable'));
    expect(queue.waitForDurable('before it is given')).toBe(true);
    queue.take();
    expect(queue.waitForDurable('after')).toBe(true);
    expect(queue.persisted(1)).toEqual([]);
    expect(queue.persisted(2)).toEqual(['before it is given', 'after']);
    expect(queue.waitForDurable('too late')).toBe(false);
    expect(queue.waitingCount).toBe(0);
  });

  it('releases in order, as far as the log has come', () => {
    const queue = new PersistQueue<number>();
    for (let at = 1; at <= 3; at += 1) {
      queue.add(record('durable'));
      queue.waitForDurable(at);
      queue.take();
    }
    expect(queue.persisted(2)).toEqual([1, 2]);
    expect(queue.persisted(2)).toEqual([]);
    expect(queue.persisted(99)).toEqual([3]);
  });
});
