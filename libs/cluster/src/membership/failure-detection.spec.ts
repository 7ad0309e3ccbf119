import { SeededRandom } from '@panal/runtime';
import { ClockOffsets } from './clock-offsets.js';
import { GossipQueue, tellingsMax } from './gossip-queue.js';
import { AWARENESS_MAX, JOIN_RETRY_LONELY_MS, JOIN_RETRY_MAX_MS, SEEDS_MAX, STALL_MS } from './limits.js';
import { LocalHealth } from './local-health.js';
import type { News } from './news.js';
import { Seeds } from './seeds.js';
import { SteadyTime } from './steady-time.js';
import { Suspicion, suspicionMs } from './suspicion.js';

describe('suspicion', () => {
  // The table of memberlist's suspicion_test.go: 2 s to 30 s, three confirmations hoped for.
  it.each([
    [0, 30_000],
    [1, 16_000],
    [2, 7_810],
    [3, 2_000],
    [4, 2_000],
  ])('with %d of 3 confirmations lasts %d ms', (confirmations, ms) => {
    expect(suspicionMs({ confirmations, confirmationsHoped: 3, minMs: 2_000, maxMs: 30_000 })).toBe(ms);
  });

  it('is as short as can be where nobody can confirm', () => {
    expect(suspicionMs({ confirmations: 0, confirmationsHoped: 0, minMs: 2_000, maxMs: 30_000 })).toBe(2_000);
    expect(new Suspicion('a', 0, 3).isOver(1_999)).toBe(false);
    expect(new Suspicion('a', 0, 3).isOver(2_000)).toBe(true);
  });

  it('counts each accuser once, and no more of them than help', () => {
    const suspicion = new Suspicion('a', 0, 10);
    expect(suspicion.isOver(11_999)).toBe(false);
    expect(['a', 'b', 'b', 'c', 'd'].map((by) => suspicion.confirm(by))).toEqual([false, true, false, true, false]);
    expect(suspicion.isOver(2_000)).toBe(true);
  });

  it('lasts longer in larger clusters', () => {
    expect(new Suspicion('a', 0, 100).isOver(23_999)).toBe(false);
    expect(new Suspicion('a', 0, 100).isOver(24_000)).toBe(true);
  });
});

describe('steady time', () => {
  it('leaves out what the process slept through', () => {
    const time = new SteadyTime();
    expect([10_000, 10_050, 10_250, 40_250, 40_300].map((ms) => time.advance(ms))).toEqual([
      0,
      0,
      0,
      30_000 - STALL_MS,
      0,
    ]);
    expect(time.nowMs).toBe(300 + STALL_MS);
  });
});

describe('local health', () => {
  it('slows probes down by faults and by lag, within bounds', () => {
    const health = new LocalHealth();
    health.note(-1);
    expect(health.scale(500)).toBe(500);
    health.noteLag(150);
    health.note(1);
    expect(health.scale(500)).toBe(1_500);
    health.note(100);
    expect(health.awareness).toBe(AWARENESS_MAX);
    health.noteLag(20);
    for (let answer = 0; answer < AWARENESS_MAX; answer += 1) health.note(-1);
    expect(health.awareness).toBe(0);
  });
});

describe('clock offsets', () => {
  const reading = (offsetMs: number, roundTripMs: number, lateMs = 0) => ({
    sentAtMs: 1_000,
    roundTripMs,
    theirTimeMs: 1_000 + roundTripMs / 2 + offsetMs + lateMs,
  });

  it('believes the sample with the shortest way', () => {
    const offsets = new ClockOffsets();
    offsets.note('a', reading(70, 400, 150));
    offsets.note('a', reading(70, 2));
    offsets.note('a', reading(70, 900, -300));
    expect(offsets.all()).toEqual([{ id: 'a', offsetMs: 70, roundTripMs: 2 }]);
  });

  it('follows a clock that was set: old samples go', () => {
    const offsets = new ClockOffsets();
    offsets.note('a', reading(0, 1));
    for (let sample = 0; sample < 8; sample += 1) offsets.note('a', reading(500, 3));
    expect(offsets.all()[0]?.offsetMs).toBe(500);
  });

  it('tells the own clock by the median of all', () => {
    const offsets = new ClockOffsets();
    expect(offsets.ownMs()).toBe(0);
    for (const [id, ms] of [
      ['a', -3_000],
      ['b', -3_100],
      ['c', 90_000],
      ['d', -2_900],
    ] as const) {
      offsets.note(id, reading(ms, 2));
    }
    expect(offsets.ownMs()).toBe(2_900);
    offsets.forget('c');
    expect(offsets.ownMs()).toBe(2_950);
  });
});

describe('gossip queue', () => {
  const about = (digit: string, incarnation = 1): News => ({
    kind: 'left',
    id: digit.repeat(32),
    startedAt: 1,
    incarnation,
  });

  it('tells everything a bounded number of times', () => {
    const queue = new GossipQueue();
    queue.add(about('a'));
    let tellings = 0;
    while (tellings < 100 && queue.take(1_000, 10).length > 0) tellings += 1;
    expect(tellings).toBe(8);
    expect(queue.size).toBe(0);
    expect([1, 9, 10, 200].map(tellingsMax)).toEqual([4, 4, 8, 12]);
  });

  it('tells the least told first, and the latest of those', () => {
    const queue = new GossipQueue();
    for (const digit of ['a', 'b', 'c']) queue.add(about(digit));
    expect(queue.take(310, 10)).toEqual([about('c'), about('b')]);
    expect(queue.take(310, 10)).toEqual([about('a'), about('c')]);
  });

  it('keeps only the latest about each subject', () => {
    const queue = new GossipQueue();
    queue.add(about('a', 1));
    queue.add(about('a', 2));
    expect(queue.take(1_000, 10)).toEqual([about('a', 2)]);
  });

  it('begins with what the receiver must hear, which costs nothing', () => {
    const queue = new GossipQueue();
    queue.add(about('a'));
    for (let time = 0; time < 100; time += 1) expect(queue.take(160, 10, [about('a')])).toEqual([about('a')]);
    expect(queue.size).toBe(1);
  });
});

describe('seeds', () => {
  const at = (host: string) => ({ host, port: 1 });
  const askedTimes = (seeds: Seeds, untilMs: number): number => {
    let count = 0;
    for (let ms = 0; ms < untilMs; ms += 100) count += seeds.takeDue(ms, []).length;
    return count;
  };

  it('asks again and again, ever more rarely, and not too rarely while nobody is found', () => {
    const seeds = new Seeds('me', new SeededRandom(1));
    seeds.add([at('a'), at('a')]);
    const count = askedTimes(seeds, 600_000);
    expect(count).toBeGreaterThan(600_000 / (JOIN_RETRY_LONELY_MS * 1.2));
    expect(count).toBeLessThan(600_000 / (JOIN_RETRY_LONELY_MS * 0.8) + 5);
    expect(JOIN_RETRY_LONELY_MS).toBeLessThan(JOIN_RETRY_MAX_MS);
  });

  it('never asks itself once it knows, and has then nobody to wait for', () => {
    const seeds = new Seeds('me', new SeededRandom(1));
    seeds.add([at('a')]);
    expect(seeds.areSettled).toBe(false);
    seeds.answered(at('a'), 'me');
    expect(seeds.areSettled).toBe(true);
    expect(askedTimes(seeds, 60_000)).toBe(0);
  });

  it('forgets a refusal when somebody else answers there', () => {
    const seeds = new Seeds('me', new SeededRandom(1));
    seeds.add([at('a')]);
    seeds.refused(at('a'), 'No.');
    expect(seeds.refusal).toEqual({ address: at('a'), explanation: 'No.' });
    seeds.answered(at('a'), 'other');
    expect(seeds.refusal).toBeUndefined();
  });

  it('takes a bounded number', () => {
    const seeds = new Seeds('me', new SeededRandom(1));
    seeds.add(Array.from({ length: SEEDS_MAX + 10 }, (_, index) => at(`h${index}`)));
    expect(seeds.takeDue(0, [])).toHaveLength(SEEDS_MAX);
  });
});
