import { ManualClock, SeededRandom } from '@panal/runtime';
import { HybridClock } from '@panal/wire';
import { Bootstrap } from './bootstrap.js';
import { CoordinatorElection } from './coordinator-election.js';
import type { GossipBody, GossipMessage } from './gossip-message.js';
import { GossipQueue } from './gossip-queue.js';
import { COORDINATOR_LEASE_MS, DISCOVERY_CALM_MS, DISCOVERY_MS } from './limits.js';
import { LocalHealth } from './local-health.js';
import type { Member, MemberProfile } from './member.js';
import { Membership } from './membership.js';
import { type MembershipEffect, Outbox } from './membership-effect.js';
import type { News } from './news.js';
import { Roster } from './roster.js';
import { Seeds } from './seeds.js';

const START = new ManualClock().nowMs() * 4096;
const id = (number: number): string => number.toString(16).padStart(32, '0');
const address = (number: number) => ({ host: `t${number}`, port: 5560 });
const profile = (number: number, rest: Partial<MemberProfile> = {}): MemberProfile => ({
  id: id(number),
  name: `t${number}`,
  startedAt: START,
  incarnation: START,
  phase: 'active',
  rpc: { host: `t${number}`, port: 5555 },
  cluster: address(number),
  zone: '',
  weight: 1,
  protocol: 1,
  isFit: false,
  ...rest,
});
const alive = (number: number, rest: Partial<MemberProfile> = {}): News => ({
  kind: 'alive',
  member: profile(number, rest),
});

/** Tracker 5, and what it does when told something. */
class Trial {
  readonly clock = new ManualClock();
  readonly membership = new Membership({
    clusterName: 'test',
    self: profile(5),
    seeds: [],
    clock: this.clock,
    hybridClock: new HybridClock(),
    random: new SeededRandom(1),
  });

  hear(from: number, body: GossipBody, news: readonly News[] = [], startedAt = START): readonly MembershipEffect[] {
    const message: GossipMessage = { ...body, from: id(from), startedAt, news };
    return this.membership.step({ kind: 'datagram', from: address(from), message });
  }

  tick(ms: number): readonly MembershipEffect[] {
    const effects: MembershipEffect[] = [];
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50);
      effects.push(...this.membership.step({ kind: 'tick' }));
    }
    return effects;
  }
}

function datagrams(effects: readonly MembershipEffect[]): readonly GossipMessage[] {
  return effects.flatMap((effect) => (effect.kind === 'datagram' ? [effect.message] : []));
}

describe('Membership: single steps', () => {
  it('answers a ping with the same number and its time', () => {
    const trial = new Trial();
    const [answer] = datagrams(trial.hear(1, { kind: 'ping', seq: 77, to: id(5) }, [alive(1)]));
    expect(answer).toMatchObject({ kind: 'ack', seq: 77, from: id(5), timeMs: trial.clock.nowMs() });
  });

  it('does not answer a ping for another one, but says who is here', () => {
    const [answer, more] = datagrams(new Trial().hear(1, { kind: 'ping', seq: 77, to: id(6) }, [alive(1)]));
    expect(answer).toMatchObject({ kind: 'gossip', news: [{ kind: 'alive', member: { id: id(5) } }] });
    expect(more).toBeUndefined();
  });

  it('objects to an accusation at once, also to one it has objected to before', () => {
    const accusation: News = { kind: 'suspect', id: id(5), startedAt: START, incarnation: START, by: id(1) };
    const trial = new Trial();
    for (let time = 0; time < 50; time += 1) {
      const [answer] = datagrams(trial.hear(1, { kind: 'ping', seq: 1, to: id(5) }, [alive(1), accusation]));
      expect(answer?.news).toEqual([
        { kind: 'alive', member: expect.objectContaining({ id: id(5), incarnation: START + 1 }) },
      ]);
    }
  });

  it('tells one that it holds for dead so, whenever it talks to it', () => {
    const trial = new Trial();
    trial.hear(1, { kind: 'gossip' }, [alive(1), alive(2)]);
    trial.tick(30_000);
    const [answer] = datagrams(trial.hear(1, { kind: 'ping', seq: 1, to: id(5) }));
    expect(answer?.news[0]).toMatchObject({ kind: 'dead', id: id(1) });
  });

  it('tells a process that was replaced so, and listens to it no more', () => {
    const trial = new Trial();
    trial.hear(1, { kind: 'gossip' }, [alive(1, { startedAt: START + 9, incarnation: START + 9 })]);
    const [answer, more] = datagrams(trial.hear(1, { kind: 'ping', seq: 1, to: id(5) }, [alive(2)]));
    expect(answer?.news).toEqual([alive(1, { startedAt: START + 9, incarnation: START + 9 })]);
    expect(more).toBeUndefined();
    expect(trial.membership.view.member(id(2))).toBeUndefined();
  });

  it('asks a stranger who speaks to it for all it knows, but not again at once', () => {
    const trial = new Trial();
    expect(trial.hear(3, { kind: 'gossip' })).toMatchObject([
      { kind: 'send', to: address(3), message: { kind: 'members', wantsReply: true } },
    ]);
    expect(trial.hear(3, { kind: 'gossip' })).toEqual([]);
  });

  it('exchanges lists with one that is back', () => {
    const trial = new Trial();
    trial.hear(1, { kind: 'gossip' }, [alive(1), alive(2)]);
    trial.hear(2, { kind: 'gossip' }, [{ kind: 'dead', id: id(1), startedAt: START, incarnation: START, by: id(2) }]);
    trial.hear(2, { kind: 'gossip' }, [alive(1, { incarnation: START + 1 })]);
    expect(trial.tick(50)).toContainEqual(
      expect.objectContaining({ kind: 'send', to: id(1), message: expect.objectContaining({ kind: 'members' }) }),
    );
  });

  it('exchanges lists with somebody now and then, whatever happens', () => {
    const trial = new Trial();
    trial.hear(1, { kind: 'gossip' }, [alive(1)]);
    const lists = trial
      .tick(30_000)
      .filter((effect) => effect.kind === 'send' && effect.to === id(1) && effect.message.kind === 'members');
    expect(lists.length).toBeGreaterThan(0);
  });

  it('lets in one that knows others, and them with it', () => {
    const trial = new Trial();
    const message = {
      kind: 'join',
      to: address(5),
      clusterName: 'test',
      slotCount: 16_384,
      protocolMin: 1,
      protocolMax: 9,
      member: profile(1),
      members: [{ ...profile(2), health: 'alive' }],
    } as const;
    const effects = trial.membership.step({ kind: 'message', from: id(1), message });
    expect(trial.membership.view.members.map(({ name }) => name)).toEqual(['t1', 't2', 't5']);
    expect(effects).toContainEqual(
      expect.objectContaining({ kind: 'send', to: id(1), message: expect.objectContaining({ kind: 'welcome' }) }),
    );
  });

  it('joins with all it knows: it may bring a cluster of its own', () => {
    const trial = new Trial();
    trial.hear(1, { kind: 'gossip' }, [alive(1), alive(2)]);
    trial.membership.step({ kind: 'seeds', addresses: [address(7)] });
    const joins = trial
      .tick(50)
      .flatMap((one) =>
        one.kind === 'send' && one.message.kind === 'join' ? [{ to: one.to, join: one.message }] : [],
      );
    expect(joins.map(({ to, join }) => [to, join.members.map(({ name }) => name)])).toEqual([
      [address(7), ['t1', 't2']],
    ]);
  });

  it('says who it found, to be kept for the next start, and looks there then', () => {
    const trial = new Trial();
    const effects = trial.hear(1, { kind: 'gossip' }, [alive(1), alive(2)]);
    expect(effects).toContainEqual({ kind: 'known-addresses', addresses: [address(1), address(2)] });
    const next = new Membership({
      clusterName: 'test',
      self: profile(5),
      seeds: [],
      knownAddresses: [address(1)],
      clock: trial.clock,
      hybridClock: new HybridClock(),
      random: new SeededRandom(1),
    });
    const joins = next.step({ kind: 'tick' }).flatMap((effect) => (effect.kind === 'send' ? [effect.to] : []));
    expect(joins).toEqual([address(1)]);
  });

  it('says goodbye to each member, and then only that it has left', () => {
    const trial = new Trial();
    trial.hear(1, { kind: 'gossip' }, [alive(1), alive(2), alive(3)]);
    const goodbyes = trial.membership.step({ kind: 'phase', phase: 'left' });
    expect(datagrams(goodbyes).map(({ news }) => news[0]?.kind)).toEqual(['left', 'left', 'left']);
    expect(trial.tick(5_000)).toEqual([]);
    expect(datagrams(trial.hear(1, { kind: 'ping', seq: 1, to: id(5) }))[0]?.news[0]?.kind).toBe('left');
  });

  it('trusts itself less the fewer answer it, and gives them more time', () => {
    const trial = new Trial();
    trial.hear(
      1,
      { kind: 'gossip' },
      [1, 2, 3, 4].map((number) => alive(number)),
    );
    const pings = (ms: number): number => datagrams(trial.tick(ms)).filter(({ kind }) => kind === 'ping').length;
    const before = pings(1_000);
    expect(before).toBe(2);
    expect(trial.membership.awareness).toBeGreaterThanOrEqual(3);
    expect(pings(1_000)).toBeLessThan(before);
  });
});

describe('Bootstrap', () => {
  const trial = (): { readonly roster: Roster; readonly seeds: Seeds; readonly bootstrap: Bootstrap } => {
    const parts = { gossip: new GossipQueue(), health: new LocalHealth(), outbox: new Outbox() };
    const roster = new Roster(profile(1, { phase: 'joining' }), parts);
    const seeds = new Seeds(id(1), new SeededRandom(1));
    return { roster, seeds, bootstrap: new Bootstrap({ roster, seeds, bootstrapExpect: 1 }) };
  };
  const meet = (roster: Roster, number: number, phase: Member['phase']): void =>
    roster.learn({ kind: 'alive', member: profile(number, { phase }) }, { nowMs: START / 4096, steadyMs: 0 });

  it('waits until no newcomer came for a while', () => {
    const { roster, bootstrap } = trial();
    meet(roster, 2, 'joining');
    expect(bootstrap.decide(0)).toBe('wait');
    meet(roster, 3, 'joining');
    expect([DISCOVERY_CALM_MS - 1, 2 * DISCOVERY_CALM_MS].map((ms) => bootstrap.decide(ms))).toEqual(['wait', 'begin']);
  });

  it('leaves it to a lower id', () => {
    const { roster, bootstrap } = trial();
    meet(roster, 0, 'joining');
    expect([0, DISCOVERY_MS * 9].map((ms) => bootstrap.decide(ms))).toEqual(['wait', 'wait']);
  });

  it('begins where only leaving ones are left, to have someone who takes their data', () => {
    const { roster, bootstrap } = trial();
    meet(roster, 0, 'leaving');
    expect([0, DISCOVERY_CALM_MS].map((ms) => bootstrap.decide(ms))).toEqual(['wait', 'begin']);
  });

  it('waits for seeds that say nothing, up to a time; gives up when all it found refuses it', () => {
    const { seeds, bootstrap } = trial();
    seeds.add([address(7), address(8)]);
    expect([0, DISCOVERY_MS - 1].map((ms) => bootstrap.decide(ms))).toEqual(['wait', 'wait']);
    seeds.refused(address(7), 'No.');
    expect(bootstrap.decide(DISCOVERY_MS - 1)).toBe('wait');
    expect(bootstrap.decide(DISCOVERY_MS)).toBe('refused');
  });
});

describe('CoordinatorElection', () => {
  const NOW_MS = START / 4096 + 60_000;
  const trial = (
    own: number,
  ): { readonly roster: Roster; readonly gossip: GossipQueue; readonly election: CoordinatorElection } => {
    const gossip = new GossipQueue();
    const roster = new Roster(profile(own, { isFit: true }), {
      gossip,
      health: new LocalHealth(),
      outbox: new Outbox(),
    });
    const election = new CoordinatorElection({ roster, gossip, hybridClock: new HybridClock() });
    for (const number of [1, 2, 3]) {
      if (number !== own)
        roster.learn(alive(number, { isFit: true }) as Extract<News, { kind: 'alive' }>, {
          nowMs: NOW_MS,
          steadyMs: 0,
        });
    }
    return { roster, gossip, election };
  };
  const news = (number: number, term: number, renewal = 0) =>
    ({ kind: 'coordinator', id: id(number), term, renewal, leaseMs: COORDINATOR_LEASE_MS }) as const;

  it('follows the highest id for as long as its lease', () => {
    const { election } = trial(1);
    election.learn(news(3, 100), NOW_MS, 0);
    expect([0, COORDINATOR_LEASE_MS - 1, COORDINATOR_LEASE_MS].map((ms) => election.current(NOW_MS, ms))).toEqual([
      id(3),
      id(3),
      undefined,
    ]);
    election.learn(news(3, 100, 1), NOW_MS, COORDINATOR_LEASE_MS);
    expect(election.current(NOW_MS, COORDINATOR_LEASE_MS)).toBe(id(3));
  });

  it('does not follow one that is not the highest here, nor a former term', () => {
    const { election } = trial(1);
    election.learn(news(2, 100), NOW_MS, 0);
    expect(election.current(NOW_MS, 0)).toBeUndefined();
    election.learn(news(3, 99), NOW_MS, 0);
    expect(election.current(NOW_MS, 0)).toBeUndefined();
    election.learn(news(3, 101), NOW_MS, 0);
    expect(election.current(NOW_MS, 0)).toBe(id(3));
  });

  it('tells the rightful one of a higher term, which it has to surpass', () => {
    const { election, gossip } = trial(1);
    election.learn(news(2, 200), NOW_MS, 0);
    expect(gossip.take(1_000, 3).map(({ kind }) => kind)).not.toContain('coordinator');
    election.learn(news(3, 100), NOW_MS, 0);
    expect(gossip.take(1_000, 3)).toContainEqual(news(2, 200));
    expect(election.current(NOW_MS, 0)).toBeUndefined();
  });

  it('takes the lease itself with the highest id, renews it, and surpasses a foreign term', () => {
    const { election, gossip } = trial(3);
    const told = (ms: number): readonly News[] => {
      election.tick(NOW_MS, ms);
      const taken = gossip.take(1_000, 1).filter(({ kind }) => kind === 'coordinator');
      for (let telling = 0; telling < 100; telling += 1) gossip.take(1_000, 1);
      return taken;
    };
    const [first] = told(0);
    expect(first).toMatchObject({ id: id(3), renewal: 0 });
    expect(told(2_999)).toEqual([]);
    expect(told(3_000)).toMatchObject([{ id: id(3), renewal: 1 }]);
    const foreign = (NOW_MS + 5_000) * 4096;
    election.learn(news(2, foreign), NOW_MS, 3_100);
    expect(told(3_100)).toMatchObject([{ id: id(3), term: foreign + 1, renewal: 0 }]);
  });
});
