import { ManualClock, SeededRandom, silentLogger } from '@panal/runtime';
import type { AuditEvent } from './audit-event.js';
import { auditSinkCases } from './audit-sink.compliance.js';
import { AuditTrail } from './audit-trail.js';
import { BATCH_MAX, QUEUE_MAX, RETRY_MS } from './limits.js';
import { LogAuditSink } from './log-audit-sink.js';

describe('LogAuditSink as an AuditSink', () => {
  it.each(auditSinkCases(() => new LogAuditSink(silentLogger)))('$name', async ({ run }) =>
    expect(await run()).toBeUndefined(),
  );
});

const note = { plugin: 'example', action: 'thing.done', outcome: 'done', fields: {} } as const;
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('AuditTrail', () => {
  const clock = new ManualClock();
  const make = () => {
    const kept: AuditEvent[][] = [];
    const state = { isFailing: false };
    const sink = {
      append: async (events: readonly AuditEvent[]) => {
        if (state.isFailing) throw new Error('the sink is away');
        kept.push([...events]);
      },
    };
    const random = new SeededRandom(1);
    const trail = new AuditTrail({ sink, server: 't1', clock, timers: clock, random, logger: silentLogger });
    return { trail, kept, state };
  };

  it('brings events in order, in batches, each with an id of its own', async () => {
    const { trail, kept } = make();
    for (let number = 0; number <= BATCH_MAX; number += 1) trail.record({ ...note, fields: { number } });
    await settle();
    const numbers = kept.flat().map((event) => (event.kind === 'plugin' ? event.fields.number : undefined));
    expect(numbers).toEqual(Array.from({ length: BATCH_MAX + 1 }, (_, number) => number));
    expect(Math.max(...kept.map(({ length }) => length))).toBeLessThanOrEqual(BATCH_MAX);
    expect(new Set(kept.flat().map(({ id }) => id)).size).toBe(BATCH_MAX + 1);
  });

  it('keeps what the sink did not take, and brings it again with the same ids', async () => {
    const { trail, kept, state } = make();
    state.isFailing = true;
    trail.record(note);
    await settle();
    expect([kept.length, trail.waitingCount]).toEqual([0, 1]);
    state.isFailing = false;
    clock.advance(RETRY_MS);
    await settle();
    expect([kept.flat().length, trail.waitingCount]).toEqual([1, 0]);
  });

  it('holds a bounded number, says so, and leaves a gap where events were lost', async () => {
    const { trail, kept, state } = make();
    state.isFailing = true;
    const taken = Array.from({ length: QUEUE_MAX + 3 }, () => trail.record(note));
    expect(taken.filter((isTaken) => !isTaken).length).toBe(3);
    await settle();
    state.isFailing = false;
    clock.advance(RETRY_MS);
    await settle();
    trail.record(note);
    await settle();
    const all = kept.flat();
    expect(all.length).toBe(QUEUE_MAX + 2);
    expect(all.at(-2)).toMatchObject({ kind: 'gap', lostCount: 3, server: 't1' });
  });

  it('brings what waits when it is closed, and takes nothing after', async () => {
    const { trail, kept, state } = make();
    state.isFailing = true;
    trail.record(note);
    await settle();
    state.isFailing = false;
    await trail.close();
    expect([kept.flat().length, trail.record(note)]).toEqual([1, false]);
  });
});
