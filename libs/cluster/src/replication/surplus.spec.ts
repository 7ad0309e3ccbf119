import { ReplicationBench } from './bench.fixture.js';
import { encodeSlotDigests } from './digest-codec.js';
import { trackerId } from './fixed-view.fixture.js';
import { DROP_RECORDS_MAX } from './limits.js';
import { encodeRecords } from './record-codec.js';

const [t1, t2, t3, t4, t5] = [1, 2, 3, 4, 5].map(trackerId) as [string, string, string, string, string];

/** Slot 1 of five members is owned by t2, t3 and t4; t1 has something of it. The test plays the others. */
describe('a copy of what others own', () => {
  const SLOT = 1;

  const begin = (dropDelayMs = 0): ReplicationBench => {
    const bench = new ReplicationBench(5, { dropDelayMs }, 1);
    bench.table(1).apply(bench.record('key', SLOT), bench.clock.nowMs());
    bench.queue = [];
    return bench;
  };
  const covered = (bench: ReplicationBench, from: string, isOwner = true): void => {
    const slots = encodeSlotDigests([{ slot: SLOT, isOwner, isSynced: true, ...bench.table(1).digests.slot(SLOT) }]);
    bench.step(t1, { kind: 'message', from, message: { kind: 'covered', slots } });
  };
  const offeredTo = (bench: ReplicationBench): readonly string[] => {
    const to = bench.queue.filter(({ message }) => message.kind === 'offer').map((one) => one.to);
    bench.queue = [];
    return to;
  };
  const isHeld = (bench: ReplicationBench): boolean => {
    bench.tick(1_000);
    return bench.table(1).recordCount > 0;
  };

  it('is offered to all owners, again and again, and kept until every one of them has it', () => {
    const bench = begin();
    bench.tick(1_000);
    expect(offeredTo(bench)).toEqual([t2, t3, t4]);
    covered(bench, t2);
    covered(bench, t3);
    expect(isHeld(bench)).toBe(true);
    expect(offeredTo(bench)).toEqual([t4]);
    covered(bench, t4);
    expect(isHeld(bench)).toBe(false);
    expect(bench.effects).toContainEqual({ kind: 'erase', slots: [SLOT] });
    expect(bench.node(1).counters).toMatchObject({ slotsDropped: 1, recordsDropped: 1 });
  });

  it('is kept when who confirms does not think that it owns the slot, or owns it in no view but its own', () => {
    const bench = begin();
    covered(bench, t2);
    covered(bench, t3);
    covered(bench, t4, false);
    covered(bench, t5);
    expect(isHeld(bench)).toBe(true);
  });

  it('is kept when something came after it was confirmed', () => {
    const bench = begin();
    for (const owner of [t2, t3, t4]) covered(bench, owner);
    bench.table(1).apply(bench.record('another', SLOT), bench.clock.nowMs());
    expect(isHeld(bench)).toBe(true);
    bench.queue = [];
    bench.tick(1_000);
    expect(offeredTo(bench)).toEqual([t2, t3, t4]);
  });

  it('is kept when an owner that confirmed restarted, or another became owner', () => {
    const bench = begin();
    for (const owner of [t2, t3, t4]) covered(bench, owner);
    bench.view.set(t3, { startedAt: 9 });
    bench.viewChanged();
    expect(isHeld(bench)).toBe(true);
    covered(bench, t3);
    bench.view.set(t4, { health: 'dead' });
    bench.viewChanged();
    expect(isHeld(bench)).toBe(true);
    covered(bench, t5);
    expect(isHeld(bench)).toBe(false);
  });

  it('is kept when an owner that confirmed may have gone since: it is suspected, or said so long ago', () => {
    const bench = begin();
    for (const owner of [t2, t3, t4]) covered(bench, owner);
    bench.view.set(t3, { health: 'suspect' });
    bench.viewChanged();
    expect(isHeld(bench)).toBe(true);
    bench.tick(4_000);
    bench.view.set(t3, { health: 'alive' });
    bench.viewChanged();
    for (const owner of [t2, t3]) covered(bench, owner);
    for (let at = 0; at < 4; at += 1) expect(isHeld(bench)).toBe(true);
    covered(bench, t4);
    expect(isHeld(bench)).toBe(true);
    for (const owner of [t2, t3]) covered(bench, owner);
    expect(isHeld(bench)).toBe(false);
  });

  it('is kept for some time after the members changed, even if confirmed', () => {
    const bench = begin(10_000);
    for (let at = 0; at < 9; at += 1) {
      for (const owner of [t2, t3, t4]) covered(bench, owner);
      expect(isHeld(bench)).toBe(true);
    }
    for (const owner of [t2, t3, t4]) covered(bench, owner);
    bench.tick(1_000);
    expect(isHeld(bench)).toBe(false);
  });

  it('does not wait longer because somebody is suspected now and then', () => {
    const bench = begin(10_000);
    for (let at = 0; at < 9; at += 1) {
      for (const owner of [t2, t3, t4]) covered(bench, owner);
      bench.view.set(t5, { health: at % 2 === 0 ? 'suspect' : 'alive' });
      bench.viewChanged();
      expect(isHeld(bench)).toBe(true);
    }
    for (const owner of [t2, t3, t4]) covered(bench, owner);
    bench.tick(1_000);
    expect(isHeld(bench)).toBe(false);
  });

  describe('of a very large slot', () => {
    const COUNT = 2 * DROP_RECORDS_MAX + 100;
    const beginLarge = (): ReplicationBench => {
      const bench = new ReplicationBench(5, { dropDelayMs: 0 }, 1);
      for (let at = 0; at < COUNT; at += 1) bench.table(1).apply(bench.record(`key ${at}`, SLOT), bench.clock.nowMs());
      for (const owner of [t2, t3, t4]) covered(bench, owner);
      bench.tick(1_000);
      return bench;
    };
    const left = (bench: ReplicationBench): number => bench.table(1).recordCountIn(SLOT);
    const erased = (bench: ReplicationBench): number => bench.effects.filter(({ kind }) => kind === 'erase').length;

    it('goes in parts, one a tick, and is erased on the disk once all of it is gone', () => {
      const bench = beginLarge();
      expect(left(bench)).toBe(DROP_RECORDS_MAX + 100);
      bench.tick();
      expect(left(bench)).toBe(100);
      expect(erased(bench)).toBe(0);
      bench.tick();
      expect(left(bench)).toBe(0);
      expect(erased(bench)).toBe(1);
      expect(bench.node(1).counters).toMatchObject({ slotsDropped: 1, recordsDropped: COUNT });
      expect(offeredTo(bench)).toEqual([]);
    });

    it.each([
      [
        'a record comes that nobody confirmed',
        (bench: ReplicationBench) => {
          const batches = [encodeRecords([bench.record('late', SLOT)])];
          bench.step(t1, { kind: 'message', from: t2, message: { kind: 'apply', id: 1, batches } });
        },
        1,
      ],
      [
        'an owner restarts',
        (bench: ReplicationBench) => {
          bench.view.set(t3, { startedAt: 9 });
          bench.viewChanged();
        },
        0,
      ],
      [
        'an owner dies',
        (bench: ReplicationBench) => {
          bench.view.set(t4, { health: 'dead' });
          bench.viewChanged();
        },
        0,
      ],
      ['an owner is suspected', (bench: ReplicationBench) => bench.view.set(t4, { health: 'suspect' }), 0],
      ['it takes longer than confirmations are believed', (bench: ReplicationBench) => bench.clock.advance(3_000), 0],
      ['this tracker leaves', (bench: ReplicationBench) => void bench.step(t1, { kind: 'leave' }), 0],
    ])('keeps what is left of it when %s', (_what, happens, moreCount) => {
      const bench = beginLarge();
      happens(bench);
      for (let at = 0; at < 5; at += 1) bench.tick();
      expect(left(bench)).toBe(DROP_RECORDS_MAX + 100 + moreCount);
      expect(erased(bench)).toBe(0);
      bench.tick(1_000);
      expect(offeredTo(bench)).toContain(t2);
    });
  });

  it('is confirmed by an owner only after its disk has it', () => {
    const bench = new ReplicationBench(5, { dropDelayMs: 0 }, 2);
    const record = bench.record('key', SLOT, { recordClass: 'durable' });
    bench.table(1).apply(record, bench.clock.nowMs());
    const confirmations = (): number =>
      bench.queue.filter(({ from, message }) => from === t2 && message.kind === 'covered').length;
    let seen = 0;
    for (let at = 0; at < 5; at += 1) {
      bench.tick(1_000);
      bench.deliver((_from, _to, { kind }) => {
        if (kind === 'covered') seen += 1;
        return true;
      });
    }
    expect(bench.table(2).recordCount).toBe(1);
    expect(seen).toBe(0);
    bench.step(t2, { kind: 'persisted', upTo: 1 });
    expect(confirmations()).toBeGreaterThan(0);
  });
});
