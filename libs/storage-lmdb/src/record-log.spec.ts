import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { type ClusterRecord, EVERYWHERE } from '@panal/cluster';
import { SeededRandom } from '@panal/runtime';
import {
  contentOf,
  durableOf,
  IDENTITY,
  LIVES,
  makeFolder,
  NOW_MS,
  randomRecord,
  recordOf,
  removeFolders,
  TrialLog,
} from './record-log.fixture.js';

// Processes start here and wait for the disk, on a machine that may have other things to do.
jest.setTimeout(60_000);

const MIB = 1024 * 1024;

afterEach(removeFolders);

describe('RecordLog', () => {
  it('gives back after a restart what it kept, whatever kind it is', async () => {
    const folder = await makeFolder();
    const records = [
      recordOf('soft'),
      durableOf('durable'),
      recordOf('for all', { slot: EVERYWHERE }),
      durableOf('gone', { isDead: true, serveUntilMs: 0, value: Buffer.alloc(0) }),
      durableOf('big', { value: Buffer.alloc(MIB + 64 * 1024, 7) }),
    ];
    const trial = await TrialLog.open(folder);
    expect(await trial.load()).toEqual(new Map());
    await trial.keep(...records);
    await trial.log.close(0);
    expect(await contentOf(folder)).toEqual(new Map(records.map((record) => [record.key.toString(), record])));
  });

  it('keeps the last version that was appended', async () => {
    const folder = await makeFolder();
    const trial = await TrialLog.open(folder);
    await trial.load();
    trial.log.append([recordOf('a', { value: Buffer.from('old') })], { isDurable: false });
    await trial.keep(recordOf('a', { value: Buffer.from('new') }));
    await trial.log.close(0);
    expect((await contentOf(folder)).get('a')?.value.toString()).toBe('new');
  });

  it('commits soft records by itself, and what is left when it is closed', async () => {
    const folder = await makeFolder();
    const trial = await TrialLog.open(folder);
    await trial.load();
    await trial.persisted(trial.log.append([recordOf('a')], { isDurable: false }));
    trial.log.append([recordOf('b')], { isDurable: false });
    await trial.log.close(0);
    expect(trial.persistedUpTo).toBe(2);
    expect([...(await contentOf(folder)).keys()].sort()).toEqual(['a', 'b']);
  });

  it('keeps what is appended before and while it loads', async () => {
    const folder = await makeFolder();
    const first = await TrialLog.open(folder);
    first.log.append([durableOf('before')], { isDurable: true });
    await first.load();
    await first.persisted(1);
    await first.log.close(0);
    expect([...(await contentOf(folder)).keys()]).toEqual(['before']);
  });

  it('erases in order with what is appended', async () => {
    const folder = await makeFolder();
    const trial = await TrialLog.open(folder);
    await trial.load();
    const inSlot = (name: string, slot: number): ClusterRecord => recordOf(name, { slot });
    trial.log.append([inSlot('a', 7), inSlot('b', 7), inSlot('c', 7), inSlot('other', 8)], { isDurable: false });
    trial.log.eraseSlot(7);
    trial.log.append([inSlot('b', 7), inSlot('d', 7)], { isDurable: false });
    trial.log.erase([inSlot('d', 7), inSlot('never there', 9)]);
    await trial.keep(durableOf('kept'));
    await trial.log.close(0);
    expect([...(await contentOf(folder)).keys()].sort()).toEqual(['b', 'kept', 'other']);
  });

  it('discards durable records alone', async () => {
    const folder = await makeFolder();
    const trial = await TrialLog.open(folder);
    await trial.load();
    await trial.keep(durableOf('old'), recordOf('soft'));
    trial.log.discardDurable();
    await trial.keep(durableOf('new'));
    await trial.log.close(0);
    expect([...(await contentOf(folder)).keys()].sort()).toEqual(['new', 'soft']);
  });

  it('grows with what it keeps, far beyond what it maps at first', async () => {
    const folder = await makeFolder();
    const trial = await TrialLog.open(folder);
    await trial.load();
    for (let round = 0; round < 8; round += 1) {
      const records = Array.from({ length: 8 }, (_, index) =>
        recordOf(`${round}-${index}`, { value: Buffer.alloc(MIB, round) }),
      );
      await trial.keep(...records);
    }
    await trial.log.close(0);
    expect((await stat(join(folder, 'soft.mdb'))).size).toBeGreaterThan(64 * MIB);
    expect((await contentOf(folder)).size).toBe(64);
  });

  it('erases what is over, bit by bit', async () => {
    const folder = await makeFolder();
    const trial = await TrialLog.open(folder);
    await trial.load();
    await trial.keep(
      recordOf('soft, over', { clock: (NOW_MS - LIVES.softMs) * 4096 }),
      recordOf('soft'),
      durableOf('durable', { clock: 4096 }),
      durableOf('tombstone, over', { clock: 4096, isDead: true }),
    );
    while (trial.log.counters.sweptRecords < 2) {
      trial.log.beat(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await trial.log.close(0);
    expect([...(await contentOf(folder)).keys()].sort()).toEqual(['durable', 'soft']);
  });

  it.each([1, 2])('agrees with a map, through restarts and erasures (seed %i)', async (seed) => {
    const folder = await makeFolder();
    const random = new SeededRandom(seed);
    const expected = new Map<string, ClusterRecord>();
    for (let start = 0; start < 2; start += 1) {
      const trial = await TrialLog.open(folder);
      expect(await trial.load()).toEqual(expected);
      let last = 0;
      for (let step = 0; step < 60; step += 1) {
        const record = randomRecord(random);
        if (random.below(4) > 0) {
          last = trial.log.append([record], { isDurable: random.below(10) === 0 });
          expected.set(record.key.toString(), record);
        } else if (random.below(3) > 0) {
          trial.log.erase([record]);
          expected.delete(record.key.toString());
        } else {
          trial.log.eraseSlot(record.slot);
          for (const [name, { slot }] of expected) if (slot === record.slot) expected.delete(name);
        }
        if (random.below(20) === 0) await trial.persisted(last);
      }
      await trial.log.close(0);
    }
    expect(await contentOf(folder)).toEqual(expected);
  });

  it('refuses to be used after it was closed', async () => {
    const trial = await TrialLog.open(await makeFolder());
    await trial.load();
    await trial.log.close(0);
    await trial.log.close(0);
    expect(() => trial.log.append([], { isDurable: true })).toThrow(
      expect.objectContaining({ code: 'record_log_closed' }),
    );
    expect(() => trial.log.eraseSlot(1)).toThrow(expect.objectContaining({ code: 'record_log_closed' }));
    await expect(trial.load()).rejects.toMatchObject({ code: 'record_log_closed' });
  });

  it('is readable by its owner only', async () => {
    const folder = join(await makeFolder(), 'records');
    const trial = await TrialLog.open(folder);
    await trial.load();
    await trial.keep(durableOf('a'), recordOf('b'));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await trial.log.close(0);
    expect((await readdir(folder)).filter((name) => !name.endsWith('-lock')).sort()).toEqual([
      'durable.mdb',
      'soft.mdb',
      'state.json',
    ]);
  });
});

describe('soft records that are not synced', () => {
  const changeState = async (folder: string, changes: object): Promise<void> => {
    const path = join(folder, 'state.json');
    const state = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...state, ...changes }));
  };

  /** A folder of a process that was killed: its log is abandoned, and closed only for the sake of this test's thread. */
  const killed = async (): Promise<string> => {
    const folder = await makeFolder();
    const trial = await TrialLog.open(folder, { isSoftSynced: false });
    await trial.load();
    await trial.keep(durableOf('durable'), recordOf('soft'));
    const { unsyncedBoot } = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8')) as { unsyncedBoot: string };
    await trial.log.close(0);
    await changeState(folder, { unsyncedBoot });
    return folder;
  };

  it('are kept when their process was killed', async () => {
    expect([...(await contentOf(await killed())).keys()].sort()).toEqual(['durable', 'soft']);
  });

  it('are gone when the power was, and durable ones are not', async () => {
    const folder = await killed();
    await changeState(folder, { unsyncedBoot: 'an earlier boot' });
    expect([...(await contentOf(folder)).keys()]).toEqual(['durable']);
  });

  it('are kept when the tracker ended as it should', async () => {
    const folder = await makeFolder();
    const trial = await TrialLog.open(folder, { isSoftSynced: false });
    await trial.load();
    await trial.keep(recordOf('soft'));
    await trial.log.close(0);
    await changeState(folder, {});
    expect([...(await contentOf(folder)).keys()]).toEqual(['soft']);
    expect(IDENTITY.clusterName).toBe('hive');
  });
});
