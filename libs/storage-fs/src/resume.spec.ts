import { cp, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Bitfield } from '@panal/torrent';
import { FileChunkStore, type OpenedChunkStore } from './file-chunk-store.js';
import { encodeJournal } from './journal.js';
import {
  makeFolder,
  makeTree,
  removeFolders,
  type SampleContent,
  sampleFile,
  sampleTree,
} from './sample-content.fixture.js';
import { stagingPaths } from './staging-names.js';
import { verifyTarget } from './target-verification.js';

afterEach(removeFolders);

/** What a killed process leaves: the folder as it is now, with the lock of a process that is gone. */
async function crashedCopy(directory: string, { metainfo }: SampleContent): Promise<string> {
  const copy = await makeFolder();
  await cp(directory, copy, { recursive: true, verbatimSymlinks: true });
  await writeFile(pathsIn(copy, metainfo).lock, JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '' }));
  return copy;
}

function pathsIn(directory: string, { name, contentId }: SampleContent['metainfo']) {
  return stagingPaths({ directory, targetName: name, contentId });
}

/** A download with chunks 0 and 1 committed, chunk 2 written only, as a crash leaves it. */
async function crashed(sample: SampleContent): Promise<string> {
  const directory = await makeFolder();
  const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory });
  await sample.write(store, [0, 1]);
  await store.commit(sample.some(0, 1));
  await sample.write(store, [2]);
  const copy = await crashedCopy(directory, sample);
  await store.close();
  return copy;
}

async function reopen(sample: SampleContent, directory: string): Promise<OpenedChunkStore> {
  return FileChunkStore.open({ metainfo: sample.metainfo, directory });
}

describe('a download after a crash', () => {
  it('goes on with what was committed, and nothing else, to the end', async () => {
    const sample = await sampleTree();
    const { store, done, note } = await reopen(sample, await crashed(sample));
    expect([...done]).toEqual([0, 1]);
    expect(note).toEqual({ kind: 'resumed', chunkCount: 2 });
    await sample.write(store, [...sample.all].slice(2));
    await store.finish();
    expect(await verifyTarget(sample.metainfo, store.targetPath)).toBe('identical');
    await store.close();
  });

  it('says that nothing was there when nothing was there', async () => {
    const { store, note } = await reopen(await sampleFile(), await makeFolder());
    expect(note).toEqual({ kind: 'fresh' });
    await store.close();
  });

  it('can crash again and again', async () => {
    const sample = await sampleFile();
    let directory = await makeFolder();
    for (const chunk of sample.all) {
      const { store, done } = await reopen(sample, directory);
      expect(done.count).toBe(chunk);
      await sample.write(store, [chunk]);
      done.add(chunk);
      await store.commit(done);
      directory = await crashedCopy(directory, sample);
      await store.close();
    }
    const { store, done } = await reopen(sample, directory);
    expect(done.isFull).toBe(true);
    await store.finish();
    expect((await readFile(store.targetPath)).equals(sample.bytes)).toBe(true);
    await store.close();
  });

  const damages: [reason: string, how: string, damage: (journal: string, sample: SampleContent) => Promise<void>][] = [
    ['missing', 'is gone', (journal) => rm(journal)],
    ['corrupt', 'is empty', (journal) => truncate(journal, 0)],
    ['corrupt', 'is cut', (journal) => truncate(journal, 60)],
    ['corrupt', 'is garbage', (journal) => writeFile(journal, Buffer.alloc(500, 7))],
    [
      'corrupt',
      'names a chunk more than it was written with',
      async (journal) => {
        const bytes = await readFile(journal);
        bytes.writeUInt8(0xff, bytes.length - 33);
        await writeFile(journal, bytes);
      },
    ],
    [
      'foreign',
      'is of another content',
      (journal, { geometry }) => writeFile(journal, encodeJournal(Buffer.alloc(32), new Bitfield(geometry.chunkCount))),
    ],
    [
      'foreign',
      'has another number of chunks',
      (journal, { metainfo }) => writeFile(journal, encodeJournal(metainfo.contentId, Bitfield.full(3))),
    ],
    [
      'newer',
      'is of a newer format',
      async (journal) => {
        const bytes = await readFile(journal);
        bytes.writeUInt16BE(2, 'panal-journal\n'.length);
        await writeFile(journal, bytes);
      },
    ],
  ];

  it.each(damages)('starts over (%s) when the journal %s', async (reason, _, damage) => {
    const sample = await sampleTree();
    const directory = await crashed(sample);
    await damage(pathsIn(directory, sample.metainfo).journal, sample);
    const { store, done, note } = await reopen(sample, directory);
    expect(done.count).toBe(0);
    expect(note).toMatchObject({ kind: 'started_over', reason });
    await sample.write(store, sample.all);
    await store.finish();
    expect(await verifyTarget(sample.metainfo, store.targetPath)).toBe('identical');
    await store.close();
  });

  it.each(['link', 'folder'])('reads no %s as a journal, and writes a file in its place', async (kind) => {
    const sample = await sampleFile();
    const directory = await crashed(sample);
    const { journal } = pathsIn(directory, sample.metainfo);
    await rm(journal);
    if (kind === 'link') await symlink('/dev/zero', journal);
    else await mkdir(journal);
    const { store, note } = await reopen(sample, directory);
    expect(note).toMatchObject({ kind: 'started_over', reason: 'corrupt' });
    await sample.write(store, [0]);
    await store.commit(sample.some(0));
    await store.close();
  });

  it('fetches again the chunks of files that are gone or too short', async () => {
    const sample = await sampleTree();
    const directory = await makeFolder();
    const { store } = await reopen(sample, directory);
    await sample.write(store, sample.all);
    await store.commit(sample.all);
    // Chunks 0 to 2 are bin/run, 3 to 9 data/part, 10 the file with ten bytes.
    await rm(join(store.contentPath, 'bin/run'));
    await truncate(join(store.contentPath, 'data/part'), 16_384 * 2 + 1);
    await store.close();
    const again = await reopen(sample, directory);
    expect([...again.done]).toEqual([3, 4, 10]);
    expect(again.note).toMatchObject({ kind: 'data_missing', chunkCount: 3, lostChunkCount: 8 });
    await again.store.close();
  });

  it('ends with files of the right size when one had grown', async () => {
    const sample = await sampleTree();
    const directory = await crashed(sample);
    await makeTree(pathsIn(directory, sample.metainfo).data, { 'data/part': Buffer.alloc(200_000, 1) });
    const { store } = await reopen(sample, directory);
    await sample.write(store, sample.all);
    await store.finish();
    expect(await verifyTarget(sample.metainfo, store.targetPath)).toBe('identical');
    await store.close();
  });

  it('ends when links were made and the rename was not', async () => {
    const sample = await sampleTree();
    const directory = await crashed(sample);
    const { data } = pathsIn(directory, sample.metainfo);
    await makeTree(data, { up: { link: 'data' }, 'logs/old': 'folder' });
    const { store } = await reopen(sample, directory);
    await sample.write(store, sample.all);
    await store.finish();
    expect(await verifyTarget(sample.metainfo, store.targetPath)).toBe('identical');
    await store.close();
  });

  it('clears up when the content was in place and its staging was not removed', async () => {
    const sample = await sampleFile();
    const directory = await crashed(sample);
    await writeFile(join(directory, 'one.bin'), sample.bytes);
    await expect(reopen(sample, directory)).rejects.toMatchObject({ code: 'target_exists' });
    expect(await verifyTarget(sample.metainfo, join(directory, 'one.bin'))).toBe('identical');
  });
});

describe('a replacement that a crash cut in two', () => {
  it('puts the old folder back when the new one was not there yet', async () => {
    const sample = await sampleTree();
    const directory = await crashed(sample);
    const { replaced } = pathsIn(directory, sample.metainfo);
    await makeTree(replaced, { old: Buffer.from('old') });
    await expect(reopen(sample, directory)).rejects.toMatchObject({ code: 'target_exists' });
    expect(await readFile(join(directory, 'model', 'old'), 'utf8')).toBe('old');
  });

  it('removes the old folder when the new one is there', async () => {
    const sample = await sampleTree();
    const directory = await makeFolder();
    const { replaced, staging, target } = pathsIn(directory, sample.metainfo);
    await mkdir(staging, { recursive: true });
    await makeTree(replaced, { old: Buffer.from('old') });
    await makeTree(target, { new: Buffer.from('new') });
    const { store } = await FileChunkStore.open({ metainfo: sample.metainfo, directory, isForced: true });
    await store.discard();
    expect(await readdir(directory)).toEqual(['model']);
    expect(await readdir(target)).toEqual(['new']);
  });
});
