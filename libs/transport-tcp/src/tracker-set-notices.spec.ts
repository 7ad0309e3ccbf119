import { TRACKER_PATTERNS } from '@panal/wire';
import { TRACKER_NOTICES_RETRY_MS, TRACKER_WARM_COUNT } from './limits.js';
import { type FakeTracker, FakeTrackers } from './tracker-set.fixture.js';

const keyId = Buffer.alloc(16, 7);
const askedOf = (tracker: FakeTracker): number => tracker.heardOf(TRACKER_PATTERNS.accessWatch);

describe('notices of revocations', () => {
  const fakes = new FakeTrackers();
  let heard: string[];

  afterEach(async () => {
    await fakes.end();
    fakes.trackers.length = 0;
  });

  async function started(count: number, hasStreams = true): Promise<FakeTracker[]> {
    const trackers = fakes.add(count);
    for (const tracker of trackers) tracker.hasStreams = hasStreams;
    heard = [];
    const set = fakes.set(trackers, 3, {
      onNotice: ({ revoked }) => heard.push(...revoked.map((id) => Buffer.from(id).toString('hex'))),
    });
    set.start();
    await fakes.pass(3_000);
    return trackers;
  }

  it('come from every tracker there is a connection to', async () => {
    const trackers = await started(3);
    const telling = trackers.filter(({ streams }) => streams.size === 1);
    expect(telling).toHaveLength(TRACKER_WARM_COUNT);
    expect(telling.every(({ connectionCount }) => connectionCount === 1)).toBe(true);
    for (const { streams } of telling) for (const stream of streams) stream.say({ revoked: [keyId] });
    expect(heard).toEqual([keyId.toString('hex'), keyId.toString('hex')]);
  });

  it('are asked for once more over a new connection', async () => {
    const [tracker] = (await started(1)) as [FakeTracker];
    tracker.cut();
    await fakes.pass(5_000);
    expect([tracker.streams.size, askedOf(tracker)]).toEqual([1, 2]);
  });

  it('are not asked for again of a tracker that knows no such message', async () => {
    const [tracker] = (await started(1, false)) as [FakeTracker];
    await fakes.pass(3 * TRACKER_NOTICES_RETRY_MS);
    expect([tracker.connectionCount, askedOf(tracker)]).toEqual([1, 1]);
  });

  it('are asked for after a while of a tracker that ended them, and no more once the set is closed', async () => {
    const [tracker] = (await started(1)) as [FakeTracker];
    const [stream] = tracker.streams;
    tracker.streams.clear();
    stream?.end(undefined);
    expect(askedOf(tracker)).toBe(1);
    await fakes.pass(TRACKER_NOTICES_RETRY_MS);
    expect([tracker.streams.size, askedOf(tracker)]).toEqual([1, 2]);
    await fakes.end();
    expect(tracker.streams.size).toBe(0);
  });

  it.each([[{}], [{ revoked: [Buffer.alloc(3)] }], [null]])(
    'that make no sense are the last of them: %j',
    async (value) => {
      const [tracker] = (await started(1)) as [FakeTracker];
      for (const stream of tracker.streams) stream.say(value);
      expect([tracker.streams.size, heard]).toEqual([0, []]);
    },
  );

  it('nobody asks for who does not want them', async () => {
    const [tracker] = fakes.add(1) as [FakeTracker];
    fakes.set([tracker], 3).start();
    await fakes.pass(1_000);
    expect([tracker.connectionCount, askedOf(tracker)]).toEqual([1, 0]);
  });
});
