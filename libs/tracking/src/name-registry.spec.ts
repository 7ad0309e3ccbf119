import { CLOCK_AHEAD_MAX_MS, NAME_HISTORY_MAX } from '@panal/wire';
import fc from 'fast-check';
import { type Fixture, makeHash, makeTracking } from './tracking.fixture.js';

describe('NameRegistry', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = makeTracking();
  });

  const put = (number: number, setAt: number, name = 'llm:v3', namespace = 'default') =>
    fixture.tracking.names.put({ namespace, name, hash: makeHash(number), setAt });
  const get = (name = 'llm:v3', namespace = 'default') => fixture.tracking.names.get({ namespace, name });

  it('says what a name means, and what it meant before', async () => {
    expect(await put(1, 10)).toEqual({ isCurrent: true, hash: makeHash(1), copies: 1 });
    expect(await put(2, 20)).toEqual({ isCurrent: true, hash: makeHash(2), copies: 1 });
    expect(await get()).toEqual({ hash: makeHash(2), setAt: 20, history: [{ hash: makeHash(1), setAt: 10 }] });
  });

  it('lets an older setting lose, and tells its sender who won', async () => {
    await put(2, 20);
    expect(await put(1, 10)).toEqual({ isCurrent: false, hash: makeHash(2), copies: 1 });
    expect((await get()).history).toEqual([{ hash: makeHash(1), setAt: 10 }]);
  });

  it('settles a tie by the content id, so that all trackers settle it alike', async () => {
    await put(2, 10);
    expect(await put(1, 10)).toMatchObject({ isCurrent: false });
    expect(await put(3, 10)).toMatchObject({ isCurrent: true });
  });

  it('keeps names of namespaces apart and does not invent any', async () => {
    await put(1, 10);
    await expect(get('llm:v3', 'other')).rejects.toMatchObject({ code: 'name_unknown' });
    await expect(get('llm:v4')).rejects.toMatchObject({ code: 'name_unknown' });
    expect(fixture.tracking.countsIn('default').nameCount).toBe(1);
    expect(fixture.tracking.countsIn('other').nameCount).toBe(0);
  });

  it('shows a torrent with the names that mean it now', async () => {
    await put(1, 10);
    await put(1, 11, 'llm:latest');
    await put(2, 20);
    const { torrents } = await fixture.tracking.catalog.list({ namespace: 'default', countMax: 10 });
    expect(torrents.map(({ names }) => names)).toEqual([['llm:latest'], ['llm:v3']]);
  });

  it('forgets a torrent no name means any more', async () => {
    await put(1, 10);
    await put(2, 20);
    expect(fixture.tracking.totals().torrentCount).toBe(1);
  });

  it('remembers a bounded past', async () => {
    for (let number = 0; number < NAME_HISTORY_MAX + 5; number += 1) await put(number, 10 + number);
    expect((await get()).history).toHaveLength(NAME_HISTORY_MAX);
    expect((await get()).history.at(-1)).toEqual({ hash: makeHash(4), setAt: 14 });
  });

  it('refuses a clock far ahead, which would win against everybody until its day comes', async () => {
    const stamp = (ms: number) => ms * 4096;
    await put(1, stamp(fixture.clock.nowMs()));
    const ahead = stamp(fixture.clock.nowMs() + CLOCK_AHEAD_MAX_MS + 1);
    await expect(put(2, ahead)).rejects.toMatchObject({ code: 'clock_ahead' });
    expect((await get()).hash).toEqual(makeHash(1));
  });

  it('refuses, for now, when it is full', async () => {
    fixture = makeTracking({ limits: { nameRecordCountMax: 1 } });
    await put(1, 10);
    await expect(put(2, 20, 'other')).rejects.toMatchObject({ code: 'tracker_full', retryable: true });
    expect(await put(1, 30)).toMatchObject({ isCurrent: true });
    expect(fixture.tracking.totals().torrentCount).toBe(1);
  });

  it('agrees with every other tracker that saw the same puts, in any order and any number of times', async () => {
    const onePut = fc.record({ number: fc.nat(60), setAt: fc.nat(40) });
    const puts = fc.array(onePut, { minLength: 1, maxLength: 80 });
    const seen = puts.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }), fc.subarray(all)),
    );
    await fc.assert(
      fc.asyncProperty(seen, async ([all, shuffled, repeated]) => {
        const answers = [];
        for (const order of [all, [...shuffled, ...repeated], [...repeated, ...shuffled]]) {
          fixture = makeTracking();
          for (const { number, setAt } of order) await put(number, setAt);
          answers.push(await get());
        }
        expect(answers[1]).toEqual(answers[0]);
        expect(answers[2]).toEqual(answers[0]);
      }),
      { numRuns: 60 },
    );
  });
});
