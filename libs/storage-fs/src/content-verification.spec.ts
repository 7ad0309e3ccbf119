import { chmod, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metainfo, TorrentFormat } from '@panal/torrent';
import { verifyContent } from './content-verification.js';
import { READ_BUFFER_SIZE_BYTES } from './limits.js';
import { paddedTorrent } from './padded-torrent.fixture.js';
import { makeFolder, makeTree, randomBytes, removeFolders, sampleFile, sampleTree } from './sample-content.fixture.js';
import { shareContent } from './share-content.js';
import { verifyTarget } from './target-verification.js';

afterEach(removeFolders);

async function shareTree(format: TorrentFormat): Promise<{ metainfo: Metainfo; root: string }> {
  const root = join(await makeFolder(), 'tree');
  await makeTree(root, {
    a: randomBytes(40_000, 1),
    b: randomBytes(40_000, 2),
    c: randomBytes(40_000, 3),
    'd-empty': Buffer.alloc(0),
    e: { link: 'a' },
    f: { program: randomBytes(10, 4) },
  });
  return { root, metainfo: (await shareContent({ path: root, format, chunkSizeBytes: 16_384 })).metainfo };
}

async function statesOf(metainfo: Metainfo, root: string): Promise<Record<string, string>> {
  const { files } = await verifyContent(metainfo, root);
  return Object.fromEntries(files.map(({ path, state }) => [path.join('/'), state]));
}

const good = { a: 'good', b: 'good', c: 'good', 'd-empty': 'good', e: 'good', f: 'good' };

describe('verifyContent', () => {
  it.each(['v1', 'v2', 'hybrid'] as const)('finds the one damaged chunk of a %s torrent', async (format) => {
    const { metainfo, root } = await shareTree(format);
    const bytes = randomBytes(40_000, 2);
    bytes.writeUInt8(bytes.readUInt8(20_000) ^ 1, 20_000);
    await writeFile(join(root, 'b'), bytes);
    const { good: chunks, files, isGood } = await verifyContent(metainfo, root);
    expect(isGood).toBe(false);
    expect(chunks.count).toBe(chunks.size - 1);
    expect(files.find(({ path }) => path[0] === 'b')).toMatchObject({ state: 'damaged', badChunkCount: 1 });
  });

  const damages: [file: string, state: string, how: string, damage: (root: string) => Promise<void>][] = [
    ['b', 'missing', 'is removed', (root) => rm(join(root, 'b'))],
    ['b', 'wrong_size', 'is cut', (root) => truncate(join(root, 'b'), 100)],
    ['b', 'wrong_size', 'has grown', (root) => truncate(join(root, 'b'), 50_000)],
    ['d-empty', 'missing', 'is removed', (root) => rm(join(root, 'd-empty'))],
    ['d-empty', 'wrong_size', 'is not empty', (root) => writeFile(join(root, 'd-empty'), 'x')],
    ['f', 'wrong_mode', 'is not executable', (root) => chmod(join(root, 'f'), 0o644)],
    [
      'b',
      'wrong_kind',
      'is a link to the same bytes',
      async (root) => {
        await rename(join(root, 'b'), join(root, 'moved'));
        await symlink('moved', join(root, 'b'));
      },
    ],
    [
      'b',
      'wrong_kind',
      'is a folder',
      async (root) => {
        await rm(join(root, 'b'));
        await mkdir(join(root, 'b'));
      },
    ],
    [
      'e',
      'wrong_kind',
      'leads elsewhere',
      async (root) => {
        await rm(join(root, 'e'));
        await symlink('b', join(root, 'e'));
      },
    ],
  ];

  it.each(damages)('says of %s that it is %s when it %s', async (file, state, _, damage) => {
    const { metainfo, root } = await shareTree('v2');
    await damage(root);
    expect(await statesOf(metainfo, root)).toEqual({ ...good, [file]: state });
    expect((await verifyContent(metainfo, root)).isGood).toBe(state === 'wrong_mode');
    expect(await verifyTarget(metainfo, root)).toBe('different');
  });

  it('finds everything missing where there is nothing, or a file where a folder should be', async () => {
    const { metainfo, root } = await shareTree('v1');
    const { good: chunks, files } = await verifyContent(metainfo, join(root, 'nowhere'));
    expect(chunks.count).toBe(0);
    expect(new Set(files.map(({ state }) => state))).toEqual(new Set(['missing']));
    expect((await verifyContent(metainfo, join(root, 'a'))).good.count).toBe(0);
  });

  it('checks chunks larger than what is read at once, block by block', async () => {
    const path = join(await makeFolder(), 'one.bin');
    await writeFile(path, randomBytes(READ_BUFFER_SIZE_BYTES * 5 + 17));
    for (const format of ['v1', 'v2'] as const) {
      const chunkSizeBytes = READ_BUFFER_SIZE_BYTES * 2;
      const { metainfo } = await shareContent({ path, format, chunkSizeBytes });
      const seen: number[] = [];
      const { good: chunks } = await verifyContent(metainfo, path, {
        onProgress: ({ doneBytes }) => seen.push(doneBytes),
      });
      expect([chunks.size, chunks.isFull]).toEqual([3, true]);
      expect(seen.at(-1)).toBe(metainfo.sizeBytes);
    }
  });

  it('takes the padding of v1 torrents for zeros', async () => {
    const root = await makeFolder();
    await makeTree(root, { a: randomBytes(100, 1), b: randomBytes(100, 2) });
    const metainfo = paddedTorrent({ names: ['a', 'b'], sizeBytes: 100, chunkSizeBytes: 16_384 });
    const { isGood, files } = await verifyContent(metainfo, root);
    expect([isGood, files.length]).toEqual([true, 2]);
    expect(await verifyTarget(metainfo, root)).toBe('identical');
  });

  it('stops when it is cancelled', async () => {
    const { metainfo, root } = await shareTree('v2');
    await expect(verifyContent(metainfo, root, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
  });
});

describe('verifyTarget', () => {
  it('knows an identical tree and file under any name, and one that is absent', async () => {
    const { metainfo, root } = await shareTree('v2');
    await rename(root, `${root}-renamed`);
    expect(await verifyTarget(metainfo, `${root}-renamed`)).toBe('identical');
    expect(await verifyTarget(metainfo, root)).toBe('absent');
    const file = await sampleFile();
    const path = join(await makeFolder(), 'other name');
    await writeFile(path, file.bytes);
    expect(await verifyTarget(file.metainfo, path)).toBe('identical');
  });

  it.each([
    ['a file more', { extra: Buffer.from('x') }],
    ['an empty folder more', { extra: 'folder' as const }],
    ['a link out of the tree', { extra: { link: '../..' } }],
  ])('calls a tree with %s different', async (_, extra) => {
    const { metainfo, root } = await shareTree('v2');
    await makeTree(root, extra);
    expect(await verifyTarget(metainfo, root)).toBe('different');
  });

  it('calls a tree without its empty folder, and a file in place of a tree, different', async () => {
    const { metainfo } = await sampleTree();
    const root = await makeFolder();
    await makeTree(root, { file: Buffer.from('x') });
    expect(await verifyTarget(metainfo, root)).toBe('different');
    expect(await verifyTarget(metainfo, join(root, 'file'))).toBe('different');
  });

  it('does not mind unfinished downloads inside', async () => {
    const { metainfo, root } = await shareTree('v2');
    await makeTree(root, { '.panal/x/journal': Buffer.from('x') });
    expect(await verifyTarget(metainfo, root)).toBe('identical');
  });
});
