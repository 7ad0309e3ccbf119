import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Bitfield } from '@panal/torrent';
import { SyncFailedError } from './errors.js';
import { FileChunkStore } from './file-chunk-store.js';
import { decodeJournal } from './journal.js';
import { makeFolder, removeFolders, type SampleContent, sampleFile, sampleTree } from './sample-content.fixture.js';
import { stagingPaths } from './staging-names.js';

afterEach(async () => {
  jest.restoreAllMocks();
  await removeFolders();
});

/** Every open file is of this class, which Node does not export. */
async function fileHandleClass(): Promise<FileHandle> {
  const handle = await open('/dev/null');
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}

async function journaled(sample: SampleContent, directory: string): Promise<number[]> {
  const { name, contentId } = sample.metainfo;
  const bytes = await readFile(stagingPaths({ directory, targetName: name, contentId }).journal);
  const decoded = decodeJournal(bytes, { contentId, chunkCount: sample.geometry.chunkCount });
  return decoded instanceof Bitfield ? [...decoded] : [];
}

describe('a commit', () => {
  it('names chunks only after their bytes were synced, and holds up no write and no read', async () => {
    const sample = await sampleFile();
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory });
    await sample.write(store, [0]);
    await store.commit(sample.some(0));
    await sample.write(store, [1]);

    let release = (): void => undefined;
    const released = new Promise<void>((done) => {
      release = done;
    });
    let syncCount = 0;
    jest.spyOn(await fileHandleClass(), 'datasync').mockImplementation(async function (this: FileHandle) {
      syncCount += 1;
      await released;
      await this.sync();
    });
    const commit = store.commit(sample.some(0, 1));
    await sample.write(store, [2, 3]);
    await store.read(0, Buffer.alloc(100));
    expect(syncCount).toBe(1);
    expect(await journaled(sample, directory)).toEqual([0]);
    release();
    await commit;
    expect(await journaled(sample, directory)).toEqual([0, 1]);
    await store.close();
  });

  it('does not sync, nor write, when nothing is new', async () => {
    const sample = await sampleTree();
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory: await makeFolder() });
    await sample.write(store, [0, 3]);
    await store.commit(sample.some(0, 3));
    const datasync = jest.spyOn(await fileHandleClass(), 'datasync');
    await store.commit(sample.some(0, 3));
    expect(datasync).not.toHaveBeenCalled();
    await sample.write(store, [1]);
    await store.commit(sample.some(0, 1, 3));
    // The one file that was written to, and the journal.
    expect(datasync).toHaveBeenCalledTimes(2);
    await store.close();
  });

  it('that fails to sync ends the store: what was written is in doubt, and fetched again', async () => {
    const sample = await sampleFile();
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory });
    await sample.write(store, [0]);
    await store.commit(sample.some(0));
    await sample.write(store, [1]);
    const failure = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' });
    jest.spyOn(await fileHandleClass(), 'datasync').mockRejectedValueOnce(failure);
    const commit = store.commit(sample.some(0, 1));
    await expect(commit).rejects.toThrow(SyncFailedError);
    await expect(commit).rejects.toMatchObject({ retryable: false, path: store.contentPath, cause: { code: 'EIO' } });
    // The system would say that all is well now; it is not.
    await expect(store.commit(sample.some(0, 1))).rejects.toThrow(SyncFailedError);
    await expect(store.write(0, sample.chunk(0))).rejects.toThrow(SyncFailedError);
    await expect(store.finish()).rejects.toThrow(SyncFailedError);
    await store.close();
    const again = await FileChunkStore.open({ metainfo: sample.metainfo, directory });
    expect([...again.done]).toEqual([0]);
    await sample.write(again.store, sample.all);
    await again.store.finish();
    expect((await readFile(join(directory, 'one.bin'))).equals(sample.bytes)).toBe(true);
    await again.store.close();
  });

  it('that cannot write its journal leaves the one before, and may be repeated', async () => {
    const sample = await sampleFile();
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory });
    await sample.write(store, [0]);
    await store.commit(sample.some(0));
    await sample.write(store, [1]);
    const failure = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    jest.spyOn(await fileHandleClass(), 'writeFile').mockRejectedValueOnce(failure);
    await expect(store.commit(sample.some(0, 1))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await journaled(sample, directory)).toEqual([0]);
    await store.commit(sample.some(0, 1));
    expect(await journaled(sample, directory)).toEqual([0, 1]);
    await store.close();
  });
});
