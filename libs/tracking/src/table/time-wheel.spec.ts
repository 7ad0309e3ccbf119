import fc from 'fast-check';
import { WHEEL_BUCKET_MS, WHEEL_BUCKETS } from './limits.js';
import { Slab } from './slab.js';
import { TimeWheel } from './time-wheel.js';

const START_MS = 1_700_000_000_000;
const TURN_MS = WHEEL_BUCKETS * WHEEL_BUCKET_MS;

class Trial {
  readonly slab = new Slab(2);
  readonly due = new Map<number, number>();
  readonly wheel = new TimeWheel({
    slab: this.slab,
    nextWord: 0,
    previousWord: 1,
    dueAtMs: (row) => this.due.get(row) ?? 0,
  });

  file(dueMs: number, nowMs: number): number {
    const row = this.slab.allocate();
    this.due.set(row, dueMs);
    this.wheel.file(row, nowMs);
    return row;
  }

  move(row: number, dueMs: number, nowMs: number): void {
    this.wheel.remove(row);
    this.due.set(row, dueMs);
    this.wheel.file(row, nowMs);
  }

  /** Rows that came out, in order of their numbers. */
  advance(nowMs: number, looksMax = 1_000_000): number[] {
    const taken: number[] = [];
    this.wheel.advance(nowMs, looksMax, (row) => taken.push(row) > 0);
    for (const row of taken) this.due.delete(row);
    return taken.sort((a, b) => a - b);
  }
}

describe('TimeWheel', () => {
  it('gives a row when it is due to the millisecond, not before', () => {
    const trial = new Trial();
    const row = trial.file(START_MS + 1_001, START_MS);
    expect(trial.advance(START_MS + 1_000)).toEqual([]);
    expect(trial.advance(START_MS + 1_001)).toEqual([row]);
    expect(trial.advance(START_MS + 2_000)).toEqual([]);
  });

  it('keeps what is due many turns from now', () => {
    const trial = new Trial();
    const row = trial.file(START_MS + 3.5 * TURN_MS, START_MS);
    for (let turn = 1; turn <= 3; turn += 1) expect(trial.advance(START_MS + turn * TURN_MS)).toEqual([]);
    expect(trial.advance(START_MS + 3.5 * TURN_MS - 1)).toEqual([]);
    expect(trial.advance(START_MS + 3.5 * TURN_MS)).toEqual([row]);
  });

  it('never gives what has no end', () => {
    const trial = new Trial();
    trial.file(Number.POSITIVE_INFINITY, START_MS);
    expect(trial.advance(START_MS + 100 * TURN_MS)).toEqual([]);
  });

  it('gives what comes after the clock went back in its time, not in that of the former clock', () => {
    const trial = new Trial();
    trial.file(START_MS + 10 * TURN_MS, START_MS);
    trial.advance(START_MS + TURN_MS / 2);
    const early = trial.file(START_MS + 500, START_MS);
    expect(trial.advance(START_MS + 500)).toEqual([early]);
    trial.advance(START_MS + TURN_MS / 2);
    trial.advance(START_MS + 600);
    const late = trial.file(START_MS + 900, START_MS + 600);
    expect(trial.advance(START_MS + 900)).toEqual([late]);
  });

  it('takes a jump of ages for one turn', () => {
    const trial = new Trial();
    const row = trial.file(START_MS * 500, START_MS);
    trial.file(START_MS * 2_000, START_MS);
    expect(trial.advance(START_MS * 1_000)).toEqual([row]);
  });

  it('stops after the looks it may take, and goes on from there', () => {
    const trial = new Trial();
    const rows = Array.from({ length: 10 }, (_, at) => trial.file(START_MS + at, START_MS));
    const taken = [4, 4, 4, 4].map((looksMax) => trial.advance(START_MS + 1_000, looksMax));
    expect(taken.map(({ length }) => length)).toEqual([4, 4, 2, 0]);
    expect(taken.flat().sort((a, b) => a - b)).toEqual(rows);
  });

  it('stops when told to, and loses nothing', () => {
    const trial = new Trial();
    for (let at = 0; at < 5; at += 1) trial.file(START_MS, START_MS);
    let taken = 0;
    trial.wheel.advance(START_MS, 100, () => (taken += 1) < 2);
    expect(taken).toBe(2);
    expect(trial.advance(START_MS)).toHaveLength(3);
  });

  it('agrees with a list, whether the clock walks, jumps, or goes back', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('file' as const), inMs: fc.integer({ min: -1_000, max: 3 * TURN_MS }) }),
      fc.record({ kind: fc.constant('file' as const), inMs: fc.nat(2_000) }),
      fc.record({ kind: fc.constant('move' as const), which: fc.nat(50), inMs: fc.nat(5_000) }),
      fc.record({ kind: fc.constant('remove' as const), which: fc.nat(50) }),
      fc.record({ kind: fc.constant('walk' as const), byMs: fc.integer({ min: -3_000, max: 3_000 }) }),
      fc.record({ kind: fc.constant('walk' as const), byMs: fc.integer({ min: -TURN_MS, max: 2 * TURN_MS }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const trial = new Trial();
        let nowMs = START_MS;
        /** After the clock went back, what is due may come as late as the clock was ahead. */
        let aheadMs = START_MS;
        const early: number[] = [];
        const late: number[] = [];
        for (const one of steps) {
          const rows = [...trial.due.keys()];
          const row = 'which' in one ? rows[one.which % Math.max(1, rows.length)] : undefined;
          if (one.kind === 'file') trial.file(nowMs + one.inMs, nowMs);
          else if (one.kind === 'move' && row !== undefined) trial.move(row, nowMs + one.inMs, nowMs);
          else if (one.kind === 'remove' && row !== undefined) {
            trial.wheel.remove(row);
            trial.due.delete(row);
          } else if (one.kind === 'walk') {
            nowMs += one.byMs;
            const due = [...trial.due].filter(([, dueMs]) => dueMs <= nowMs).map(([number]) => number);
            const taken = trial.advance(nowMs);
            early.push(...taken.filter((number) => !due.includes(number)));
            if (nowMs >= aheadMs) late.push(...due.filter((number) => !taken.includes(number)));
            aheadMs = Math.max(aheadMs, nowMs);
          }
        }
        expect({ early, late }).toEqual({ early: [], late: [] });
      }),
      { numRuns: 1_000 },
    );
  });
});
