import { ArrivalPace } from './arrival-pace.js';
import {
  AVOID_MS,
  AVOID_MS_MAX,
  BAN_MS,
  BAN_MS_MAX,
  FIRST_BLOCK_MS,
  FIRST_BLOCK_MS_MAX,
  STALL_MS_MAX,
  STALL_MS_MIN,
  WINDOW_BYTES_MAX,
} from './limits.js';
import { MeasuredSelector } from './measured-selector.js';
import { Penalty } from './penalty.js';
import { RequestWindow } from './request-window.js';
import { sourceSelectorCases } from './source-selector.compliance.js';
import { SpeedMeter } from './speed-meter.js';

const MIB = 1024 * 1024;

describe('RequestWindow', () => {
  it.each([
    [16 * 1024, 4],
    [256 * 1024, 4],
    [MIB, 2],
  ])('starts with a few blocks of %i bytes', (blockBytes, blockCount) => {
    expect(new RequestWindow(blockBytes).bytes).toBe(blockCount * blockBytes);
  });

  it('doubles a round trip, and then holds about half a second of the rate', () => {
    const window = new RequestWindow(256 * 1024);
    const rate = 10 * MIB;
    for (let count = 0; count < 400; count += 1) window.arrived(256 * 1024, 20, rate);
    expect(window.bytes / rate).toBeGreaterThan(0.4);
    expect(window.bytes / rate).toBeLessThan(1.2);
  });

  it('is bounded, however fast the source, and small again after a fault', () => {
    const window = new RequestWindow(MIB);
    const start = window.bytes;
    for (let count = 0; count < 100; count += 1) window.arrived(MIB, 1, 1e12);
    expect(window.bytes).toBe(WINDOW_BYTES_MAX);
    window.restart();
    expect(window.bytes).toBe(start);
  });

  it('shrinks with the rate, to two blocks at least', () => {
    const window = new RequestWindow(MIB);
    for (let count = 0; count < 20; count += 1) window.arrived(MIB, 10, 100 * MIB);
    for (let count = 0; count < 200; count += 1) window.arrived(MIB, 10_000, 100_000);
    expect(window.bytes).toBe(2 * MIB);
  });
});

describe('ArrivalPace', () => {
  it('is patient with the first block, more so after each stall', () => {
    const pace = new ArrivalPace();
    expect([0, 1, 2, 20].map((strikes) => pace.deadlineMs(strikes))).toEqual([
      FIRST_BLOCK_MS,
      2 * FIRST_BLOCK_MS,
      4 * FIRST_BLOCK_MS,
      FIRST_BLOCK_MS_MAX,
    ]);
  });

  it.each([
    ['fast', 1, STALL_MS_MIN, STALL_MS_MIN],
    ['slow', 5000, 5000, 20_000],
    ['very slow', 200_000, STALL_MS_MAX, STALL_MS_MAX],
  ])('follows the gaps of a %s source, within bounds', (_name, gapMs, min, max) => {
    const pace = new ArrivalPace();
    for (let count = 0; count < 50; count += 1) pace.arrived(gapMs);
    expect(pace.deadlineMs(0)).toBeGreaterThanOrEqual(min);
    expect(pace.deadlineMs(0)).toBeLessThanOrEqual(max);
  });
});

describe('Penalty', () => {
  it('doubles with each strike up to its bound, and takes one back for a chunk', () => {
    const penalty = new Penalty();
    const durations: number[] = [];
    for (let count = 0; count < 8; count += 1) {
      const nowMs = penalty.untilMs;
      penalty.punish('lost', nowMs);
      durations.push(penalty.untilMs - nowMs);
    }
    expect(durations.slice(0, 3)).toEqual([AVOID_MS, 2 * AVOID_MS, 4 * AVOID_MS]);
    expect(durations.at(-1)).toBe(AVOID_MS_MAX);
    const { strikes } = penalty;
    penalty.relent();
    expect(penalty.strikes).toBe(strikes - 1);
  });

  it('bans for longer each time, never for ever, and forgives no ban', () => {
    const penalty = new Penalty();
    penalty.punish('bad-chunk', 0);
    expect(penalty.untilMs).toBe(BAN_MS);
    penalty.forgive();
    expect(penalty.isOver(BAN_MS - 1)).toBe(false);
    for (let count = 0; count < 9; count += 1) penalty.punish('bad-chunk', BAN_MS);
    expect(penalty.untilMs).toBe(BAN_MS + BAN_MS_MAX);
  });

  it('never shortens one punishment by another', () => {
    const penalty = new Penalty();
    penalty.punish('bad-chunk', 0);
    penalty.punish('busy', 0);
    expect(penalty.untilMs).toBe(BAN_MS);
  });
});

describe('SpeedMeter', () => {
  it('measures speed while busy, and how stable it is', () => {
    const [steady, bursty] = [new SpeedMeter(2000, 0), new SpeedMeter(2000, 0)];
    for (const meter of [steady, bursty]) meter.setBusy(true, 0);
    for (let interval = 1; interval <= 10; interval += 1) {
      steady.add(2_000_000);
      if (interval % 2 === 0) bursty.add(4_000_000);
      for (const meter of [steady, bursty]) meter.tick(interval * 2000);
    }
    expect(steady.speed).toBeCloseTo(1_000_000);
    expect(steady.stability).toBeCloseTo(1);
    expect(bursty.stability).toBeLessThan(0.5);
  });

  it('leaves out the time in which nothing was asked', () => {
    const meter = new SpeedMeter(2000, 0);
    meter.setBusy(true, 0);
    meter.add(1_000_000);
    meter.setBusy(false, 1000);
    meter.tick(2000);
    expect(meter.speed).toBeCloseTo(1_000_000);
    for (let nowMs = 4000; nowMs < 60_000; nowMs += 2000) meter.tick(nowMs);
    expect(meter.speed).toBeCloseTo(1_000_000);
  });

  it('knows a rate before the first interval is over', () => {
    const meter = new SpeedMeter(2000, 0);
    meter.setBusy(true, 0);
    meter.add(50_000);
    expect(meter.rate(100)).toBeCloseTo(500_000);
  });
});

describe('MeasuredSelector as a SourceSelector', () => {
  it.each(sourceSelectorCases(() => new MeasuredSelector()))('$name', async ({ run }) =>
    expect(await run()).toBeUndefined(),
  );
});

describe('MeasuredSelector', () => {
  const standing = (name: string, speed: number, stability: number) => {
    return { name, speed, stability, chunksDone: 0, badChunks: 0, isComplete: true, isDoubtful: false };
  };

  it('puts priority before speed, and a steady source before a somewhat faster one', () => {
    const selector = new MeasuredSelector([['mine', 1]]);
    const order = [standing('mine', 10, 0.1), standing('steady', 1000, 1), standing('bursty', 1300, 0.1)];
    const scores = order.map((source) => selector.score(source));
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  it('tries a newcomer before those it knows', () => {
    const selector = new MeasuredSelector();
    expect(selector.score(standing('new', 0, 0))).toBeGreaterThan(selector.score(standing('old', 1e9, 1)));
  });

  it('puts one that failed and brought nothing since after all others of its priority, and no lower', () => {
    const selector = new MeasuredSelector([['far', -1]]);
    const scores = [
      standing('old', 1, 0),
      { ...standing('hung', 0, 0), isDoubtful: true },
      standing('far', 1e9, 1),
    ].map((source) => selector.score(source));
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  it('makes a source below 0 a last resort, until told otherwise', () => {
    const selector = new MeasuredSelector([['far', -5]]);
    expect(selector.isLastResort('far')).toBe(true);
    selector.setPriority('far', 0);
    expect(selector.isLastResort('far')).toBe(false);
  });

  it.each([101, -101, Number.NaN])('refuses %d as a priority', (priority) => {
    expect(() => new MeasuredSelector([['x', priority]])).toThrow(RangeError);
  });
});
