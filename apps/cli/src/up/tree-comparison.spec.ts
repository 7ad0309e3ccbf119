import { chmod, cp, mkdir, mkdtemp, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compareTrees } from './tree-comparison.js';

describe('compareTrees', () => {
  let folder: string;
  let original: string;
  let copy: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-trees-'));
    [original, copy] = [path.join(folder, 'original'), path.join(folder, 'copy')];
    await mkdir(path.join(original, 'empty'), { recursive: true });
    await writeFile(path.join(original, 'señal.bin'), Buffer.alloc(3 * 1024 * 1024 + 7, 1));
    await writeFile(path.join(original, 'run'), 'x', { mode: 0o755 });
    await symlink('señal.bin', path.join(original, 'link'));
    await cp(original, copy, { recursive: true, verbatimSymlinks: true });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('finds a copy equal and counts what it read', async () => {
    expect(await compareTrees(original, copy)).toEqual({
      fileCount: 2,
      linkCount: 1,
      directoryCount: 2,
      sizeBytes: 3 * 1024 * 1024 + 8,
      differenceCount: 0,
      differences: [],
    });
  });

  it.each<[string, (dir: string) => Promise<unknown>]>([
    ['one byte', (dir) => writeFile(path.join(dir, 'señal.bin'), Buffer.alloc(1, 2), { flag: 'r+' })],
    ['the size', (dir) => truncate(path.join(dir, 'señal.bin'), 5)],
    ['the executable bit', (dir) => chmod(path.join(dir, 'run'), 0o644)],
    ['a missing file', (dir) => unlink(path.join(dir, 'run'))],
    ['a missing empty directory', (dir) => rm(path.join(dir, 'empty'), { recursive: true })],
    ['an extra file', (dir) => writeFile(path.join(dir, 'extra'), '')],
    [
      'a link that became a file',
      async (dir) => {
        await unlink(path.join(dir, 'link'));
        await writeFile(path.join(dir, 'link'), '');
      },
    ],
    [
      'another target of a link',
      async (dir) => {
        await unlink(path.join(dir, 'link'));
        await symlink('run', path.join(dir, 'link'));
      },
    ],
  ])('sees that the copy differs by %s', async (_, change) => {
    await change(copy);
    const { differenceCount, differences } = await compareTrees(original, copy);
    expect(differenceCount).toBe(1);
    expect(differences).toHaveLength(1);
  });

  it('compares single files, and a missing copy', async () => {
    expect((await compareTrees(path.join(original, 'run'), path.join(copy, 'run'))).differenceCount).toBe(0);
    expect((await compareTrees(original, path.join(folder, 'none'))).differences).toEqual(['. is missing in the copy']);
  });
});
