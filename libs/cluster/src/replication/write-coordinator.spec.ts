import { ReplicationBench } from './bench.fixture.js';
import { trackerId } from './fixed-view.fixture.js';
import { PENDING_RECORDS_MAX } from './limits.js';

const [t1, t2, t3, t4, t5] = [1, 2, 3, 4, 5].map(trackerId) as [string, string, string, string, string];

/** Slot 0 of five members: owners t1, t2, t3, then t4, t5. Only t1 is there; the test plays the others. */
describe('a write', () => {
  const begin = (memberCount = 5, options = {}): ReplicationBench => {
    const bench = new ReplicationBench(memberCount, options, 1);
    bench.queue = [];
    return bench;
  };
  const write = (bench: ReplicationBench, token = 1, slot = 0): void => {
    bench.step(t1, { kind: 'write', token, records: [bench.record(`key ${token}`, slot)] });
    bench.step(t1, { kind: 'flush' });
  };
  /** Who was sent it, in order; each of them answers if `answering` says so. */
  const sent = (bench: ReplicationBench, answering: readonly string[] = []): readonly string[] => {
    const applies = bench.queue.filter(({ message }) => message.kind === 'apply');
    bench.queue = [];
    for (const { to, message } of applies) {
      if (message.kind !== 'apply' || !answering.includes(to)) continue;
      bench.step(t1, { kind: 'message', from: to, message: { kind: 'applied', id: message.id, refused: [] } });
    }
    return applies.map(({ to }) => to);
  };
  const tickUntil = (bench: ReplicationBench, elapsedMs: number): void => bench.tick(elapsedMs);

  it('goes to the owners at once, and is answered when three have it, the writer included', () => {
    const bench = begin();
    write(bench);
    expect(sent(bench, [t2])).toEqual([t2, t3]);
    expect(bench.answers).toEqual([]);
    const applies = sent(bench);
    expect(applies).toEqual([]);
    write(bench, 2);
    expect(sent(bench, [t2, t3])).toEqual([t2, t3]);
    expect(bench.answers).toEqual([{ kind: 'written', token: 2, copies: 3 }]);
  });

  it('is not kept by a writer that does not own it', () => {
    const bench = begin();
    write(bench, 1, 1);
    expect(bench.table(1).recordCount).toBe(0);
    expect(sent(bench, [t2, t3, t4])).toEqual([t2, t3, t4]);
    expect(bench.answers).toHaveLength(1);
  });

  it('asks the next in rank after 40 ms, then the next again, and counts whoever answers', () => {
    const bench = begin();
    write(bench);
    sent(bench, [t2]);
    tickUntil(bench, 39);
    expect(sent(bench)).toEqual([]);
    tickUntil(bench, 1);
    expect(sent(bench)).toEqual([t4]);
    tickUntil(bench, 40);
    expect(sent(bench, [t5])).toEqual([t5]);
    expect(bench.answers).toEqual([{ kind: 'written', token: 1, copies: 3 }]);
    expect(bench.node(1).counters).toMatchObject({ hedges: 2, degraded: 0 });
  });

  it('does not wait for a suspect: its stand-in is asked along with the owners', () => {
    const bench = begin();
    bench.view.set(t2, { health: 'suspect' });
    bench.viewChanged();
    bench.queue = [];
    write(bench);
    expect(sent(bench, [t3, t4])).toEqual([t2, t3, t4]);
    expect(bench.answers).toEqual([{ kind: 'written', token: 1, copies: 3 }]);
  });

  it('does not count one tracker twice, nor an answer that says it was refused', () => {
    const bench = begin(3);
    write(bench);
    const [first] = bench.queue.filter(({ message }) => message.kind === 'apply');
    if (first?.message.kind !== 'apply') throw new Error('nothing was sent');
    const { id } = first.message;
    bench.queue = [];
    bench.step(t1, { kind: 'message', from: t2, message: { kind: 'applied', id, refused: [] } });
    bench.step(t1, { kind: 'message', from: t2, message: { kind: 'applied', id, refused: [] } });
    bench.tick(40);
    bench.tick(500);
    expect(sent(bench, [t3])).toEqual([t3]);
    expect(bench.answers).toHaveLength(1);
    write(bench, 2);
    for (const { to, message } of bench.queue) {
      if (message.kind !== 'apply') continue;
      bench.step(t1, { kind: 'message', from: to, message: { kind: 'applied', id: message.id, refused: [0] } });
    }
    expect(bench.answers).toHaveLength(1);
  });

  it('asks again where no answer came, for the link may have broken', () => {
    const bench = begin(3);
    write(bench);
    sent(bench, [t2]);
    bench.tick(40);
    expect(sent(bench)).toEqual([]);
    bench.tick(500);
    expect(sent(bench, [t3])).toEqual([t3]);
    expect(bench.answers).toEqual([{ kind: 'written', token: 1, copies: 3 }]);
    expect(bench.node(1).counters.retries).toBe(1);
  });

  it('is answered after two seconds with the copies there are', () => {
    const bench = begin(3);
    write(bench);
    sent(bench, [t2]);
    for (let at = 0; at < 79; at += 1) bench.tick(25);
    expect(bench.answers).toEqual([]);
    bench.tick(25);
    expect(bench.answers).toEqual([{ kind: 'written', token: 1, copies: 2 }]);
    expect(bench.node(1).counters).toMatchObject({ degraded: 1, writtenByCopies: [0, 0, 1, 0] });
  });

  it('is kept by a writer that reached nobody, rather than refused', () => {
    const bench = begin();
    write(bench, 1, 1);
    for (let at = 0; at < 80; at += 1) bench.tick(25);
    expect(bench.answers).toEqual([{ kind: 'written', token: 1, copies: 1 }]);
    expect(bench.table(1).recordCount).toBe(1);
  });

  it('is answered when the death of an owner is known and no more are there', () => {
    const bench = begin(3);
    write(bench);
    sent(bench, [t2]);
    bench.view.set(t3, { health: 'dead' });
    bench.viewChanged();
    expect(bench.answers).toEqual([{ kind: 'written', token: 1, copies: 2 }]);
  });

  it('does not count who had it and died or restarted before there were three', () => {
    const bench = begin();
    write(bench);
    sent(bench, [t2]);
    bench.view.set(t2, { startedAt: 2 });
    bench.viewChanged();
    expect(sent(bench, [t3])).toEqual([t2]);
    expect(bench.answers).toEqual([]);
    bench.tick(40);
    expect(sent(bench, [t4])).toEqual([t4]);
    expect(bench.answers).toEqual([]);
    bench.tick(40);
    expect(sent(bench, [t5])).toEqual([t5]);
    expect(bench.answers).toEqual([{ kind: 'written', token: 1, copies: 3 }]);
  });

  it('goes to those that join as well, and does not count them', () => {
    const bench = begin(3);
    bench.view.set(t4, { phase: 'joining' });
    bench.viewChanged();
    bench.queue = [];
    write(bench, 1, 3);
    expect(sent(bench, [t2, t4])).toEqual([t2, t3, t4]);
    expect(bench.answers).toEqual([]);
  });

  it('of many records is answered when the last of them has three copies, and tells the fewest', () => {
    const bench = begin(5);
    const records = Array.from({ length: 100 }, (_, at) => bench.record(`key ${at}`, at));
    bench.step(t1, { kind: 'write', token: 1, records });
    bench.step(t1, { kind: 'flush' });
    expect(new Set(sent(bench, [t2, t3, t4]))).toEqual(new Set([t2, t3, t4, t5]));
    expect(bench.answers).toEqual([]);
    for (let at = 0; at < 3; at += 1) {
      bench.tick(40);
      sent(bench, [t2, t3, t4, t5]);
    }
    expect(bench.answers).toEqual([{ kind: 'written', token: 1, copies: 3 }]);
    expect(bench.node(1).pendingCount).toBe(0);
  });

  it('is gathered with others into one message for each tracker', () => {
    const bench = begin(3);
    for (let token = 1; token <= 50; token += 1) {
      bench.step(t1, { kind: 'write', token, records: [bench.record(`key ${token}`, token)] });
    }
    bench.step(t1, { kind: 'flush' });
    expect(sent(bench, [t2, t3])).toEqual([t2, t3]);
    expect(bench.answers).toHaveLength(50);
  });

  it('is refused when it could not be kept, with the reason', () => {
    const bench = begin(3);
    const refuse = (rest: object): unknown => {
      bench.step(t1, { kind: 'write', token: 9, records: [bench.record('key', 0, rest)] });
      return bench.answers.pop();
    };
    const nowMs = bench.clock.nowMs();
    const refused = (code: string): object => ({ kind: 'refused', token: 9, error: expect.objectContaining({ code }) });
    expect(refuse({ clock: (nowMs + 11_000) * 4096 })).toEqual(refused('record_refused'));
    expect(refuse({ clock: (nowMs - 46 * 60_000) * 4096 })).toEqual(refused('record_refused'));
    expect(refuse({ key: Buffer.alloc(0) })).toEqual(refused('record_refused'));
    expect(refuse({ value: Buffer.alloc(1_200_000) })).toEqual(refused('record_refused'));
    expect(bench.table(1).recordCount).toBe(0);
  });

  it('is refused when too many wait already', () => {
    const bench = begin(3);
    const record = bench.record('key', 0);
    bench.step(t1, { kind: 'write', token: 1, records: Array(PENDING_RECORDS_MAX).fill(record) });
    bench.step(t1, { kind: 'write', token: 2, records: [record] });
    expect(bench.answers).toEqual([
      { kind: 'refused', token: 2, error: expect.objectContaining({ code: 'cluster_busy', retryable: true }) },
    ]);
  });

  it('waits for the own disk if it is durable', () => {
    const bench = begin(3);
    bench.step(t1, { kind: 'write', token: 1, records: [bench.record('key', 0, { recordClass: 'durable' })] });
    bench.step(t1, { kind: 'flush' });
    expect(bench.effects.at(-1)).toMatchObject({ kind: 'persist', sequence: 1, isDurable: true });
    sent(bench, [t2, t3]);
    expect(bench.answers).toEqual([]);
    bench.step(t1, { kind: 'persisted', upTo: 1 });
    expect(bench.answers).toEqual([{ kind: 'written', token: 1, copies: 3 }]);
  });
});
