import fc from 'fast-check';
import { ExpiryQueue, type ExpiryTicket } from './expiry-queue.js';

describe('ExpiryQueue', () => {
  it('gives what is due, the earliest first, and keeps the rest', () => {
    const queue = new ExpiryQueue<string>();
    for (const [item, atMs] of [
      ['c', 30],
      ['a', 10],
      ['d', 40],
      ['b', 20],
    ] as const)
      queue.add(item, atMs);
    expect(queue.takeDue(9)).toEqual([]);
    expect(queue.takeDue(30)).toEqual(['a', 'b', 'c']);
    expect(queue.size).toBe(1);
  });

  it('follows an item whose time moves, either way', () => {
    const queue = new ExpiryQueue<string>();
    const a = queue.add('a', 10);
    const b = queue.add('b', 50);
    queue.move(a, 40);
    queue.move(b, 20);
    expect(queue.takeDue(20)).toEqual(['b']);
    expect(queue.takeDue(39)).toEqual([]);
    expect(queue.takeDue(40)).toEqual(['a']);
  });

  it('ignores a ticket that is used up', () => {
    const queue = new ExpiryQueue<string>();
    const a = queue.add('a', 10);
    queue.add('b', 20);
    queue.cancel(a);
    queue.cancel(a);
    queue.move(a, 5);
    expect(queue.takeDue(100)).toEqual(['b']);
  });

  it('agrees with a sorted list, whatever happens in whatever order', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), atMs: fc.nat(100) }),
      fc.record({ kind: fc.constant('move' as const), which: fc.nat(50), atMs: fc.nat(200) }),
      fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(50) }),
      fc.record({ kind: fc.constant('take' as const), byMs: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const queue = new ExpiryQueue<number>();
        const tickets: ExpiryTicket<number>[] = [];
        const model = new Map<number, number>();
        let nowMs = 0;
        /** Does one step to the queue and to the model. @returns What the two gave, sorted. */
        const apply = (one: (typeof steps)[number]): [taken: number[], expected: number[]] => {
          if (one.kind === 'add') {
            model.set(tickets.length, nowMs + one.atMs);
            tickets.push(queue.add(tickets.length, nowMs + one.atMs));
            return [[], []];
          }
          if (one.kind === 'take') {
            nowMs += one.byMs;
            const due = [...model].filter(([, atMs]) => atMs <= nowMs).map(([item]) => item);
            for (const item of due) model.delete(item);
            return [queue.takeDue(nowMs).sort((x, y) => x - y), due.sort((x, y) => x - y)];
          }
          const ticket = tickets[one.which % Math.max(1, tickets.length)];
          if (ticket !== undefined && one.kind === 'cancel') {
            queue.cancel(ticket);
            model.delete(ticket.item);
          } else if (ticket !== undefined && one.kind === 'move') {
            queue.move(ticket, one.atMs);
            if (model.has(ticket.item)) model.set(ticket.item, one.atMs);
          }
          return [[], []];
        };
        for (const one of steps) {
          const [taken, expected] = apply(one);
          expect(taken).toEqual(expected);
          expect(queue.size).toBe(model.size);
        }
      }),
    );
  });
});
