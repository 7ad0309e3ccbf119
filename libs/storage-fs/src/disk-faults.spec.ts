import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SeededRandom } from '@panal/runtime';
import { scanContent } from './content-scan.js';
import { DataFolder } from './data-folder.js';
import { ContentUnreadableError, TargetUnwritableError } from './errors.js';
import { FileChunkStore } from './file-chunk-store.js';
import { makeFolder, removeFolders, sampleFile } from './sample-content.fixture.js';

const MIB = 1024 * 1024;
const isRoot = process.getuid?.() === 0;
const canMount = isRoot && tryMount();
const mounted: string[] = [];

/** Some containers give root no right to mount. */
function tryMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

if (!canMount)
  process.stderr.write('skipped: disk full and read-only mounts (they need root and the right to mount)\n');
if (isRoot) process.stderr.write('skipped: folders closed by their mode (root may write to them all)\n');
const describeMounted = canMount ? describe : describe.skip;
const describeUnprivileged = isRoot ? describe.skip : describe;

afterEach(async () => {
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
  it('rejects writes with ENOSPC and the path, keeps what is committed, and goes on when there is room', async () => {
    const disk = await mountTmpfs(8 * MIB);
    const sample = await sampleFile(6 * MIB);
    await writeFile(join(disk, 'ballast'), Buffer.alloc(4 * MIB));
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory: disk });
    const done = sample.some();
    let failure: NodeJS.ErrnoException | undefined;
    for (const chunk of sample.all) {
      try {
        await sample.write(store, [chunk]);
        done.add(chunk);
      } catch (error) {
        failure = error as NodeJS.ErrnoException;
        break;
      }
    }
    expect(failure).toMatchObject({ code: 'ENOSPC', path: store.contentPath });
    expect(done.count).toBeGreaterThan(0);
    await expect(sample.write(store, [done.count])).rejects.toMatchObject({ code: 'ENOSPC' });
    // The journal has no room either; the error is as plain.
    await expect(store.commit(done)).rejects.toMatchObject({ code: 'ENOSPC' });
    await rm(join(disk, 'ballast'));
    await store.commit(done);
    await sample.write(store, [...sample.all].slice(done.count));
    await store.finish();
    expect((await readFile(store.targetPath)).equals(sample.bytes)).toBe(true);
    await store.close();
  });

  it('rejects the beginning of a download with ENOSPC when not even its folders fit', async () => {
    const path = await makeFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=2', 'tmpfs', path]);
    mounted.push(path);
    await writeFile(join(path, 'last'), '');
    const { metainfo } = await sampleFile(10);
    await expect(FileChunkStore.open({ metainfo, directory: path })).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});

describeMounted('a disk that is read-only', () => {
  it('refuses the beginning of a download with the path', async () => {
    const disk = await mountTmpfs(MIB);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const { metainfo } = await sampleFile(10);
    const refusal = FileChunkStore.open({ metainfo, directory: disk });
    await expect(refusal).rejects.toThrow(TargetUnwritableError);
    await expect(refusal).rejects.toMatchObject({ path: join(disk, '.panal'), cause: { code: 'EROFS' } });
    const inNew = FileChunkStore.open({ metainfo, directory: join(disk, 'new') });
    await expect(inNew).rejects.toMatchObject({ code: 'target_unwritable', path: join(disk, 'new') });
    await expect(DataFolder.open(disk, { random: new SeededRandom(1) })).rejects.toMatchObject({
      code: 'data_folder_unusable',
    });
  });

  it('rejects commit and finish with EROFS while it lasts, and goes on after', async () => {
    const disk = await mountTmpfs(8 * MIB);
    const sample = await sampleFile(MIB);
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory: disk, handleCountMax: 0 });
    await sample.write(store, sample.all);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await expect(sample.write(store, [0])).rejects.toMatchObject({ code: 'EROFS' });
    await expect(store.commit(sample.all)).rejects.toMatchObject({ code: 'EROFS' });
    await expect(store.finish()).rejects.toMatchObject({ code: 'EROFS' });
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    await store.finish();
    expect((await readFile(store.targetPath)).equals(sample.bytes)).toBe(true);
    await store.close();
  });
});

describeUnprivileged('a folder closed by its mode', () => {
  it('is refused as target, as data folder and as content', async () => {
    const root = await makeFolder();
    await mkdir(join(root, 'closed'));
    await writeFile(join(root, 'closed', 'file'), 'x');
    await chmod(join(root, 'closed'), 0o000);
    try {
      const { metainfo } = await sampleFile(10);
      const refusal = FileChunkStore.open({ metainfo, directory: join(root, 'closed') });
      await expect(refusal).rejects.toMatchObject({ code: 'target_unwritable' });
      await expect(DataFolder.open(join(root, 'closed', 'd'), { random: new SeededRandom(1) })).rejects.toMatchObject({
        code: 'data_folder_unusable',
      });
      await expect(scanContent(root)).rejects.toThrow(ContentUnreadableError);
    } finally {
      await chmod(join(root, 'closed'), 0o755);
    }
  });
});

describe('a target directory that is none', () => {
  it('is refused with the path', async () => {
    const root = await makeFolder();
    await writeFile(join(root, 'file'), 'x');
    const { metainfo } = await sampleFile(10);
    for (const directory of [join(root, 'file'), join(root, 'file', 'below')]) {
      await expect(FileChunkStore.open({ metainfo, directory })).rejects.toMatchObject({ code: 'target_unwritable' });
    }
    expect(await readdir(root)).toEqual(['file']);
  });
});
