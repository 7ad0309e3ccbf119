import { cp, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Bitfield } from '@panal/torrent';
import { FileChunkStore, isTargetPlaced, type OpenedChunkStore } from './file-chunk-store.js';
import { makeFolder, removeFolders, type SampleContent, sampleFile, sampleTree } from './sample-content.fixture.js';
import { stagingPaths } from './staging-names.js';
import { verifyTarget } from './target-verification.js';

afterEach(removeFolders);

/** A download that was placed by a process which then ended, in a folder of its own. */
async function placedByADeadProcess(sample: SampleContent): Promise<string> {
  const { metainfo } = sample;
  const directory = await makeFolder();
  const { store } = await FileChunkStore.open({ metainfo, directory });
  await sample.write(store, [0, 1]);
  await store.commit(sample.some(0, 1));
  await sample.write(store, [...sample.all].slice(2));
  await store.place();
  const copy = await makeFolder();
  await cp(directory, copy, { recursive: true, verbatimSymlinks: true });
  const paths = stagingPaths({ directory: copy, targetName: metainfo.name, contentId: metainfo.contentId });
  await writeFile(paths.lock, JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '' }));
  await store.close();
  return copy;
}

const reopen = ({ metainfo }: SampleContent, directory: string): Promise<OpenedChunkStore> =>
  FileChunkStore.open({ metainfo, directory });

describe('content at its place and not synced yet', () => {
  it('is there for everybody, and read through the store', async () => {
    const sample = await sampleTree();
    const { metainfo } = sample;
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo, directory });
    await sample.write(store, [...sample.all]);
    await store.place();
    expect(await verifyTarget(metainfo, store.targetPath)).toBe('identical');
    expect(store.contentPath).toBe(store.targetPath);
    await store.read(0, Buffer.alloc(100));
    await store.place();
    await store.finish();
    expect(await readdir(directory)).toEqual([metainfo.name]);
    await store.close();
  });

  it('is read after the end of the process, and kept when all of it is there', async () => {
    const sample = await sampleTree();
    const directory = await placedByADeadProcess(sample);
    expect(await isTargetPlaced({ metainfo: sample.metainfo, directory })).toBe(true);
    const { store, done, note } = await reopen(sample, directory);
    expect([done.isFull, note.kind]).toEqual([true, 'placed']);
    await store.finish();
    expect(await readdir(directory)).toEqual([sample.metainfo.name]);
    expect(await verifyTarget(sample.metainfo, store.targetPath)).toBe('identical');
    await store.close();
  });

  it('is taken back and mended when a crash of the machine damaged it', async () => {
    const sample = await sampleFile();
    const directory = await placedByADeadProcess(sample);
    const target = join(directory, sample.metainfo.name);
    const handle = await open(target, 'r+');
    await handle.write(Buffer.alloc(10), 0, 10, 0);
    await handle.close();
    const { store, done, note } = await reopen(sample, directory);
    expect(note).toMatchObject({ kind: 'data_missing', lostChunkCount: 1 });
    expect(done.has(0)).toBe(false);
    expect(await readdir(directory)).toEqual(['.panal']);
    await sample.write(store, [0]);
    await store.commit(Bitfield.full(done.size));
    await store.finish();
    expect(await verifyTarget(sample.metainfo, target)).toBe('identical');
    await store.close();
  });

  it('does not stop a commit that was under way', async () => {
    const sample = await sampleTree();
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory });
    await sample.write(store, [...sample.all]);
    const commit = store.commit(Bitfield.full(sample.all.size));
    await store.place();
    await commit;
    await store.finish();
    expect(await readdir(directory)).toEqual([sample.metainfo.name]);
    await store.close();
  });
});
