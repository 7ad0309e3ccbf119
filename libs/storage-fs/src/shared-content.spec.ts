import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ManualClock } from '@panal/runtime';
import { type TorrentFormat } from '@panal/torrent';
import { ContentChangedError } from './errors.js';
import { STAMP_CHECK_INTERVAL_MS } from './limits.js';
import { paddedTorrent } from './padded-torrent.fixture.js';
import { contentBytes, makeFolder, makeTree, randomBytes, removeFolders } from './sample-content.fixture.js';
import { shareContent } from './share-content.js';
import { SharedContent } from './shared-content.js';

afterEach(removeFolders);

async function share(root: string, format: TorrentFormat = 'v2', handleCountMax?: number) {
  const { metainfo, stamps, path } = await shareContent({ path: root, format, chunkSizeBytes: 16_384 });
  const clock = new ManualClock();
  return { clock, metainfo, shared: await SharedContent.open({ metainfo, path, stamps, clock, handleCountMax }) };
}

describe('SharedContent', () => {
  it('reads any range, across files and past empty ones and links', async () => {
    const root = await makeFolder();
    await makeTree(root, {
      a: randomBytes(20_000, 1),
      'b-empty': Buffer.alloc(0),
      c: randomBytes(5, 2),
      'd-link': { link: 'c' },
      e: randomBytes(40_000, 3),
    });
    const { metainfo, shared } = await share(root);
    const content = await contentBytes(metainfo, root);
    for (const [start, length] of [
      [0, 60_005],
      [19_999, 7],
      [20_000, 5],
      [20_005, 40_000],
      [60_004, 1],
    ] as const) {
      const into = Buffer.alloc(length);
      await shared.read(start, into);
      expect(into.equals(content.subarray(start, start + length))).toBe(true);
    }
    await shared.close();
  });

  it('gives zeros for the padding of a v1 torrent', async () => {
    const root = await makeFolder();
    await makeTree(root, { a: randomBytes(100, 1), b: randomBytes(100, 2) });
    const metainfo = paddedTorrent({ names: ['a', 'b'], sizeBytes: 100, chunkSizeBytes: 16_384 });
    const shared = await SharedContent.open({ metainfo, path: root, clock: new ManualClock() });
    const into = Buffer.alloc(16_384 + 100, 0xff);
    await shared.read(0, into);
    expect(into.equals(Buffer.concat([randomBytes(100, 1), Buffer.alloc(16_284), randomBytes(100, 2)]))).toBe(true);
    await shared.close();
  });

  it('serves more files than it keeps open, many at a time', async () => {
    const root = await makeFolder();
    const names = Array.from({ length: 40 }, (_, index) => `f${String(index).padStart(2, '0')}`);
    await makeTree(root, Object.fromEntries(names.map((name, index) => [name, randomBytes(1000, index + 1)])));
    const { metainfo, shared } = await share(root, 'v2', 3);
    const content = await contentBytes(metainfo, root);
    const reads = Array.from({ length: 200 }, async (_, index) => {
      const into = Buffer.alloc(1500);
      const start = (index * 613) % 38_000;
      await shared.read(start, into);
      return into.equals(content.subarray(start, start + 1500));
    });
    expect((await Promise.all(reads)).every(Boolean)).toBe(true);
    await shared.close();
  });

  const changes: [string, (path: string) => void][] = [
    ['is appended to', (path) => appendFileSync(path, 'more')],
    ['is cut', (path) => truncateSync(path, 10)],
    ['is written in place', (path) => utimesSync(path, 1, 1)],
    ['is removed', (path) => rmSync(path)],
    [
      'is replaced by an equal one',
      (path) => {
        writeFileSync(`${path}.new`, readFileSync(path));
        renameSync(`${path}.new`, path);
      },
    ],
    [
      'becomes a link',
      (path) => {
        renameSync(path, `${path}.moved`);
        symlinkSync(`${path}.moved`, path);
      },
    ],
  ];

  it.each(changes)('notices within a second that a file it reads %s', async (_, change) => {
    const root = await makeFolder();
    await makeTree(root, { a: randomBytes(1000, 1), b: randomBytes(1000, 2) });
    const { shared, clock } = await share(root);
    const into = Buffer.alloc(10);
    await shared.read(0, into);
    change(join(root, 'a'));
    clock.advance(STAMP_CHECK_INTERVAL_MS);
    await expect(shared.read(0, into)).rejects.toThrow(ContentChangedError);
    // For good, and without asking the disk again.
    await expect(shared.read(0, into)).rejects.toMatchObject({ code: 'content_changed', path: join(root, 'a') });
    await shared.read(1500, into);
    await shared.close();
  });

  it.each(changes)('notices before the first read that a file %s', async (_, change) => {
    const root = await makeFolder();
    await makeTree(root, { a: randomBytes(1000, 1) });
    const { shared } = await share(root);
    change(join(root, 'a'));
    await expect(shared.read(0, Buffer.alloc(10))).rejects.toThrow(ContentChangedError);
    await shared.close();
  });

  it('notices at once that a file ends too early', async () => {
    const root = await makeFolder();
    await makeTree(root, { a: randomBytes(1000, 1) });
    const { shared } = await share(root);
    await shared.read(0, Buffer.alloc(10));
    truncateSync(join(root, 'a'), 10);
    await expect(shared.read(500, Buffer.alloc(10))).rejects.toThrow(ContentChangedError);
    await shared.close();
  });

  it('asks the disk at most once a second and file', async () => {
    const root = await makeFolder();
    await makeTree(root, { a: randomBytes(1000, 1) });
    const { shared, clock } = await share(root);
    await shared.read(0, Buffer.alloc(10));
    utimesSync(join(root, 'a'), 1, 1);
    clock.advance(STAMP_CHECK_INTERVAL_MS - 1);
    await shared.read(0, Buffer.alloc(10));
    clock.advance(1);
    await expect(shared.read(0, Buffer.alloc(10))).rejects.toThrow(ContentChangedError);
    await shared.close();
  });

  it('opens again after a restart with stamps that went through JSON, and refuses what changed meanwhile', async () => {
    const path = join(await makeFolder(), 'one.bin');
    await writeFile(path, randomBytes(1000));
    const { metainfo, stamps } = await shareContent({ path, format: 'v2' });
    const kept = JSON.parse(JSON.stringify(stamps)) as typeof stamps;
    const clock = new ManualClock();
    await (await SharedContent.open({ metainfo, path, stamps: kept, clock })).close();
    utimesSync(path, 1, 1);
    await expect(SharedContent.open({ metainfo, path, stamps: kept, clock })).rejects.toMatchObject({
      code: 'content_changed',
    });
    // Without stamps only the sizes can be compared.
    await (await SharedContent.open({ metainfo, path, clock })).close();
    truncateSync(path, 10);
    await expect(SharedContent.open({ metainfo, path, clock })).rejects.toMatchObject({ code: 'content_changed' });
    rmSync(path);
    await expect(SharedContent.open({ metainfo, path, clock })).rejects.toMatchObject({ code: 'content_missing' });
  });
});
