import { type AnnounceReply, type HeartbeatReply, type LookupReply, TRACKER_PATTERNS } from '@panal/wire';
import { NoTrackerError } from './errors.js';
import { failureOf } from './rpc/rpc-bed.fixture.js';
import { type FakeTracker, FakeTrackers, reported } from './tracker-set.fixture.js';
import type { TrackerSet } from './tracker-set.js';

const hash = Buffer.alloc(32, 1);
const torrent = { namespace: 'default', hash, index: -1 };
const lookup = { ...torrent, peerCountMax: 50 };
const named = { namespace: 'default', name: 'llm:v3' };
const heartbeat = { namespace: 'default', peerId: Buffer.alloc(16, 9), incarnation: 1, torrents: [] };
const announce = {
  ...torrent,
  peer: { id: Buffer.alloc(16, 9), name: 'ada', incarnation: 1, addresses: [], dataPort: 5550 },
  isComplete: true,
  chunksDone: 1,
  sizeBytes: 1,
  title: 'x',
  peerCountMax: 50,
};

const nobody: LookupReply = { peers: [], seedCount: 0, leechCount: 0 };
const beat: HeartbeatReply = { unknown: [], heartbeatIntervalMs: 30_000, peerTtlMs: 90_000 };
const announced: AnnounceReply = { ...nobody, ...beat, isMetadataKnown: true, observedHost: '192.0.2.1' };

/** What a healthy tracker answers. */
function script(tracker: FakeTracker): void {
  Object.assign(tracker.answers, {
    [TRACKER_PATTERNS.lookup]: () => nobody,
    [TRACKER_PATTERNS.heartbeat]: () => beat,
    [TRACKER_PATTERNS.announce]: () => announced,
  });
}

describe('a set of trackers that are one cluster', () => {
  const seeds = Array.from({ length: 8 }, (_, index) => index + 1);
  let bed: FakeTrackers;

  beforeEach(() => {
    bed = new FakeTrackers();
  });
  afterEach(() => bed.end());

  async function started(count: number, seed: number, seedCount = count): Promise<TrackerSet> {
    const trackers = bed.add(count);
    for (const tracker of trackers) script(tracker);
    const set = bed.set(trackers.slice(0, seedCount), seed);
    set.start();
    await bed.pass(1_000);
    return set;
  }

  const session = (set: TrackerSet): FakeTracker => {
    const tracker = bed.sessionOf(set);
    if (tracker === undefined) throw new Error('there is no session tracker');
    return tracker;
  };
  const heardOf = (pattern: string): number => bed.trackers.reduce((sum, tracker) => sum + tracker.heardOf(pattern), 0);

  it.each(seeds)('asks one of them, and the same one for all heartbeats (seed %i)', async (seed) => {
    const set = await started(5, seed);
    for (let count = 0; count < 4; count += 1) await bed.timeOf(set.heartbeat(heartbeat));
    await bed.timeOf(set.lookup(lookup));
    expect(session(set).heardOf(TRACKER_PATTERNS.heartbeat)).toBe(4);
    expect(heardOf(TRACKER_PATTERNS.heartbeat)).toBe(4);
    expect(heardOf(TRACKER_PATTERNS.lookup)).toBe(1);
  });

  it('keeps a session and a spare, and no connection more', async () => {
    const set = await started(20, 3);
    await bed.timeOf(set.heartbeat(heartbeat));
    await bed.pass(2_000, 50);
    expect(bed.trackers.reduce((sum, { connectionCount }) => sum + connectionCount, 0)).toBe(2);
    expect(set.views().filter(({ state }) => state === 'standby')).toHaveLength(18);
  });

  it('spreads the sessions of many over all, heavier ones getting more', async () => {
    const trackers = bed.add(4);
    for (const tracker of trackers) script(tracker);
    const [first] = trackers as [FakeTracker];
    for (let seed = 1; seed <= 80; seed += 1) bed.set(trackers, seed).start();
    await bed.pass(1_000, 20);
    const counts = trackers.map((tracker) => bed.sets.filter((set) => session(set) === tracker).length);
    for (const count of counts) expect(count).toBeGreaterThan(8);
    first.weight = 10;
    first.epoch = 2;
    // Within a quarter of an hour each draws anew about once.
    await bed.pass(30 * 60_000, 30_000);
    expect(bed.sets.filter((set) => session(set) === first).length).toBeGreaterThan(25);
  });

  it('learns members it was not told of, and uses them when all that were named are gone', async () => {
    const set = await started(5, 1, 1);
    expect(set.views().map(({ address }) => address)).toEqual(bed.trackers.map(({ name }) => name));
    expect(set.views().map(({ name }) => name)).toEqual([
      't-10.0.0.1',
      't-10.0.0.2',
      't-10.0.0.3',
      't-10.0.0.4',
      't-10.0.0.5',
    ]);
    bed.trackers[0]?.cut('dead');
    expect(await bed.timeOf(set.lookup(lookup))).toBeLessThan(300);
    expect(heardOf(TRACKER_PATTERNS.lookup)).toBe(1);
  });

  it('tells what to remember, and starts from it when what was named is dead', async () => {
    const trackers = bed.add(4);
    for (const tracker of trackers) script(tracker);
    const told: string[][] = [];
    const first = bed.set(trackers.slice(0, 1), 1, { onMembers: (all) => told.push(all.map(({ host }) => host)) });
    first.start();
    await bed.pass(100);
    expect(told.map((hosts) => hosts.sort())).toEqual([['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']]);
    trackers[0]?.cut('dead');
    const second = bed.set(trackers.slice(0, 1), 2);
    second.start(trackers.map(({ address }) => address));
    expect(await bed.timeOf(second.lookup(lookup))).toBeLessThan(300);
  });

  describe('fails over within 300 ms', () => {
    it.each(seeds)('when the session tracker dies, at once (seed %i)', async (seed) => {
      const set = await started(5, seed);
      session(set).cut('dead');
      expect(await bed.timeOf(set.heartbeat(heartbeat))).toBeLessThan(50);
    });

    it.each(seeds)('when it dies with the question in hand, at once (seed %i)', async (seed) => {
      const set = await started(5, seed);
      const tracker = session(set);
      tracker.latencyMs = 200;
      const answer = bed.timeOf(set.lookup(lookup));
      await bed.pass(20);
      tracker.cut('dead');
      expect(await answer).toBeLessThan(60);
    });

    it.each(seeds)('when it hangs, and then does not ask it again first (seed %i)', async (seed) => {
      const set = await started(5, seed);
      const hung = session(set);
      hung.mode = 'hanging';
      const question = set.heartbeat(heartbeat);
      expect(await bed.timeOf(question)).toBeLessThan(300);
      await expect(question).resolves.toEqual(beat);
      expect(session(set)).not.toBe(hung);
      expect(await bed.timeOf(set.heartbeat(heartbeat))).toBeLessThan(50);
      expect(hung.heardOf(TRACKER_PATTERNS.heartbeat)).toBe(1);
    });

    it.each(seeds)('when two hang, a hedge later (seed %i)', async (seed) => {
      const set = await started(5, seed);
      for (const tracker of bed.trackers) if (tracker.connectionCount > 0) tracker.mode = 'hanging';
      expect(await bed.timeOf(set.lookup(lookup))).toBeLessThan(600);
      expect(await bed.timeOf(set.lookup(lookup))).toBeLessThan(50);
    });

    it.each(seeds)('when it says that it is not ready, at once (seed %i)', async (seed) => {
      const set = await started(5, seed);
      const busy = session(set);
      busy.answers[TRACKER_PATTERNS.lookup] = () => {
        throw reported({ code: 'tracker_not_synced', retryable: true });
      };
      const question = set.lookup(lookup);
      expect(await bed.timeOf(question)).toBeLessThan(50);
      await expect(question).resolves.toEqual(nobody);
    });

    it.each(seeds)('when its answer is nonsense, at once (seed %i)', async (seed) => {
      const set = await started(5, seed);
      session(set).answers[TRACKER_PATTERNS.lookup] = () => ({ peers: 'all' });
      const question = set.lookup(lookup);
      expect(await bed.timeOf(question)).toBeLessThan(50);
      await expect(question).resolves.toEqual(nobody);
    });

    it.each(seeds)('at the start, when most that were named are dead or silent (seed %i)', async (seed) => {
      const trackers = bed.add(5);
      for (const tracker of trackers) script(tracker);
      for (const tracker of trackers.slice(0, 3)) tracker.mode = 'dead';
      (trackers[3] as FakeTracker).mode = 'blackhole';
      const set = bed.set(trackers, seed);
      set.start();
      // One that swallows the first packets may cost a hedge.
      expect(await bed.timeOf(set.lookup(lookup))).toBeLessThan(300);
    });
  });

  it('takes the first answer, and goes on trusting one that is late now and then', async () => {
    const set = await started(3, 5);
    const slow = session(set);
    slow.latencyMs = 280;
    for (const other of bed.trackers) if (other !== slow) other.latencyMs = 100;
    expect(await bed.timeOf(set.lookup(lookup))).toBe(280);
    slow.latencyMs = 2;
    await bed.pass(3_000, 20);
    await bed.timeOf(set.lookup(lookup));
    expect(slow.heardOf(TRACKER_PATTERNS.lookup)).toBe(2);
  });

  it('does not multiply the load of a cluster that is slow everywhere', async () => {
    const set = await started(5, 2);
    for (const tracker of bed.trackers) tracker.latencyMs = 900;
    for (let count = 0; count < 10; count += 1) await bed.timeOf(set.lookup(lookup));
    const before = heardOf(TRACKER_PATTERNS.lookup);
    for (let count = 0; count < 3; count += 1) await bed.timeOf(set.lookup(lookup));
    expect(before).toBeLessThanOrEqual(10 + 10);
    expect(heardOf(TRACKER_PATTERNS.lookup) - before).toBeLessThanOrEqual(3 + 2);
  });

  it('gives a heartbeat of thousands of torrents the time it takes', async () => {
    const set = await started(3, 1);
    const tracker = session(set);
    tracker.latencyMs = 800;
    const torrents = Array.from({ length: 16_000 }, () => ({ hash, isComplete: true }));
    expect(await bed.timeOf(set.heartbeat({ ...heartbeat, torrents }))).toBe(800);
    expect(heardOf(TRACKER_PATTERNS.heartbeat)).toBe(1);
    expect(session(set)).toBe(tracker);
  });

  it('takes a refusal for an answer, and asks nobody else', async () => {
    const set = await started(3, 1);
    for (const tracker of bed.trackers) {
      tracker.answers[TRACKER_PATTERNS.nameGet] = () => {
        throw reported({ code: 'name_unknown', retryable: false });
      };
    }
    const failure = failureOf(set.getName(named));
    await bed.timeOf(failure);
    expect(await failure).toMatchObject({ code: 'name_unknown' });
    expect(heardOf(TRACKER_PATTERNS.nameGet)).toBe(1);
  });

  it('hands on why all refuse for the moment', async () => {
    const set = await started(3, 1);
    for (const tracker of bed.trackers) {
      tracker.answers[TRACKER_PATTERNS.metadataPut] = () => {
        throw reported({ code: 'copies_missing', retryable: true });
      };
    }
    const failure = failureOf(set.putMetadata({ ...torrent, bytes: Buffer.from('d') }));
    await bed.timeOf(failure);
    expect(await failure).toMatchObject({ code: 'copies_missing', retryable: true });
    expect(heardOf(TRACKER_PATTERNS.metadataPut)).toBe(3);
  });

  it('gives up after the time limit, and names who did not answer', async () => {
    const set = await started(3, 1);
    for (const tracker of bed.trackers) tracker.mode = 'hanging';
    const failure = failureOf(set.lookup(lookup));
    expect(await bed.timeOf(failure)).toBeLessThanOrEqual(5_005);
    expect(await failure).toBeInstanceOf(NoTrackerError);
    expect(((await failure) as NoTrackerError).failures.map(({ reason }) => reason.code)).toContain('rpc_timeout');
  });

  it('says at once, and again, that nobody is there', async () => {
    const trackers = bed.add(3);
    for (const tracker of trackers) tracker.mode = 'dead';
    const set = bed.set(trackers, 1);
    set.start();
    for (const boundMs of [300, 50, 50]) {
      const failure = failureOf(set.lookup(lookup));
      expect(await bed.timeOf(failure)).toBeLessThan(boundMs);
      expect(((await failure) as NoTrackerError).failures).toHaveLength(3);
    }
  });

  describe('prefers owners', () => {
    it('of the torrent that is asked about, once a reply named them', async () => {
      const set = await started(10, 4);
      const owner = bed.trackers.find((tracker) => tracker.connectionCount === 0) as FakeTracker;
      const reply = { ...nobody, owners: [owner.name, '192.0.2.99:1'] };
      for (const tracker of bed.trackers) tracker.answers[TRACKER_PATTERNS.lookup] = () => reply;
      await bed.timeOf(set.lookup(lookup));
      expect(owner.heardOf(TRACKER_PATTERNS.lookup)).toBe(0);
      await bed.pass(50);
      await bed.timeOf(set.lookup(lookup));
      expect(owner.heardOf(TRACKER_PATTERNS.lookup)).toBe(1);
      await bed.timeOf(set.lookup({ ...lookup, hash: Buffer.alloc(32, 2) }));
      expect(owner.heardOf(TRACKER_PATTERNS.lookup)).toBe(1);
      owner.cut('dead');
      expect(await bed.timeOf(set.lookup(lookup))).toBeLessThan(50);
    });

    it('but announces to the session tracker, which is told of this peer anyway', async () => {
      const set = await started(10, 4);
      const tracker = session(set);
      const owners = bed.trackers.filter((other) => other !== tracker).map(({ name }) => name);
      for (const { answers } of bed.trackers) {
        answers[TRACKER_PATTERNS.announce] = () => ({ ...announced, owners: owners.slice(0, 5), copies: 3 });
      }
      for (let count = 0; count < 3; count += 1) await bed.timeOf(set.announce(announce));
      expect(tracker.heardOf(TRACKER_PATTERNS.announce)).toBe(3);
      const answer = set.announce(announce);
      await bed.timeOf(answer);
      expect(await answer).toMatchObject({ copies: 3 });
    });

    it('without a connection to each of hundreds, and lets go of those it does not use', async () => {
      const set = await started(40, 4, 2);
      for (const [index, { answers }] of bed.trackers.entries()) {
        answers[TRACKER_PATTERNS.lookup] = (data) => {
          const asked = (data as typeof lookup).hash[0] as number;
          return { ...nobody, owners: [bed.trackers[(asked + (index % 2)) % 40]?.name ?? ''] };
        };
      }
      for (let fill = 0; fill < 40; fill += 1) {
        await bed.timeOf(set.lookup({ ...lookup, hash: Buffer.alloc(32, fill) }));
        await bed.pass(10);
      }
      const connected = (): number => bed.trackers.reduce((sum, { connectionCount }) => sum + connectionCount, 0);
      expect(connected()).toBeLessThanOrEqual(8);
      await bed.pass(300_000, 1_000);
      expect(connected()).toBe(2);
    });
  });

  describe('when the session tracker changes', () => {
    it.each(seeds)('tells of one session at the start, though two connect (seed %i)', async (seed) => {
      const trackers = bed.add(5);
      const set = bed.set(trackers, seed);
      const told: string[] = [];
      set.onSession((address) => told.push(address));
      set.start();
      await bed.pass(2_000, 10);
      expect(told).toEqual([session(set).name]);
    });

    it('tells who listens, at once, and not when it stays', async () => {
      const set = await started(3, 1);
      const told: string[] = [];
      const end = set.onSession((address) => told.push(address));
      const first = session(set);
      first.cut('dead');
      expect(told).toEqual([session(set).name]);
      await bed.pass(5_000, 20);
      first.mode = 'up';
      await bed.pass(20_000, 50);
      expect(told).toHaveLength(1);
      end();
      session(set).cut('dead');
      expect(told).toHaveLength(1);
    });

    it('tells of the same one over a new connection, for it may have forgotten everything', async () => {
      const set = await started(1, 1);
      const told: string[] = [];
      set.onSession((address) => told.push(address));
      bed.trackers[0]?.cut();
      await bed.pass(1_000);
      expect(told).toEqual([bed.trackers[0]?.name]);
    });

    it('leaves one that is leaving, before it has gone', async () => {
      const set = await started(3, 1);
      const leaving = session(set);
      leaving.phase = 'leaving';
      for (const tracker of bed.trackers) tracker.epoch = 2;
      await bed.pass(80_000, 500);
      expect(session(set)).not.toBe(leaving);
    });
  });

  describe('asks who there is', () => {
    const listOf = (tracker: FakeTracker): number => tracker.heardOf(TRACKER_PATTERNS.clusterMembers);

    it('after connecting, once a minute, and when a reply tells of news, but no more than once a second', async () => {
      const set = await started(1, 1);
      const [tracker] = bed.trackers as [FakeTracker];
      expect(listOf(tracker)).toBe(1);
      await bed.pass(240_000, 500);
      expect(listOf(tracker)).toBeGreaterThanOrEqual(1 + 3);
      expect(listOf(tracker)).toBeLessThanOrEqual(1 + 6);
      const before = listOf(tracker);
      tracker.answers[TRACKER_PATTERNS.lookup] = () => ({ ...nobody, membersEpoch: 7 });
      for (let count = 0; count < 5; count += 1) await bed.timeOf(set.lookup(lookup));
      await bed.pass(10);
      expect(listOf(tracker) - before).toBe(1);
      tracker.epoch = 7;
      await bed.pass(1_000);
      for (let count = 0; count < 5; count += 1) await bed.timeOf(set.lookup(lookup));
      await bed.pass(10);
      await bed.pass(1_000);
      for (let count = 0; count < 5; count += 1) await bed.timeOf(set.lookup(lookup));
      expect(listOf(tracker) - before).toBe(2);
    });

    it('again soon, when it has just started and could not tell', async () => {
      const trackers = bed.add(3);
      for (const tracker of trackers) {
        script(tracker);
        tracker.answers[TRACKER_PATTERNS.clusterMembers] = () => {
          throw reported({ code: 'tracker_not_ready', retryable: true });
        };
      }
      const set = bed.set(trackers.slice(0, 1), 1);
      set.start();
      await bed.pass(10_000, 20);
      expect(listOf(trackers[0] as FakeTracker)).toBeGreaterThanOrEqual(5);
      expect(listOf(trackers[0] as FakeTracker)).toBeLessThanOrEqual(11);
      for (const tracker of trackers) delete tracker.answers[TRACKER_PATTERNS.clusterMembers];
      await bed.pass(2_100, 20);
      expect(set.views()).toHaveLength(3);
      const count = listOf(trackers[0] as FakeTracker);
      await bed.pass(20_000, 100);
      expect(listOf(trackers[0] as FakeTracker)).toBe(count);
    });

    it('and is not misled by one list that cannot be read', async () => {
      const set = await started(3, 1, 1);
      const [tracker] = bed.trackers as [FakeTracker];
      tracker.answers[TRACKER_PATTERNS.clusterMembers] = () => ({ ...tracker.memberList(), members: [{}] });
      await bed.pass(200_000, 1_000);
      expect(set.views()).toHaveLength(3);
      expect(await bed.timeOf(set.lookup(lookup))).toBeLessThan(50);
    });
  });

  it('shows each member in its state', async () => {
    const set = await started(5, 1, 3);
    const idle = bed.trackers.filter(({ connectionCount }) => connectionCount === 0);
    (idle[0] as FakeTracker).isAlive = false;
    for (const tracker of bed.trackers) tracker.epoch = 2;
    await bed.pass(80_000, 500);
    const views = new Map(set.views().map((view) => [view.address, view]));
    expect(views.size).toBe(5);
    expect(views.get((idle[0] as FakeTracker).name)?.state).toBe('away');
    expect(views.get((idle[1] as FakeTracker).name)?.state).toBe('standby');
    expect([...views.values()].filter(({ state }) => state === 'connected')).toHaveLength(2);
    expect([...views.values()].filter(({ isSession }) => isSession)).toHaveLength(1);
    // One that the others have given up is in their lists no more.
    for (const tracker of bed.trackers) {
      tracker.epoch = 3;
      tracker.members = () => bed.trackers.filter((other) => other !== idle[1]);
    }
    await bed.pass(80_000, 500);
    expect(set.views().find(({ address }) => address === idle[1]?.name)?.state).toBe('away');
  });

  it('shows why a tracker refuses, and leaves one alone that nobody named', async () => {
    const trackers = bed.add(3);
    for (const tracker of trackers) script(tracker);
    (trackers[0] as FakeTracker).mode = 'refusing';
    const set = bed.set(trackers.slice(0, 2), 1);
    set.start();
    await bed.pass(5_000, 20);
    expect(set.views()[0]).toMatchObject({ state: 'refused', reason: { code: 'key_mismatch' } });
    (trackers[2] as FakeTracker).cut('refusing');
    await bed.pass(20_000, 100);
    expect((trackers[2] as FakeTracker).dialsMs.length).toBeLessThan(20);
  });

  describe('dials without a stampede', () => {
    it('a tracker that flaps ever more rarely', async () => {
      const trackers = bed.add(1);
      const [tracker] = trackers as [FakeTracker];
      bed.set(trackers, 1).start();
      for (let count = 0; count < 600; count += 1) {
        await bed.pass(200, 100);
        tracker.cut();
      }
      // Two minutes of a connection that lives for a blink: 0.25, 0.5, ... 15 s between the attempts.
      expect(tracker.dialsMs.length).toBeLessThan(25);
      const gaps = tracker.dialsMs.slice(1).map((atMs, index) => atMs - (tracker.dialsMs[index] as number));
      expect(Math.max(...gaps)).toBeGreaterThan(7_000);
    });

    it('the spares of many that lost the same tracker', async () => {
      const trackers = bed.add(4);
      for (const tracker of trackers) script(tracker);
      const sets = Array.from({ length: 60 }, (_, index) => bed.set(trackers, index + 1));
      for (const set of sets) set.start();
      await bed.pass(3_000, 20);
      const [lost] = trackers as [FakeTracker];
      const startMs = bed.clock.monotonicMs();
      lost.cut('dead');
      await bed.pass(4_000, 20);
      const others = trackers.slice(1).flatMap(({ dialsMs }) => dialsMs.filter((atMs) => atMs >= startMs));
      expect(others.length).toBeGreaterThan(10);
      const inFirstTenth = others.filter((atMs) => atMs - startMs < 200).length;
      expect(inFirstTenth).toBeLessThan(others.length / 3);
    });

    it('a cluster that is back after an outage, spread over a quarter of a minute at most', async () => {
      const trackers = bed.add(3);
      for (const tracker of trackers) script(tracker);
      const sets = Array.from({ length: 20 }, (_, index) => bed.set(trackers, index + 1));
      for (const set of sets) set.start();
      await bed.pass(1_000, 20);
      for (const tracker of trackers) tracker.cut('dead');
      await bed.pass(120_000, 200);
      const rate = trackers.flatMap(({ dialsMs }) => dialsMs.filter((atMs) => atMs > 60_000)).length;
      // 20 sets, 3 trackers, one attempt in 7.5 to 15 s each, for a minute.
      expect(rate).toBeLessThan((20 * 3 * 61) / 7.5);
      for (const tracker of trackers) tracker.mode = 'up';
      const startMs = bed.clock.monotonicMs();
      await bed.pass(16_000, 100);
      expect(sets.every((set) => bed.sessionOf(set) !== undefined)).toBe(true);
      const atOnce = trackers.flatMap(({ dialsMs }) =>
        dialsMs.filter((atMs) => atMs - startMs >= 0 && atMs - startMs < 1_000),
      );
      expect(atOnce.length).toBeLessThan(30);
    });
  });

  it('is silent once closed', async () => {
    const set = await started(3, 1);
    await set.close();
    const count = bed.trackers.reduce((sum, { heard, dialsMs }) => sum + heard.length + dialsMs.length, 0);
    await bed.pass(200_000, 1_000);
    expect(bed.trackers.reduce((sum, { heard, dialsMs }) => sum + heard.length + dialsMs.length, 0)).toBe(count);
    expect(bed.trackers.every(({ connectionCount }) => connectionCount === 0)).toBe(true);
  });
});
