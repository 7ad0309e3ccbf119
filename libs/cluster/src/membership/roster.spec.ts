import { GossipQueue } from './gossip-queue.js';
import { DEPARTED_MAX, DEPARTED_TTL_MS, TRACKERS_MAX } from './limits.js';
import { LocalHealth } from './local-health.js';
import type { Member, MemberProfile } from './member.js';
import { Outbox } from './membership-effect.js';
import type { Accusation } from './news.js';
import { Roster } from './roster.js';

const NOW_MS = 1_760_000_000_000;
const START = NOW_MS * 4096;
const id = (number: number): string => number.toString(16).padStart(32, '0');
const profile = (number: number, rest: Partial<MemberProfile> = {}): MemberProfile => ({
  id: id(number),
  name: `t${number}`,
  startedAt: START,
  incarnation: START,
  phase: 'active',
  rpc: { host: `t${number}`, port: 5555 },
  cluster: { host: `t${number}`, port: 5560 },
  zone: '',
  weight: 1,
  protocol: 1,
  isFit: false,
  ...rest,
});
const accuse = (kind: Accusation['kind'], number: number, incarnation = START, by = 9): Accusation => ({
  kind,
  id: id(number),
  startedAt: START,
  incarnation,
  by: id(by),
});

class Trial {
  readonly gossip = new GossipQueue();
  readonly health = new LocalHealth();
  readonly outbox = new Outbox();
  readonly roster = new Roster(profile(0), { gossip: this.gossip, health: this.health, outbox: this.outbox });
  steadyMs = 0;

  get times(): { nowMs: number; steadyMs: number } {
    return { nowMs: NOW_MS + this.steadyMs, steadyMs: this.steadyMs };
  }

  learn(...news: Parameters<Roster['learn']>[0][]): this {
    for (const one of news) this.roster.learn(one, this.times);
    return this;
  }

  alive(number: number, rest: Partial<MemberProfile> = {}): this {
    return this.learn({ kind: 'alive', member: profile(number, rest) });
  }

  /** Tells all news until it was told often enough. */
  drain(): void {
    for (let telling = 0; telling < 100; telling += 1) this.gossip.take(1_000, 1);
  }

  healthOf(number: number): string | undefined {
    return this.roster.get(id(number))?.health;
  }
}

describe('Roster: what others say of a member', () => {
  it('suspects, and lets only a later word of the member itself clear it', () => {
    const trial = new Trial().alive(1).learn(accuse('suspect', 1));
    expect(trial.healthOf(1)).toBe('suspect');
    expect(trial.alive(1).healthOf(1)).toBe('suspect');
    expect(trial.alive(1, { incarnation: START + 1 }).healthOf(1)).toBe('alive');
  });

  it('takes what the member says of itself even while a later incarnation of it is suspected', () => {
    const trial = new Trial().alive(1, { phase: 'joining' }).learn(accuse('suspect', 1, START + 1));
    trial.alive(1, { incarnation: START + 1, phase: 'active' });
    expect(trial.roster.get(id(1))).toMatchObject({ phase: 'active', health: 'suspect' });
    expect(trial.alive(1, { incarnation: START + 2 }).healthOf(1)).toBe('alive');
  });

  it('ignores accusations of a former incarnation, of another process and of strangers', () => {
    const trial = new Trial().alive(1, { incarnation: START + 5 });
    trial.learn(accuse('suspect', 1, START + 4), { ...accuse('dead', 1, START + 6), startedAt: START - 1 });
    trial.learn({ ...accuse('dead', 1, START + 6), startedAt: START + 1 }, accuse('dead', 2));
    expect(trial.healthOf(1)).toBe('alive');
    expect(trial.healthOf(2)).toBeUndefined();
  });

  it('tells a suspicion on again for each accuser that counts', () => {
    const trial = new Trial();
    for (let number = 1; number <= 6; number += 1) trial.alive(number);
    const told = [2, 2, 3, 4, 5].map((by) => {
      trial.drain();
      trial.learn(accuse('suspect', 1, START, by));
      return trial.gossip.size;
    });
    expect(told).toEqual([1, 0, 1, 1, 0]);
  });

  it('does not tell on what it knows already: gossip ends', () => {
    const trial = new Trial().alive(1).alive(2).learn(accuse('dead', 2));
    trial.drain();
    trial.alive(1).alive(2).learn(accuse('dead', 2), accuse('suspect', 2));
    expect(trial.gossip.size).toBe(0);
  });

  it('declares dead whoever did not object in time, and not before', () => {
    const trial = new Trial().alive(1).learn(accuse('suspect', 1));
    trial.steadyMs = 1_999;
    trial.roster.expire(trial.times);
    expect(trial.healthOf(1)).toBe('suspect');
    trial.steadyMs = 2_000;
    trial.roster.expire(trial.times);
    expect(trial.healthOf(1)).toBe('dead');
    expect(trial.roster.living.map(({ name }) => name)).toEqual(['t0']);
  });

  it('only suspects what a list calls dead, and takes no dead strangers from it', () => {
    const trial = new Trial().alive(1);
    const list: Member[] = [1, 2].map((number) => ({ ...profile(number), health: 'dead' }));
    trial.roster.learnList([...list, { ...profile(3), health: 'alive' }], id(9), trial.times);
    expect([1, 2, 3].map((number) => trial.healthOf(number))).toEqual(['suspect', undefined, 'alive']);
  });

  it('knows one that left from one that died: nobody looks for it', () => {
    const trial = new Trial().alive(1).alive(2);
    trial.learn(
      { kind: 'left', id: id(1), startedAt: START, incarnation: START },
      accuse('dead', 1),
      accuse('dead', 2),
    );
    expect([trial.healthOf(1), trial.healthOf(2)]).toEqual(['left', 'dead']);
    expect(trial.roster.dead().map(({ name }) => name)).toEqual(['t2']);
  });

  it('says so when one is back', () => {
    const trial = new Trial()
      .alive(1)
      .learn(accuse('dead', 1))
      .alive(1, { incarnation: START + 1 });
    expect(trial.roster.takeReturned()).toEqual([id(1)]);
    expect(trial.roster.takeReturned()).toEqual([]);
  });
});

describe('Roster: processes with one id', () => {
  it('knows the one started last, whatever the incarnations', () => {
    const trial = new Trial().alive(1, { startedAt: START + 10, incarnation: START + 10 });
    trial.alive(1, { incarnation: START + 99, cluster: { host: 'old', port: 1 } });
    expect(trial.roster.get(id(1))?.cluster.host).toBe('t1');
    trial.learn({ ...accuse('dead', 1, START + 99), startedAt: START + 10 });
    expect(trial.alive(1, { startedAt: START + 20, incarnation: START + 20 }).healthOf(1)).toBe('alive');
  });

  it('ends this process for a later one, not for an earlier one', () => {
    const trial = new Trial().alive(0, { startedAt: START - 1, incarnation: START + 100 });
    expect(trial.outbox.take()).toEqual([]);
    trial.alive(0, { startedAt: START + 1, incarnation: START + 1, cluster: { host: 'other', port: 7 } });
    expect(trial.outbox.take()).toMatchObject([
      { kind: 'fatal', error: { code: 'tracker_duplicate', otherAddress: 'other:7' } },
    ]);
  });
});

describe('Roster: this tracker', () => {
  it('objects to accusations with a higher incarnation, and doubts itself a little', () => {
    const trial = new Trial().learn(accuse('suspect', 0, START + 7), accuse('suspect', 0, START + 7, 8));
    expect(trial.roster.self.incarnation).toBe(START + 8);
    expect(trial.health.awareness).toBe(1);
    expect(trial.gossip.take(1_000, 3)).toEqual([{ kind: 'alive', member: trial.roster.self }]);
  });

  it('objects to having left', () => {
    const trial = new Trial().learn({ kind: 'left', id: id(0), startedAt: START, incarnation: START });
    expect(trial.roster.self.incarnation).toBe(START + 1);
    expect(trial.healthOf(0)).toBe('alive');
  });

  it('learns nothing after its goodbye', () => {
    const trial = new Trial().alive(1);
    trial.roster.leave();
    trial.alive(2).learn(accuse('dead', 1));
    expect([trial.healthOf(0), trial.healthOf(1), trial.healthOf(2)]).toEqual(['left', 'alive', undefined]);
  });

  it('counts a version for what others notice, and for nothing else', () => {
    const trial = new Trial().alive(1);
    const { version } = trial.roster;
    trial.alive(1, { incarnation: START + 1, isFit: true });
    trial.roster.change({ isFit: true });
    expect(trial.roster.version).toBe(version);
    expect(trial.roster.living.map(({ isFit }) => isFit)).toEqual([true, true]);
    trial.roster.change({ phase: 'leaving' });
    trial.alive(1, { incarnation: START + 2, weight: 2 });
    trial.learn(accuse('suspect', 1, START + 2));
    expect(trial.roster.version).toBe(version + 3);
  });
});

describe('Roster: bounds', () => {
  it('takes no more than the most members, and has room again when one dies', () => {
    const trial = new Trial();
    for (let number = 1; number <= TRACKERS_MAX; number += 1) trial.alive(number);
    expect(trial.roster.living).toHaveLength(TRACKERS_MAX);
    expect(trial.healthOf(TRACKERS_MAX)).toBeUndefined();
    trial.learn(accuse('dead', 1)).alive(TRACKERS_MAX);
    expect(trial.healthOf(TRACKERS_MAX)).toBe('alive');
    expect(trial.alive(1, { incarnation: START + 1 }).healthOf(1)).toBe('dead');
  });

  it('forgets the departed after a day, and the longest gone when there are many', () => {
    const trial = new Trial();
    for (let number = 1; number <= DEPARTED_MAX + 1; number += 1) {
      trial.steadyMs = number;
      trial.alive(number).learn(accuse('dead', number));
    }
    expect([trial.healthOf(1), trial.healthOf(2)]).toEqual([undefined, 'dead']);
    trial.steadyMs = 2 + DEPARTED_TTL_MS;
    expect(trial.roster.expire(trial.times)).toEqual([]);
    trial.steadyMs += 1;
    expect(trial.roster.expire(trial.times)).toEqual([id(2)]);
  });

  it('does not believe stamps of next week: they could never be refuted', () => {
    const nextWeek = START + 7 * 24 * 3_600_000 * 4096;
    const trial = new Trial().alive(1).alive(2, { startedAt: nextWeek, incarnation: nextWeek });
    trial.learn(accuse('dead', 0, nextWeek), accuse('dead', 1, nextWeek));
    expect([0, 1, 2].map((number) => trial.healthOf(number))).toEqual(['alive', 'alive', undefined]);
    expect(trial.roster.self.incarnation).toBe(START);
  });
});
