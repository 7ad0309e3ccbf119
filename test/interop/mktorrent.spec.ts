import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTorrent } from '@panal/torrent';
import { badChunks, contentOf } from './oracle-case.js';

/** A program of the system, not of a package. */
const MKTORRENT: string = 'mktorrent';
// It answers any call without a file by its usage and a failure, but it answers.
const isInstalled = spawnSync(MKTORRENT, ['-h']).error === undefined;
if (!isInstalled) console.warn('Skipped: torrents made by mktorrent. Install mktorrent to run it.');

(isInstalled ? describe : describe.skip)('torrents made by mktorrent', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'panal-mktorrent-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function makeTorrent(name: string): ReturnType<typeof parseTorrent> {
    const torrent = join(folder, `${name}.torrent`);
    const made = spawnSync(MKTORRENT, [
      '-l',
      '15',
      '-a',
      'http://tracker.example/announce',
      '-o',
      torrent,
      join(folder, name),
    ]);
    expect({ status: made.status, stderr: String(made.stderr) }).toEqual({ status: 0, stderr: '' });
    return parseTorrent(readFileSync(torrent));
  }

  it('open as directories, and every chunk verifies', () => {
    const sizes: Readonly<Record<string, number>> = { a: 5, 'sub/b': 100_000, 'sub/caf\u00e9': 32768, zero: 0 };
    for (const [path, sizeBytes] of Object.entries(sizes)) {
      mkdirSync(join(folder, 'tree', path, '..'), { recursive: true });
      writeFileSync(join(folder, 'tree', path), contentOf({ path: [], sizeBytes, seed: path }));
    }
    const metainfo = makeTorrent('tree');
    expect(metainfo).toMatchObject({
      format: 'v1',
      name: 'tree',
      isDirectory: true,
      chunkSizeBytes: 32768,
      sizeBytes: 132773,
    });
    const found = Object.fromEntries(metainfo.files.map(({ path, sizeBytes }) => [path.join('/'), sizeBytes]));
    expect(found).toEqual(sizes);
    const contents = metainfo.files.map(({ path, sizeBytes }) =>
      contentOf({ path: [], sizeBytes, seed: path.join('/') }),
    );
    expect(badChunks(metainfo, Buffer.concat(contents))).toEqual([]);
  });

  it('open as single files, and every chunk verifies', () => {
    const content = contentOf({ path: [], sizeBytes: 70_000, seed: 'lone' });
    writeFileSync(join(folder, 'lone.bin'), content);
    const metainfo = makeTorrent('lone.bin');
    expect(metainfo).toMatchObject({ format: 'v1', name: 'lone.bin', isDirectory: false, sizeBytes: 70_000 });
    expect(metainfo.files[0]?.path).toEqual(['lone.bin']);
    expect(badChunks(metainfo, content)).toEqual([]);
  });
});
