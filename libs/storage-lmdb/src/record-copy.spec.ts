import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { SeededRandom } from '@panal/runtime';
import {
  contentOf,
  durableOf,
  makeFolder,
  NOW_MS,
  randomRecord,
  recordOf,
  removeFolders,
  TrialLog,
} from './record-log.fixture.js';

// Processes start here and wait for the disk, on a machine that may have other things to do.
jest.setTimeout(60_000);

afterEach(removeFolders);

describe('a copy of the records', () => {
  it('has all that was appended before, waiting or not, and is a folder to start from', async () => {
    const target = join(await makeFolder(), 'copy');
    const trial = await TrialLog.open(await makeFolder());
    await trial.load();
    await trial.keep(durableOf('kept'));
    await trial.log.keepOrders({ fence: 3 });
    trial.log.append(trial.table.take([recordOf('waiting')]), { isDurable: false });
    const sizeBytes = await trial.log.copyTo(target);
    await trial.keep(durableOf('later'));

    const files = await readdir(target);
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(target, name))).size));
    expect(files.sort()).toEqual(['durable.mdb', 'soft.mdb', 'state.json']);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(sizeBytes);
    expect([...(await contentOf(target)).keys()].sort()).toEqual(['kept', 'waiting']);
    const started = await TrialLog.open(target);
    expect(started.log.restored).toMatchObject({ lastAliveMs: NOW_MS, orders: { fence: 3 } });
    expect(started.log.restored.clock).toBeGreaterThan(0);
    expect([...(await started.load()).keys()]).not.toContain('later');
  });

  it('is whole while records change under it, and holds up no commit', async () => {
    const random = new SeededRandom(4);
    const trial = await TrialLog.open(await makeFolder());
    await trial.load();
    const base = Array.from({ length: 2000 }, (_, at) => recordOf(`base ${at}`, { value: Buffer.alloc(500, at) }));
    await trial.keep(...base);
    const target = join(await makeFolder(), 'copy');
    const copied = { isDone: false };
    const copying = trial.log.copyTo(target).finally(() => (copied.isDone = true));
    let kept = 0;
    while (!copied.isDone) {
      await trial.keep(randomRecord(random));
      kept += 1;
    }
    await copying;
    expect(kept).toBeGreaterThan(0);
    const content = await contentOf(target);
    for (const record of base) expect(content.get(record.key.toString())?.value).toEqual(record.value);
  });

  it('is refused with the reason where there is no place for it, and the log goes on', async () => {
    const trial = await TrialLog.open(await makeFolder());
    await trial.load();
    const folder = await makeFolder();
    await writeFile(join(folder, 'file'), '');
    await expect(trial.log.copyTo(join(folder, 'file', 'copy'))).rejects.toMatchObject({ code: 'record_disk_failed' });
    await mkdir(join(folder, 'copy', 'durable.mdb'), { recursive: true });
    await expect(trial.log.copyTo(join(folder, 'copy'))).rejects.toMatchObject({ retryable: true });
    await trial.keep(durableOf('after'));
    expect(trial.troubles).toEqual([]);
    await trial.log.copyTo(join(folder, 'another'));
    expect([...(await contentOf(join(folder, 'another'))).keys()]).toEqual(['after']);
  });
});
