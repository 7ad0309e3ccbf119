import { lstat, readdir, readFile, readlink, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Bitfield, type Metainfo } from '@panal/torrent';
import {
  StagingLockedError,
  StagingUnsafeError,
  StoreClosedError,
  TargetExistsError,
  TargetNameError,
} from './errors.js';
import { discardStaging, FileChunkStore, type FileChunkStoreOptions } from './file-chunk-store.js';
import { paddedTorrent } from './padded-torrent.fixture.js';
import {
  MEMORY_FOLDER,
  makeFolder,
  makeTree,
  randomBytes,
  removeFolders,
  type SampleContent,
  sampleFile,
  sampleOf,
  sampleTree,
} from './sample-content.fixture.js';
import { verifyTarget } from './target-verification.js';

afterEach(removeFolders);

async function download(
  sample: SampleContent,
  options: Omit<FileChunkStoreOptions, 'metainfo'>,
): Promise<FileChunkStore> {
  const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, ...options });
  await sample.write(store, sample.all);
  await store.commit(sample.all);
  await store.finish();
  return store;
}

describe('FileChunkStore', () => {
  it('brings a tree to its target, with modes, links and everything empty, and leaves nothing behind', async () => {
    const sample = await sampleTree();
    const directory = join(await makeFolder(), 'new', 'folder');
    const store = await download(sample, { directory });
    expect(await verifyTarget(sample.metainfo, store.targetPath)).toBe('identical');
    expect(await readlink(join(directory, 'model/data/latest'))).toBe('part');
    expect((await stat(join(directory, 'model/bin/run'))).mode & 0o111).not.toBe(0);
    expect((await stat(join(directory, 'model/data/part'))).mode & 0o111).toBe(0);
    expect(await readdir(directory)).toEqual(['model']);
    await store.close();
    await store.close();
  });

  it('brings a single file to its target under another name', async () => {
    const sample = await sampleFile();
    const directory = await makeFolder();
    const store = await download(sample, { directory, targetName: 'other.bin' });
    expect((await readFile(join(directory, 'other.bin'))).equals(sample.bytes)).toBe(true);
    expect(await readdir(directory)).toEqual(['other.bin']);
    await store.close();
  });

  it('shows nothing at the target before it is whole', async () => {
    const sample = await sampleTree();
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory });
    await sample.write(store, sample.all);
    await store.commit(sample.all);
    expect(await readdir(directory)).toEqual(['.panal']);
    await store.close();
  });

  it('reads what was written, zeros elsewhere, and goes on reading at the target', async () => {
    const sample = await sampleTree();
    const { metainfo, bytes: content } = sample;
    const { store } = await FileChunkStore.open({ metainfo, directory: await makeFolder(), handleCountMax: 1 });
    await sample.write(store, [1]);
    const into = Buffer.alloc(content.length, 0xff);
    await store.read(0, into);
    const expected = Buffer.alloc(content.length);
    sample.chunk(1).copy(expected, sample.geometry.chunkStart(1));
    expect(into.equals(expected)).toBe(true);
    await sample.write(store, sample.all);
    await store.finish();
    await store.read(0, into);
    expect(into.equals(content)).toBe(true);
    await store.close();
    await expect(store.read(0, into)).rejects.toThrow(StoreClosedError);
  });

  it('keeps no padding of a v1 torrent on the disk, and reads it as zeros', async () => {
    const metainfo = paddedTorrent({ names: ['a', 'b'], sizeBytes: 100, chunkSizeBytes: 16_384 });
    const content = Buffer.concat([randomBytes(100, 1), Buffer.alloc(16_284), randomBytes(100, 2)]);
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo, directory });
    await store.write(0, content);
    await store.finish();
    const into = Buffer.alloc(content.length, 0xff);
    await store.read(0, into);
    expect(into.equals(content)).toBe(true);
    expect(await readdir(join(directory, 'padded'))).toEqual(['a', 'b']);
    await store.close();
  });

  it('takes overlapping writes, reads and commits of 2,000 small files with few open', async () => {
    const source = join(await makeFolder(MEMORY_FOLDER), 'many');
    const names = Array.from({ length: 2000 }, (_, index) => `d${index % 20}/f${index}`);
    await makeTree(source, Object.fromEntries(names.map((name) => [name, Buffer.from(name)])));
    const sample = await sampleOf(source);
    const { store } = await FileChunkStore.open({
      metainfo: sample.metainfo,
      directory: await makeFolder(MEMORY_FOLDER),
      handleCountMax: 16,
    });
    const chunks = [...sample.all];
    const half = sample.some(...chunks.slice(0, 1000));
    await sample.write(store, half);
    await Promise.all([
      store.commit(half),
      sample.write(store, chunks.slice(1000)),
      store.commit(half),
      store.commit(half),
    ]);
    await store.commit(sample.all);
    await store.finish();
    expect(await verifyTarget(sample.metainfo, store.targetPath)).toBe('identical');
    await store.close();
  });

  it('writes at the end of 8 GiB without the bytes before', async () => {
    // The geometry is that of the size; only these hashes would be wrong, and a store looks at none.
    const { metainfo } = await sampleFile(16_384);
    const sizeBytes = 8 * 1024 ** 3;
    const files = metainfo.files.map((file) => ({ ...file, sizeBytes }));
    const large: Metainfo = { ...metainfo, sizeBytes, files, chunkSizeBytes: 4 * 1024 ** 2 };
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo: large, directory });
    const bytes = randomBytes(1024 * 1024);
    await store.write(sizeBytes - bytes.length, bytes);
    const into = Buffer.alloc(bytes.length);
    await store.read(sizeBytes - bytes.length, into);
    expect(into.equals(bytes)).toBe(true);
    const done = new Bitfield(2048);
    done.add(2047);
    await store.commit(done);
    const onDisk = await stat(store.contentPath);
    expect(onDisk.size).toBe(sizeBytes);
    expect(onDisk.blocks * 512).toBeLessThan(64 * 1024 ** 2);
    await store.close();
    expect((await FileChunkStore.open({ metainfo: large, directory })).done.has(2047)).toBe(true);
  });

  it('lets one download at a time into a staging folder, and other names beside it', async () => {
    const { metainfo } = await sampleFile();
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo, directory });
    const second = FileChunkStore.open({ metainfo, directory });
    await expect(second).rejects.toThrow(StagingLockedError);
    await expect(second).rejects.toMatchObject({ pid: process.pid });
    const { store: other } = await FileChunkStore.open({ metainfo, directory, targetName: 'other' });
    await other.close();
    await store.close();
    await (await FileChunkStore.open({ metainfo, directory })).store.close();
  });

  it('removes everything it wrote when it is discarded, open or not', async () => {
    const sample = await sampleTree();
    const { metainfo } = sample;
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo, directory });
    await sample.write(store, [0, 1]);
    await expect(discardStaging({ metainfo, directory })).rejects.toThrow(StagingLockedError);
    await store.discard();
    expect(await readdir(directory)).toEqual([]);
    const again = await FileChunkStore.open({ metainfo, directory });
    await again.store.close();
    await discardStaging({ metainfo, directory });
    await discardStaging({ metainfo, directory });
    expect(await readdir(directory)).toEqual([]);
  });

  it.each(['', '.', '..', 'a/b', '../up', 'a\0b', 'x'.repeat(256), '.panal', '.PANAL'])(
    'refuses %j as the name of a target',
    async (targetName) => {
      const { metainfo } = await sampleFile(10);
      const directory = await makeFolder();
      await expect(FileChunkStore.open({ metainfo, directory, targetName })).rejects.toThrow(TargetNameError);
      expect(await readdir(directory)).toEqual([]);
    },
  );

  it('refuses a directory so deep that the paths of the content do not fit, before it makes anything', async () => {
    const { metainfo } = await sampleFile(10);
    const root = await makeFolder();
    const directory = join(root, ...Array.from({ length: 21 }, () => 'x'.repeat(200)));
    await expect(FileChunkStore.open({ metainfo, directory })).rejects.toMatchObject({ code: 'target_name_invalid' });
    expect(await readdir(root)).toEqual([]);
  });

  it.each([
    ['folder', 'model/bin', '.'],
    ['file', 'model/bin/run', 'victim'],
  ])('does not write through a link someone put in place of a %s', async (_, place, destination) => {
    const sample = await sampleTree();
    const directory = await makeFolder();
    const outside = await makeFolder();
    await writeFile(join(outside, 'victim'), 'untouched');
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory });
    await makeTree(join(store.contentPath, '..'), { [place]: { link: join(outside, destination) } });
    await expect(sample.write(store, [0])).rejects.toThrow(StagingUnsafeError);
    expect(await readdir(outside)).toEqual(['victim']);
    expect(await readFile(join(outside, 'victim'), 'utf8')).toBe('untouched');
    await store.close();
  });

  it('does not stage through a link someone put in place of .panal', async () => {
    const { metainfo } = await sampleFile(10);
    const directory = await makeFolder();
    await symlink(await makeFolder(), join(directory, '.panal'));
    await expect(FileChunkStore.open({ metainfo, directory })).rejects.toThrow(StagingUnsafeError);
  });
});

describe('FileChunkStore and what is at the target', () => {
  it('refuses to begin, and to end, where something else has the name', async () => {
    const sample = await sampleFile();
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory });
    await sample.write(store, sample.all);
    await writeFile(join(directory, 'one.bin'), 'mine');
    await expect(store.finish()).rejects.toThrow(TargetExistsError);
    await store.close();
    const refusal = FileChunkStore.open({ metainfo: sample.metainfo, directory });
    await expect(refusal).rejects.toMatchObject({ code: 'target_exists', path: join(directory, 'one.bin') });
    expect(await readFile(join(directory, 'one.bin'), 'utf8')).toBe('mine');
  });

  it('leaves no folder of its own behind when it refuses to begin', async () => {
    const { metainfo } = await sampleFile();
    const directory = await makeFolder();
    await writeFile(join(directory, 'one.bin'), 'mine');
    await expect(FileChunkStore.open({ metainfo, directory })).rejects.toThrow(TargetExistsError);
    expect(await readdir(directory)).toEqual(['one.bin']);
  });

  it('ends after all when the name is free again', async () => {
    const sample = await sampleTree();
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory });
    await sample.write(store, sample.all);
    await makeTree(directory, { 'model/mine': Buffer.from('x') });
    await expect(store.finish()).rejects.toThrow(TargetExistsError);
    await rename(join(directory, 'model'), join(directory, 'moved'));
    await store.finish();
    expect(await verifyTarget(sample.metainfo, store.targetPath)).toBe('identical');
    await store.close();
  });

  const existing = ['file', 'directory', 'link', 'dangling link'] as const;
  it.each(existing.flatMap((kind) => [[kind, 'file'] as const, [kind, 'tree'] as const]))(
    'replaces a %s by a %s when forced',
    async (kind, content) => {
      const sample = content === 'file' ? await sampleFile() : await sampleTree();
      const directory = await makeFolder();
      const target = join(directory, sample.metainfo.name);
      const elsewhere = await makeFolder();
      await makeTree(elsewhere, { keep: Buffer.from('kept') });
      if (kind === 'file') await writeFile(target, 'old');
      else if (kind === 'directory') await makeTree(target, { 'old/file': Buffer.from('old') });
      else await symlink(kind === 'link' ? elsewhere : '/nowhere/at/all', target);
      const store = await download(sample, { directory, isForced: true });
      expect((await lstat(target)).isSymbolicLink()).toBe(false);
      expect(await verifyTarget(sample.metainfo, target)).toBe('identical');
      expect(await readdir(directory)).toEqual([sample.metainfo.name]);
      expect(await readFile(join(elsewhere, 'keep'), 'utf8')).toBe('kept');
      await store.close();
    },
  );
});
