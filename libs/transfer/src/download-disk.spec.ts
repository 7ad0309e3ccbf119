import { PanalError } from '@panal/runtime';
import { DownloadTrial } from './download-trial.fixture.js';
import { COMMIT_INTERVAL_MS, DISK_RETRY_MS } from './limits.js';

/** A download that is well under way. */
async function running(seed: number, bytesPerSecond = 1e6): Promise<DownloadTrial> {
  const trial = new DownloadTrial(seed);
  for (const name of ['a', 'b']) trial.network.add(name, { bytesPerSecond: bytesPerSecond / 2 });
  trial.start();
  await trial.until(() => trial.snapshot.chunksDone >= 5);
  return trial;
}

describe('DownloadRun and its disk', () => {
  it.each([
    ['ENOSPC', 'disk_full'],
    ['EDQUOT', 'disk_full'],
    ['EROFS', 'target_read_only'],
    ['EACCES', 'permission_denied'],
    ['EIO', 'disk_error'],
    ['ENOENT', 'disk_error'],
  ])('pauses on %s with %s, says what to do, and goes on by itself', async (failure, code) => {
    const trial = await running(1);
    trial.store.fail('write', failure);
    await trial.until(() => trial.snapshot.state === 'paused', 1000);
    expect(trial.snapshot.reason).toMatchObject({ code, retryable: true });
    expect(trial.snapshot.reason?.action).toMatch(/by itself/);
    const { chunksDone } = trial.snapshot;
    await trial.pass(5 * DISK_RETRY_MS);
    expect(trial.snapshot.chunksDone).toBe(chunksDone);
    trial.store.fail('write', undefined);
    await trial.complete();
    expect(trial.states).toContain(`paused: ${code}`);
  });

  it('asks for nothing while it is paused, and holds one block at most after the first retry', async () => {
    const trial = await running(2, 1e7);
    trial.store.fail('write', 'ENOSPC');
    await trial.pass(2 * DISK_RETRY_MS + 500);
    const sent = trial.network.sentBytes;
    await trial.pass(10 * DISK_RETRY_MS);
    expect([trial.network.sentBytes, trial.network.borrowedCount]).toEqual([sent, 1]);
    expect(trial.snapshot.sources.every(({ state }) => state === 'active')).toBe(true);
  });

  it('goes on with the blocks it held when the disk refused only for a moment', async () => {
    const trial = await running(3);
    trial.store.fail('write', 'ENOSPC');
    await trial.until(() => trial.snapshot.state === 'paused');
    trial.store.fail('write', undefined);
    await trial.complete();
    expect(trial.snapshot.wastedBytes).toBeLessThan(trial.content.length / 4);
  });

  it('takes the code of a cause, and a retryable error of the store as it is', async () => {
    const trial = await running(4);
    const write = trial.store.write.bind(trial.store);
    trial.store.write = async () => {
      throw Object.assign(new Error('wrapped'), { cause: Object.assign(new Error('inner'), { code: 'EROFS' }) });
    };
    await trial.until(() => trial.snapshot.reason?.code === 'target_read_only', 1000);
    trial.store.write = async () => {
      throw new PanalError({ code: 'volume_asleep', message: 'm', action: 'a', retryable: true });
    };
    await trial.until(() => trial.snapshot.reason?.code === 'volume_asleep', DISK_RETRY_MS + 500);
    trial.store.write = write;
    await trial.complete();
    expect(trial.states).toContain('paused: volume_asleep');
  });

  it('pauses when a commit fails, and loses nothing', async () => {
    const trial = await running(5);
    trial.store.fail('commit', 'ENOSPC');
    await trial.until(() => trial.snapshot.state === 'paused');
    const { chunksDone } = trial.snapshot;
    trial.store.fail('commit', undefined);
    await trial.until(() => trial.snapshot.state === 'downloading');
    expect(trial.store.journal.count).toBeGreaterThanOrEqual(chunksDone);
    await trial.complete();
  });

  it('pauses when the end fails, and ends when it can', async () => {
    const trial = await running(6);
    trial.store.fail('place', 'EROFS');
    await trial.until(() => trial.snapshot.state === 'paused');
    expect(trial.snapshot).toMatchObject({
      chunksDone: trial.geometry.chunkCount,
      reason: { code: 'target_read_only' },
    });
    trial.store.fail('place', undefined);
    await trial.complete();
  });

  it('fails, with the reason, when trying again is of no use', async () => {
    const trial = await running(7);
    trial.store.place = async () => {
      throw new PanalError({ code: 'target_exists', message: 'm', action: 'Use --force.', retryable: false });
    };
    await trial.until(() => trial.ended !== undefined);
    expect([trial.ended, trial.snapshot.reason?.code]).toEqual(['failed', 'target_exists']);
    await Promise.all([trial.run.stop(), trial.pass(100)]);
    expect(trial.store.isOpen).toBe(false);
  });

  it('is complete when the content is at its place, and durable after that', async () => {
    const trial = await running(9);
    let sync = (): void => undefined;
    const finish = trial.store.finish.bind(trial.store);
    trial.store.finish = async () => {
      await new Promise<void>((resolve) => (sync = resolve));
      await finish();
    };
    await trial.until(() => trial.ended === 'complete');
    let isDurable = false;
    const durable = trial.run.durable.then(() => (isDurable = true));
    await trial.pass(100);
    expect([trial.store.isPlaced, trial.store.isFinished, isDurable]).toEqual([true, false, false]);
    sync();
    await Promise.all([durable, trial.pass(100)]);
    expect(trial.store.isFinished).toBe(true);
    await trial.run.stop();
  });

  it('tells that complete content could not be made durable', async () => {
    const trial = await running(9);
    trial.store.fail('finish', 'EIO');
    await trial.until(() => trial.ended === 'complete');
    await Promise.all([expect(trial.run.durable).rejects.toMatchObject({ code: 'EIO' }), trial.pass(100)]);
    await Promise.all([trial.run.stop(), trial.pass(100)]);
    expect(trial.store.isOpen).toBe(false);
  });

  it('commits about once a second, not once a chunk', async () => {
    const trial = await running(8, 2e5);
    let commits = 0;
    const commit = trial.store.commit.bind(trial.store);
    trial.store.commit = (done) => {
      commits += 1;
      return commit(done);
    };
    await trial.pass(4 * COMMIT_INTERVAL_MS);
    expect(commits).toBeGreaterThanOrEqual(3);
    expect(commits).toBeLessThanOrEqual(5);
  });
});

describe('DownloadRun, reading back', () => {
  it('completes when the disk kept what was written', async () => {
    const trial = new DownloadTrial(10, { verify: 'reread' });
    trial.network.add('a');
    trial.start();
    await trial.complete();
    expect(trial.snapshot.wastedBytes).toBe(0);
  });

  it('fails when it did not, and the next download fetches what is bad only', async () => {
    const trial = new DownloadTrial(11, { verify: 'reread' });
    trial.network.add('a');
    trial.store.fail('place', 'EIO');
    trial.start();
    await trial.until(() => trial.snapshot.chunksDone === 20);
    trial.store.content.fill(0, 0, trial.geometry.chunkStart(20));
    const firsts = [...trial.run.done].filter((chunk) => chunk < 20).length;
    await trial.until(() => trial.ended !== undefined);
    expect(trial.snapshot).toMatchObject({ state: 'failed', reason: { code: 'reread_mismatch', retryable: false } });
    expect(trial.snapshot.chunksDone).toBeLessThanOrEqual(trial.geometry.chunkCount - firsts);
    await Promise.all([trial.run.stop(), trial.pass(100)]);
    trial.store.fail('place', undefined);
    trial.restart({ verify: 'reread' });
    await trial.complete();
    expect(trial.snapshot.downloadedBytes).toBeLessThan(trial.content.length);
  });
});

describe('DownloadRun, stopped or killed', () => {
  it('makes durable what is done when it stops, closes everything, and resumes from there', async () => {
    const trial = await running(20);
    await Promise.all([trial.run.stop(), trial.pass(100)]);
    const { chunksDone } = trial.snapshot;
    expect([trial.store.isOpen, trial.store.journal.count, trial.network.borrowedCount]).toEqual([
      false,
      chunksDone,
      0,
    ]);
    const sent = trial.network.sentBytes;
    trial.restart();
    await trial.complete();
    expect(trial.network.sentBytes - sent).toBeLessThan(trial.content.length - 4 * 128 * 1024);
  });

  it('stops while it is paused, and keeps what was verified', async () => {
    const trial = await running(21);
    trial.store.fail('write', 'ENOSPC');
    await trial.until(() => trial.snapshot.state === 'paused');
    const { chunksDone } = trial.snapshot;
    await Promise.all([trial.run.stop(), trial.pass(100)]);
    expect([trial.store.journal.count, trial.network.borrowedCount]).toEqual([chunksDone, 0]);
  });

  it.each(Array.from({ length: 10 }, (_, at) => 3000 + at))(
    'resumes wherever it was killed (seed %i)',
    async (seed) => {
      const trial = new DownloadTrial(seed);
      trial.network.add('a', { bytesPerSecond: 1e6 });
      trial.network.add('liar', { bytesPerSecond: 5e5, corruptShare: 0.1 });
      trial.start();
      for (let kills = 1 + trial.random.below(3); kills > 0; kills -= 1) {
        await trial.pass(trial.random.below(1500));
        if (trial.ended === undefined) trial.restart();
      }
      await trial.complete();
      expect(trial.store.isFinished).toBe(true);
    },
  );

  it('finishes what was whole but not in its place, without a source', async () => {
    const trial = await running(22);
    trial.store.fail('place', 'ENOSPC');
    await trial.until(() => trial.snapshot.state === 'paused');
    await Promise.all([trial.run.stop(), trial.pass(100)]);
    trial.store.fail('place', undefined);
    trial.network.sources.clear();
    trial.restart();
    await trial.complete(1000);
    expect(trial.snapshot.downloadedBytes).toBe(0);
  });

  it('stops in the middle of a dial, and twice', async () => {
    const trial = new DownloadTrial(23);
    trial.network.add('far', { latencyMs: 5000 });
    trial.start();
    await trial.pass(50);
    await Promise.all([trial.run.stop(), trial.run.stop(), trial.pass(100)]);
    await expect(trial.run.ended).resolves.toBe('waiting');
  });
});
