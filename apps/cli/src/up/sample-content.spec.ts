import { lstat, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeSample } from './sample-content.js';
import { compareTrees } from './tree-comparison.js';

describe('makeSample', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-sample-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('makes everything a sharing program may trip over, at least 64 MiB of it, once', async () => {
    const sample = path.join(folder, 'demo', 'sample');
    expect(await makeSample(sample)).toBe(true);
    const { sizeBytes, linkCount, fileCount } = await compareTrees(sample, sample);
    expect(sizeBytes).toBeGreaterThanOrEqual(64 * 1024 * 1024);
    expect([linkCount, fileCount > 40]).toEqual([1, true]);
    expect((await lstat(path.join(sample, 'bin/run.sh'))).mode & 0o111).not.toBe(0);
    expect(await readlink(path.join(sample, 'latest.bin'))).toBe('weights/model-00001.bin');
    expect(await readdir(path.join(sample, 'empty-directory'))).toEqual([]);
    expect(await readFile(path.join(sample, 'empty.txt'), 'utf8')).toBe('');
    expect(await makeSample(sample)).toBe(false);
    expect(await readdir(path.join(folder, 'demo'))).toEqual(['sample']);
  });
});
