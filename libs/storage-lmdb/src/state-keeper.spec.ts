import { mkdir, rm } from 'node:fs/promises';
import { jest } from '@jest/globals';
import { ManualClock, silentLogger } from '@panal/runtime';
import { HybridClock, hybridTimeMs } from '@panal/wire';
import { CLOCK_MARK_AHEAD_MS, MEMBERS_KEPT_MAX } from './limits.js';
import { RecordFolder } from './record-folder.js';
import { IDENTITY, LIVES, makeFolder, NOW_MS, removeFolders, TrialLog } from './record-log.fixture.js';
import { StateKeeper } from './state-keeper.js';
import { Trouble } from './trouble.js';

// Processes start here and wait for the disk, on a machine that may have other things to do.
jest.setTimeout(60_000);

afterEach(removeFolders);

/** One life of a tracker, which beats each second and stamps before each beat. Without `close` it crashes. */
async function live(
  folder: string,
  clock: ManualClock,
  options: { seconds: number; isClosed?: boolean; stampsEach?: number },
) {
  const opened = await RecordFolder.open(folder, { identity: IDENTITY, isSoftSynced: true });
  const keeper = new StateKeeper(opened, clock, new Trouble(silentLogger, () => undefined));
  const hybrid = new HybridClock(keeper.restored.clock);
  const first = hybrid.tick(clock.nowMs());
  for (let second = 0; second < options.seconds; second += 1) {
    keeper.beat(hybrid.last);
    // The write that the beat began, and whatever was written before it.
    await opened.write({});
    for (let stamp = 0; stamp < (options.stampsEach ?? 10); stamp += 1) hybrid.tick(clock.nowMs());
    clock.advance(1000);
    hybrid.tick(clock.nowMs());
  }
  if (options.isClosed) await keeper.close(hybrid.last, { hasLived: true, unsyncedBoot: '' });
  return { first, last: hybrid.last, restored: keeper.restored };
}

describe('StateKeeper', () => {
  it('has nothing to say on the first start', async () => {
    const { restored } = await live(await makeFolder(), new ManualClock(NOW_MS), { seconds: 0 });
    expect(restored).toEqual({
      startCount: 1,
      clock: 0,
      lastAliveMs: undefined,
      members: [],
      orders: { fence: 0, isCordoned: false },
    });
  });

  it('keeps what the tracker was told as soon as that settles, whatever comes next', async () => {
    const folder = await makeFolder();
    const trial = await TrialLog.open(folder);
    await trial.load();
    await trial.log.keepOrders({ fence: 7, isCordoned: true });
    await trial.log.keepOrders({ isCordoned: false });
    // As after a crash: nothing but what is on the disk.
    const crashed = await TrialLog.open(folder);
    expect(crashed.log.restored.orders).toEqual({ fence: 7, isCordoned: false });
    trial.log.beat(0);
    await trial.log.close(0);
    expect((await TrialLog.open(folder)).log.restored.orders).toEqual({ fence: 7, isCordoned: false });
  });

  it('never lets the clock go back, though the process crashed and the wall clock was set back', async () => {
    const folder = await makeFolder();
    let last = 0;
    for (let life = 0; life < 4; life += 1) {
      const begun = await live(folder, new ManualClock(NOW_MS - life * 60_000), { seconds: 7 });
      expect(begun.first).toBeGreaterThan(last);
      last = begun.last;
    }
  });

  it('has a stamp kept when it is asked to, however far ahead of the wall, and says when it could not', async () => {
    const folder = await makeFolder();
    const clock = new ManualClock(NOW_MS);
    const opened = await RecordFolder.open(folder, { identity: IDENTITY, isSoftSynced: true });
    const keeper = new StateKeeper(opened, clock, new Trouble(silentLogger, () => undefined));
    const stamp = new HybridClock().tick(NOW_MS + 2 * CLOCK_MARK_AHEAD_MS);
    expect(keeper.isKept(stamp)).toBe(false);
    // A write that began without it is no answer to it.
    keeper.beat(new HybridClock().tick(NOW_MS));
    expect(await keeper.keep(stamp)).toBe(true);
    expect(keeper.isKept(stamp)).toBe(true);
    const { restored } = await live(folder, clock, { seconds: 0 });
    expect(restored.clock).toBeGreaterThanOrEqual(stamp);

    await rm(folder, { recursive: true });
    const later = new HybridClock().tick(NOW_MS + 4 * CLOCK_MARK_AHEAD_MS);
    expect(await keeper.keep(later)).toBe(false);
    await mkdir(folder);
  });

  it('does not push the clock ahead by crashing again and again', async () => {
    const folder = await makeFolder();
    const clock = new ManualClock(NOW_MS);
    for (let life = 0; life < 20; life += 1) {
      const { last } = await live(folder, clock, { seconds: 1 });
      expect(hybridTimeMs(last) - clock.nowMs()).toBeLessThanOrEqual(CLOCK_MARK_AHEAD_MS);
    }
  });

  it('leaves no gap when it ends as it should', async () => {
    const folder = await makeFolder();
    const clock = new ManualClock(NOW_MS);
    const { last } = await live(folder, clock, { seconds: 5, isClosed: true });
    const next = await live(folder, clock, { seconds: 0 });
    expect(next.restored).toMatchObject({ startCount: 2, clock: last, lastAliveMs: NOW_MS + 5000 });
  });

  it('knows within seconds when it was alive last', async () => {
    const folder = await makeFolder();
    const clock = new ManualClock(NOW_MS);
    await live(folder, clock, { seconds: 60 });
    const { restored } = await live(folder, clock, { seconds: 0 });
    expect(clock.nowMs() - (restored.lastAliveMs ?? 0)).toBeLessThanOrEqual(5000);
  });

  it('tells a disk that was away for too long from one that was not', async () => {
    const folder = await makeFolder();
    const clock = new ManualClock(NOW_MS);
    await live(folder, clock, { seconds: 1, isClosed: true });
    const trial = await TrialLog.open(folder, { clock });
    const { lastAliveMs = 0 } = trial.log.restored;
    expect(trial.log.isStale(lastAliveMs + 0.89 * LIVES.durableTombstoneMs)).toBe(false);
    expect(trial.log.isStale(lastAliveMs + 0.91 * LIVES.durableTombstoneMs)).toBe(true);
    expect(trial.log.isStale(0)).toBe(false);
    await trial.log.close(0);
    clock.advance(LIVES.durableTombstoneMs);
    for (let start = 0; start < 2; start += 1) {
      const refused = await TrialLog.open(folder, { clock });
      expect(refused.log.isStale(clock.nowMs())).toBe(true);
      // Not loaded: whoever refuses it leaves it as it was found.
      await refused.log.close(0);
    }
    const fresh = await TrialLog.open(await makeFolder(), { clock });
    expect(fresh.log.isStale(clock.nowMs())).toBe(false);
    await fresh.log.close(0);
  });

  it('remembers members, not more of them than it needs', async () => {
    const folder = await makeFolder();
    const members = Array.from({ length: MEMBERS_KEPT_MAX + 10 }, (_, index) => ({
      host: `10.0.${index >> 8}.${index & 255}`,
      port: 5560,
    }));
    const trial = await TrialLog.open(folder);
    trial.log.keepMembers([{ host: '2001:db8::1', port: 1 }, ...members]);
    await trial.log.close(0);
    const again = await TrialLog.open(folder);
    expect(again.log.restored.members).toEqual(
      [{ host: '2001:db8::1', port: 1 }, ...members].slice(0, MEMBERS_KEPT_MAX),
    );
    await again.log.close(0);
  });
});
