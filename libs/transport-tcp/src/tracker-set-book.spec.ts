import { ManualClock, parseAddress, SeededRandom } from '@panal/runtime';
import type { ClusterMembersReply, TrackerMember } from '@panal/wire';
import { TRACKER_FORGET_MS, TRACKERS_REMEMBERED_MAX } from './limits.js';
import { TrackerBook } from './tracker-set-book.js';
import { TRACKER_SET_LIMITS } from './tracker-set-limits.js';
import { KnownTracker } from './tracker-set-tracker.js';

const idOf = (number: number): string => number.toString(16).padStart(32, '0');

function member(number: number, changes: Partial<TrackerMember> = {}): TrackerMember {
  const rpc = { host: `10.0.0.${number}`, port: 5555 };
  return { id: idOf(number), name: `t${number}`, rpc, zone: '', weight: 1, phase: 'active', isAlive: true, ...changes };
}

function list(members: readonly TrackerMember[], changes: Partial<ClusterMembersReply> = {}): ClusterMembersReply {
  return { clusterId: 'c1', epoch: 1, slotCount: 16_384, members, ...changes };
}

class Bed {
  readonly clock = new ManualClock();
  readonly random = new SeededRandom(7);
  readonly forgotten: string[] = [];
  readonly book: TrackerBook;

  constructor(...seeds: string[]) {
    const { clock, random } = this;
    const nobody = (): never => {
      throw new Error('nobody is dialled here');
    };
    const ports = { clock, timers: clock, random, makeClient: nobody };
    const listen = { onUp: () => undefined, onDown: () => undefined };
    this.book = new TrackerBook({
      seeds: seeds.map((seed) => parseAddress(seed)),
      clock,
      random,
      make: (address, isSeed) => new KnownTracker({ address, isSeed, ports, limits: TRACKER_SET_LIMITS, ...listen }),
      onForgotten: ({ name }) => this.forgotten.push(name),
    });
  }

  get names(): string[] {
    return this.book.all.map(({ name }) => name);
  }

  get(name: string): KnownTracker {
    const tracker = this.book.all.find((known) => known.name === name);
    if (tracker === undefined) throw new Error(`${name} is not in the book`);
    return tracker;
  }

  take(reply: ClusterMembersReply, from = this.names[0] as string, isLost = false): boolean {
    return this.book.take(reply, this.get(from), isLost);
  }
}

describe('TrackerBook', () => {
  it('adds the members of a list, and says whether anything changed', () => {
    const bed = new Bed('10.0.0.1:5555');
    expect(bed.take(list([member(1), member(2)]))).toBe(true);
    expect(bed.names).toEqual(['10.0.0.1:5555', '10.0.0.2:5555']);
    expect(bed.take(list([member(1), member(2)], { epoch: 2 }))).toBe(false);
    expect(bed.take(list([member(1), member(2, { isAlive: false })]))).toBe(true);
  });

  it('knows by its id one that was named by another address', () => {
    const bed = new Bed('tracker:5555');
    bed.take(list([member(1), member(2)], { self: idOf(1) }));
    expect(bed.book.distinct.map(({ name }) => name)).toEqual(['tracker:5555', '10.0.0.2:5555']);
    expect(bed.get('tracker:5555').member?.name).toBe('t1');
    expect(bed.get('tracker:5555').isSameAs(bed.get('10.0.0.1:5555'))).toBe(true);
    expect(
      bed.book
        .learned()
        .map(({ host }) => host)
        .sort(),
    ).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('dials no address that is none', () => {
    const bed = new Bed('tracker:5555');
    const rpc = { host: '0.0.0.0', port: 5555 };
    bed.take(list([member(1, { rpc })], { self: idOf(1) }));
    expect(bed.names).toEqual(['tracker:5555']);
    expect(bed.get('tracker:5555').member?.name).toBe('t1');
  });

  it('follows a member that moved', () => {
    const bed = new Bed('10.0.0.1:5555');
    bed.take(list([member(1), member(2)]));
    bed.take(list([member(1), member(2, { rpc: { host: '10.0.9.2', port: 5555 } })]));
    expect(bed.get('10.0.0.2:5555').member).toBeUndefined();
    expect(bed.get('10.0.9.2:5555').member?.name).toBe('t2');
  });

  it('ranks by what the list says, working ones first and others last', () => {
    const bed = new Bed('10.0.0.1:5555', '10.0.0.2:5555');
    bed.book.remember([parseAddress('10.0.0.9:5555')]);
    const states = [member(3, { phase: 'leaving' }), member(4, { isAlive: false }), member(5, { phase: 'joining' })];
    bed.take(list([member(1), ...states]));
    const ranks = bed.book.ranked.map((tracker) => [tracker.name, bed.book.rankOf(tracker)]);
    expect(Object.fromEntries(ranks)).toEqual({
      '10.0.0.1:5555': 0,
      '10.0.0.2:5555': 1,
      '10.0.0.3:5555': 2,
      '10.0.0.5:5555': 2,
      '10.0.0.9:5555': 3,
      '10.0.0.4:5555': 4,
    });
    expect(ranks.map(([, rank]) => rank)).toEqual([0, 1, 2, 2, 3, 4]);
  });

  it('keeps for a while whom a list leaves out, for it may come from a tracker that was cut off', () => {
    const bed = new Bed('10.0.0.1:5555');
    bed.take(list([member(1), member(2), member(3)]));
    bed.take(list([member(1)]));
    expect(bed.names).toHaveLength(3);
    expect(bed.book.learned()).toHaveLength(3);
    bed.clock.advance(TRACKER_FORGET_MS - 1);
    bed.take(list([member(1), member(2)]));
    bed.clock.advance(1);
    bed.book.forget();
    expect(bed.names).toEqual(['10.0.0.1:5555', '10.0.0.2:5555']);
    expect(bed.forgotten).toEqual(['10.0.0.3:5555']);
  });

  it('never forgets whom the user named, and remembers no more of the others than it may', () => {
    const bed = new Bed('10.0.0.1:5555');
    for (let round = 0; round < 5; round += 1) {
      const members = Array.from({ length: 200 }, (_, index) =>
        member(index, { id: idOf(round * 200 + index), rpc: { host: `10.${round}.0.${index}`, port: 1 } }),
      );
      bed.clock.advance(1);
      bed.take(list(members));
      expect(bed.names.length).toBeLessThanOrEqual(1 + 200 + TRACKERS_REMEMBERED_MAX);
    }
    expect(bed.book.learned()).toHaveLength(TRACKERS_REMEMBERED_MAX);
    bed.clock.advance(10 * TRACKER_FORGET_MS);
    bed.take(list([member(2)]));
    expect(bed.names).toEqual(['10.0.0.1:5555', '10.0.0.2:5555']);
  });

  it('takes the list of another cluster only when its own is lost', () => {
    const bed = new Bed('10.0.0.1:5555', '10.0.0.2:5555');
    bed.take(list([member(1)]));
    expect(bed.take(list([member(2), member(3)], { clusterId: 'c2' }), '10.0.0.2:5555')).toBe(false);
    expect(bed.names).toHaveLength(2);
    expect(bed.book.rankOf(bed.get('10.0.0.2:5555'))).toBe(5);
    expect(bed.take(list([member(2), member(3)], { clusterId: 'c2' }), '10.0.0.2:5555', true)).toBe(true);
    expect(bed.book.rankOf(bed.get('10.0.0.2:5555'))).toBe(0);
  });

  it('trusts one of another cluster again when its own cluster lists it', () => {
    const bed = new Bed('10.0.0.1:5555', '10.0.0.2:5555');
    bed.take(list([member(1)]));
    bed.take(list([member(2)], { clusterId: 'c2' }), '10.0.0.2:5555');
    bed.take(list([member(1), member(2)]));
    expect(bed.book.rankOf(bed.get('10.0.0.2:5555'))).toBe(0);
  });

  it('draws among the best, by weight', () => {
    const bed = new Bed('10.0.0.1:5555');
    bed.take(list([member(1), member(2, { weight: 3 }), member(3, { phase: 'leaving' })]));
    const draws = Array.from({ length: 400 }, () => bed.book.draw()?.name);
    const count = (name: string): number => draws.filter((drawn) => drawn === name).length;
    expect(count('10.0.0.3:5555')).toBe(0);
    expect(count('10.0.0.2:5555')).toBeGreaterThan(250);
    expect(count('10.0.0.1:5555')).toBeGreaterThan(50);
  });
});
