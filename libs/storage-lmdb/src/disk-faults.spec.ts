import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { ManualClock } from '@panal/runtime';
import {
  closeLogs,
  contentOf,
  durableOf,
  makeFolder,
  NOW_MS,
  recordOf,
  removeFolders,
  TrialLog,
} from './record-log.fixture.js';

// Processes start here and wait for the disk, on a machine that may have other things to do.
jest.setTimeout(60_000);

const MIB = 1024 * 1024;
const mounted: string[] = [];

/** Some containers give root no right to mount. */
function tryMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const canMount = tryMount();
if (!canMount)
  process.stderr.write('skipped: record log on a full and on a read-only disk (needs root and the right to mount)\n');
const describeMounted = canMount ? describe : describe.skip;

afterEach(async () => {
  await closeLogs();
  for (const path of mounted.splice(0)) execFileSync('umount', [path]);
  await removeFolders();
});

async function mountTmpfs(sizeBytes: number): Promise<string> {
  const path = await makeFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path]);
  mounted.push(path);
  return path;
}

describeMounted('a disk that is full', () => {
  it('stops what waits for it, says so, and goes on by itself when there is room: nothing is lost', async () => {
    const disk = await mountTmpfs(12 * MIB);
    const folder = join(disk, 'records');
    await writeFile(join(disk, 'ballast'), Buffer.alloc(8 * MIB));
    const trial = await TrialLog.open(folder);
    await trial.load();
    await trial.keep(durableOf('early'));
    let last = 0;
    const names = Array.from({ length: 60 }, (_, index) => `record ${index}`);
    for (const name of names)
      last = trial.log.append([durableOf(name, { value: Buffer.alloc(100_000, name) })], { isDurable: true });
    await trial.until(() => trial.troubles.length > 0);
    expect(trial.troubles[0]).toMatchObject({ code: 'record_disk_full', retryable: true });
    expect(trial.persistedUpTo).toBeLessThan(last);
    expect(trial.log.trouble?.code).toBe('record_disk_full');
    await rm(join(disk, 'ballast'));
    await trial.persisted(last);
    expect(trial.troubles).toEqual([expect.anything(), undefined]);
    expect(trial.log.trouble).toBeUndefined();
    await trial.log.close(0);
    expect([...(await contentOf(folder)).keys()].sort()).toEqual(['early', ...names].sort());
  });

  it('keeps what was persisted when the tracker ends on it', async () => {
    const disk = await mountTmpfs(3 * MIB);
    const folder = join(disk, 'records');
    const trial = await TrialLog.open(folder);
    await trial.load();
    await trial.keep(durableOf('early'), recordOf('soft'));
    const big = Array.from({ length: 4 }, (_, index) => durableOf(`too big ${index}`, { value: Buffer.alloc(MIB) }));
    trial.log.append(big, { isDurable: true });
    await trial.until(() => trial.troubles.length > 0);
    await trial.log.close(0);
    execFileSync('mount', ['-o', `remount,size=${8 * MIB}`, disk]);
    expect([...(await contentOf(folder)).keys()]).toEqual(expect.arrayContaining(['early', 'soft']));
  });

  it('does not take a first start, and says why', async () => {
    const disk = await mountTmpfs(64 * 1024);
    await writeFile(join(disk, 'ballast'), Buffer.alloc(64 * 1024)).catch(() => undefined);
    await expect(TrialLog.open(join(disk, 'records'))).rejects.toMatchObject({
      code: 'record_disk_full',
      retryable: true,
    });
  });
});

describeMounted('a disk that is read-only', () => {
  it('does not take a start, and says why', async () => {
    const disk = await mountTmpfs(8 * MIB);
    const folder = join(disk, 'records');
    const trial = await TrialLog.open(folder);
    await trial.load();
    await trial.keep(durableOf('early'));
    await trial.log.close(0);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await expect(TrialLog.open(folder)).rejects.toMatchObject({ code: 'record_disk_read_only' });
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    expect([...(await contentOf(folder)).keys()]).toEqual(['early']);
  });

  it('while the tracker runs, is told of, and used again once it can be written to', async () => {
    const disk = await mountTmpfs(8 * MIB);
    const folder = join(disk, 'records');
    const clock = new ManualClock(NOW_MS);
    const trial = await TrialLog.open(folder, { clock });
    await trial.load();
    // The stores are not open yet, so nothing keeps the disk from becoming read-only under the running log.
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const sequence = trial.log.append(trial.table.take([durableOf('a')]), { isDurable: true });
    trial.log.beat(0);
    await trial.until(() => trial.troubles.length > 0);
    expect(trial.troubles[0]).toMatchObject({ code: 'record_disk_read_only', retryable: true });
    expect(trial.persistedUpTo).toBe(0);
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    clock.advance(10_000);
    trial.log.beat(0);
    await trial.persisted(sequence);
    await trial.until(() => trial.troubles.at(-1) === undefined);
    await trial.log.close(0);
    expect([...(await contentOf(folder)).keys()]).toEqual(['a']);
  });
});
