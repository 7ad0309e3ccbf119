import { appendFileSync, readFileSync, renameSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTorrent } from '@panal/torrent';
import { verifyContent } from './content-verification.js';
import { ContentChangedError } from './errors.js';
import { READ_BUFFER_SIZE_BYTES } from './limits.js';
import { MEMORY_FOLDER, makeFolder, makeTree, randomBytes, removeFolders } from './sample-content.fixture.js';
import { shareContent } from './share-content.js';

afterEach(removeFolders);

const formats = ['v1', 'v2', 'hybrid'] as const;

describe('shareContent', () => {
  it.each(formats)('makes a %s torrent of a tree that its own verification finds good', async (format) => {
    const root = join(await makeFolder(), 'tree');
    await makeTree(root, {
      'a/large': randomBytes(READ_BUFFER_SIZE_BYTES * 2 + 12_345, 1),
      'a/run': { program: randomBytes(100, 2) },
      'a/odd 1': randomBytes(READ_BUFFER_SIZE_BYTES, 4),
      'a/odd 2': randomBytes(READ_BUFFER_SIZE_BYTES - 1, 5),
      'a/odd 3': randomBytes(READ_BUFFER_SIZE_BYTES, 6),
      b: randomBytes(65_536, 3),
      'c-empty': Buffer.alloc(0),
      'd/link': { link: '../b' },
      'e/none': 'folder',
    });
    const { metainfo, stamps, path } = await shareContent({ path: root, format, chunkSizeBytes: 65_536 });
    expect(path).toBe(root);
    expect(metainfo).toMatchObject({ format, name: 'tree', isDirectory: true, emptyDirectories: [['e', 'none']] });
    expect(parseTorrent(metainfo.bytes).contentId).toEqual(metainfo.contentId);
    expect(stamps).toHaveLength(metainfo.files.length);
    expect(stamps.map((stamp) => stamp?.sizeBytes)).toEqual(
      metainfo.files.map((file) => (file.symlinkTarget === undefined ? file.sizeBytes : undefined)),
    );
    const verification = await verifyContent(metainfo, root);
    expect(verification.isGood).toBe(true);
    expect(verification.good.isFull).toBe(true);
  });

  it.each(formats)('gives the same %s torrent for the same content elsewhere', async (format) => {
    const torrents: Buffer[] = [];
    for (const _ of [1, 2]) {
      const path = join(await makeFolder(), 'one.bin');
      await writeFile(path, randomBytes(300_000));
      torrents.push((await shareContent({ path, format })).metainfo.bytes);
    }
    expect(torrents[0]?.equals(torrents[1] as Buffer)).toBe(true);
  });

  it('reports progress from nothing to everything', async () => {
    const path = join(await makeFolder(), 'one.bin');
    await writeFile(path, randomBytes(READ_BUFFER_SIZE_BYTES + 1));
    const seen: number[] = [];
    await shareContent({ path, format: 'v2', onProgress: ({ doneBytes }) => seen.push(doneBytes) });
    expect(seen).toEqual([0, READ_BUFFER_SIZE_BYTES, READ_BUFFER_SIZE_BYTES + 1]);
  });

  it('stops between two portions when it is cancelled', async () => {
    const path = join(await makeFolder(), 'one.bin');
    await writeFile(path, randomBytes(READ_BUFFER_SIZE_BYTES * 4));
    const cancel = new AbortController();
    let doneBytes = 0;
    const sharing = shareContent({
      path,
      format: 'v2',
      signal: cancel.signal,
      onProgress: (progress) => {
        doneBytes = progress.doneBytes;
        if (doneBytes >= READ_BUFFER_SIZE_BYTES) cancel.abort('enough');
      },
    });
    await expect(sharing).rejects.toBe('enough');
    expect(doneBytes).toBeLessThan(READ_BUFFER_SIZE_BYTES * 4);
  });

  // Synchronous: done before the reader takes its next step, so that no run depends on the speed of the disk.
  const changes: [string, (path: string) => void][] = [
    ['appended to', (path) => appendFileSync(path, 'more')],
    ['cut', (path) => truncateSync(path, 10)],
    ['written in place', (path) => utimesSync(path, 1, 1)],
    [
      'replaced',
      (path) => {
        writeFileSync(`${path}.new`, readFileSync(path));
        renameSync(`${path}.new`, path);
      },
    ],
  ];

  it.each(changes)('refuses a file that is %s before it is read', async (_, change) => {
    const root = await makeFolder();
    await makeTree(root, { a: randomBytes(1000), b: randomBytes(1000) });
    // The first report comes after the scan and before the first byte.
    const onProgress = ({ doneBytes }: { doneBytes: number }): void => {
      if (doneBytes === 0) change(join(root, 'b'));
    };
    const sharing = shareContent({ path: root, format: 'v2', onProgress });
    await expect(sharing).rejects.toThrow(ContentChangedError);
    await expect(sharing).rejects.toMatchObject({ code: 'content_changed', path: join(root, 'b') });
  });

  it('refuses a file that changes while it is read', async () => {
    const path = join(await makeFolder(), 'one.bin');
    await writeFile(path, randomBytes(READ_BUFFER_SIZE_BYTES * 8));
    const onProgress = ({ doneBytes }: { doneBytes: number }): void => {
      if (doneBytes === READ_BUFFER_SIZE_BYTES) appendFileSync(path, 'more');
    };
    await expect(shareContent({ path, format: 'v2', onProgress })).rejects.toMatchObject({
      code: 'content_changed',
      path,
    });
  });

  it('says so when a file goes away', async () => {
    const root = await makeFolder();
    await makeTree(root, { a: randomBytes(1000), b: randomBytes(1000) });
    const onProgress = ({ doneBytes }: { doneBytes: number }): void => {
      if (doneBytes === 0) unlinkSync(join(root, 'b'));
    };
    const sharing = shareContent({ path: root, format: 'v2', onProgress });
    await expect(sharing).rejects.toMatchObject({ code: 'content_missing', path: join(root, 'b') });
  });

  it.each([
    ['names that differ only in case', { Readme: randomBytes(1), README: randomBytes(1) }, 'torrent_path_invalid'],
    ['names of devices', { 'aux.txt': randomBytes(1) }, 'torrent_path_invalid'],
    ['names with a backslash', { 'a\\b': randomBytes(1) }, 'torrent_path_invalid'],
    [
      'links that lead to each other',
      { file: randomBytes(1), one: { link: 'two' }, two: { link: 'one' } },
      'torrent_path_invalid',
    ],
  ])('refuses %s before it reads a byte', async (_, tree, code) => {
    const root = await makeFolder();
    await makeTree(root, tree);
    let isReading = false;
    const onProgress = (): void => {
      isReading = true;
    };
    await expect(shareContent({ path: root, format: 'v2', onProgress })).rejects.toMatchObject({ code });
    expect(isReading).toBe(false);
  });

  it('refuses a chunk size that is not possible', async () => {
    const path = join(await makeFolder(), 'one.bin');
    await writeFile(path, 'x');
    await expect(shareContent({ path, format: 'v2', chunkSizeBytes: 20_000 })).rejects.toMatchObject({
      code: 'torrent_field_invalid',
    });
  });

  it('shares 2,000 small files', async () => {
    const root = await makeFolder(MEMORY_FOLDER);
    await makeTree(
      root,
      Object.fromEntries(
        Array.from({ length: 2000 }, (_, index) => [`d${index % 20}/f${index}`, Buffer.from(`${index}`)]),
      ),
    );
    const { metainfo } = await shareContent({ path: root, format: 'v2' });
    expect(metainfo.files).toHaveLength(2000);
    expect((await verifyContent(metainfo, root)).isGood).toBe(true);
  });
});
