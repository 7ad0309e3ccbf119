import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTorrent } from '@panal/torrent';
import { verifyContent } from './content-verification.js';
import { FileChunkStore } from './file-chunk-store.js';
import { makeFolder, makeTree, randomBytes, removeFolders, SampleContent, sampleOf } from './sample-content.fixture.js';
import { verifyTarget } from './target-verification.js';

afterEach(removeFolders);

const NAMES = [
  ' leading and trailing ',
  '-rf',
  '--force',
  '$(reboot)',
  '`reboot`; rm *',
  'new\nline',
  'tab\tbell\u0007',
  '"quoted" and \'quoted\'',
  '%2e%2e%2fescape',
  '...',
  '..hidden',
  '.panal.txt',
  'journal',
  '{"json":true}',
  'données/été',
  '日本語/中文',
  'עברית \u202egnp.exe',
  '👩‍👩‍👧‍👦',
  'e\u0301 decomposed',
  '\ufeffbyte order mark',
  'x'.repeat(255),
  'é'.repeat(127),
  `${'deep/'.repeat(60)}end`,
];

describe('names that programs stumble over', () => {
  it.each(['v1', 'v2', 'hybrid'] as const)('survive sharing and downloading (%s)', async (format) => {
    const source = join(await makeFolder(), 'name of the $root "dir"\n');
    await makeTree(source, Object.fromEntries(NAMES.map((name, index) => [name, randomBytes(index * 1000, index)])));
    const shared = await sampleOf(source, format);
    const metainfo = parseTorrent(shared.metainfo.bytes);
    expect(metainfo.files).toHaveLength(NAMES.length);
    const sample = new SampleContent(metainfo, shared.bytes);
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo, directory });
    await sample.write(store, sample.all);
    expect((await verifyContent(metainfo, store.contentPath)).good.isFull).toBe(true);
    await store.commit(sample.all);
    await store.finish();
    expect(await verifyTarget(metainfo, store.targetPath)).toBe('identical');
    expect(await readdir(directory)).toEqual([metainfo.name]);
    await store.close();
  });
});
