import { bytesOf, KIB, makeTorrent } from '../test/made-torrent.js';
import { decodeBencode } from './bencode-decoder.js';
import type { BencodeDictionary } from './bencode-dictionary.js';
import { MetainfoError, PathError } from './errors.js';
import { FileHasher } from './file-hasher.js';
import type { HashedFile, Metainfo, TorrentFormat } from './metainfo.js';
import { createTorrent, type TorrentOptions } from './torrent-writer.js';

const CHUNK = 16 * KIB;
const FORMATS: readonly TorrentFormat[] = ['v1', 'v2', 'hybrid'];

function hashed(path: string, content: Buffer, isExecutable = false): HashedFile {
  const hasher = new FileHasher({ sizeBytes: content.length, chunkSizeBytes: CHUNK });
  hasher.push(content);
  return { path: path.split('/'), sizeBytes: content.length, isExecutable, ...hasher.finish() };
}

const base: TorrentOptions = {
  name: 'made',
  isDirectory: true,
  chunkSizeBytes: CHUNK,
  format: 'v2',
  files: [hashed('a', bytesOf(1, 40_000)), hashed('b', bytesOf(2, 5), true)],
};

function faultOf(options: Partial<TorrentOptions>): string {
  try {
    createTorrent({ ...base, ...options });
  } catch (error) {
    if (error instanceof MetainfoError || error instanceof PathError) return error.reason;
    throw error;
  }
  return 'accepted';
}

function infoOf({ bytes }: Metainfo): BencodeDictionary {
  return (decodeBencode(bytes) as BencodeDictionary).get('info') as BencodeDictionary;
}

describe('createTorrent', () => {
  it('makes the same bytes of the same content, in any order of files and directories', () => {
    const emptyDirectories = [['x'], ['c', 'd'], ['c', 'a']];
    const one = createTorrent({ ...base, emptyDirectories });
    const other = createTorrent({
      ...base,
      files: [...base.files].reverse(),
      emptyDirectories: [...emptyDirectories].reverse(),
    });
    expect(other.bytes).toEqual(one.bytes);
    expect(one.emptyDirectories).toEqual([['c', 'a'], ['c', 'd'], ['x']]);
    expect((decodeBencode(one.bytes) as BencodeDictionary).has('creation date')).toBe(false);
  });

  it.each(FORMATS)('keeps executable bits, links, empty files and directories in %s', (format) => {
    const made = makeTorrent(
      { 'bin/tool': bytesOf(3, 70_000), 'bin/link': 'tool', up: 'bin/link', empty: Buffer.alloc(0) },
      { format, emptyDirectories: [['bin', 'none'], ['void']] },
    );
    const real = made.files.filter(({ isPadding }) => !isPadding);
    expect(real.map(({ path, symlinkTarget }) => [path.join('/'), symlinkTarget?.join('/')])).toEqual([
      ['bin/link', 'tool'],
      ['bin/tool', undefined],
      ['empty', undefined],
      ['up', 'bin/link'],
    ]);
    expect(made.emptyDirectories).toEqual([['bin', 'none'], ['void']]);
    expect(createTorrent(base).files.map(({ isExecutable }) => isExecutable)).toEqual([false, true]);
  });

  it.each(FORMATS)('tells a directory with one file of its own name from that file, in %s', (format) => {
    const content = bytesOf(1, 20_000);
    const directory = makeTorrent({ made: content }, { format });
    const single = makeTorrent({ made: content }, { format, isDirectory: false });
    expect([directory.isDirectory, single.isDirectory]).toEqual([true, false]);
    expect(directory.contentId).not.toEqual(single.contentId);
  });

  it.each(FORMATS)('shares what has no bytes, in %s', (format) => {
    const nothing = makeTorrent({}, { format, emptyDirectories: [['a', 'b']] });
    expect(nothing).toMatchObject({ sizeBytes: 0, files: [], emptyDirectories: [['a', 'b']], isDirectory: true });
    expect(makeTorrent({}, { format })).toMatchObject({ sizeBytes: 0, files: [], isDirectory: true });
    const empty = makeTorrent({ made: Buffer.alloc(0) }, { format, isDirectory: false });
    expect(empty).toMatchObject({ sizeBytes: 0, isDirectory: false });
    expect(empty.chunkHashes).toHaveLength(0);
  });

  it('adds what BitTorrent lacks only where it is needed', () => {
    expect(infoOf(createTorrent(base)).has('panal')).toBe(false);
    expect(infoOf(createTorrent({ ...base, emptyDirectories: [['e']] })).has('panal')).toBe(true);
  });

  it('keeps labels out of the identity', () => {
    const labels = { trackers: ['http://a/announce', 'udp://b'], comment: '\u00a1hola!', createdBy: 'panal' };
    const labelled = createTorrent({ ...base, ...labels });
    expect(labelled).toMatchObject(labels);
    expect(labelled.contentId).toEqual(createTorrent(base).contentId);
  });

  it('stores a layer once for files of equal content', () => {
    const content = bytesOf(9, 40_000);
    const made = createTorrent({ ...base, files: [hashed('x', content), hashed('y', content)] });
    const layers = (decodeBencode(made.bytes) as BencodeDictionary).get('piece layers') as BencodeDictionary;
    expect(layers.size).toBe(1);
  });

  const [a, b] = base.files as [HashedFile, HashedFile];
  const linkTo = (target: string): HashedFile => ({
    path: ['l'],
    sizeBytes: 0,
    isExecutable: false,
    symlinkTarget: target.split('/'),
  });

  it.each<[string, string, Partial<TorrentOptions>]>([
    ['a chunk size that is no power of two', 'out_of_range', { chunkSizeBytes: 3 * CHUNK }],
    ['a chunk smaller than a leaf', 'out_of_range', { chunkSizeBytes: 8 * KIB }],
    ['a chunk of 32 MiB', 'out_of_range', { chunkSizeBytes: 32 * KIB * KIB }],
    ['two files that are said to be one', 'contradiction', { isDirectory: false }],
    ['one file of another name', 'contradiction', { isDirectory: false, files: [a] }],
    ['a name that leaves the folder', 'dot_dot', { name: '..' }],
    ['the same file twice', 'duplicate', { files: [a, a] }],
    ['files that differ in case', 'case_collision', { files: [a, { ...b, path: ['A'] }] }],
    ['a lone surrogate', 'not_unicode', { files: [{ ...a, path: ['\ud800'] }] }],
    ['a file without its root', 'missing', { files: [{ ...a, piecesRoot: undefined }] }],
    ['a file without its layer', 'layer_missing', { files: [{ ...a, layer: undefined }] }],
    ['a layer of another size', 'wrong_length', { files: [{ ...a, sizeBytes: 60_000 }] }],
    ['v1 without pieces', 'missing', { format: 'v1' }],
    ['pieces of other content', 'wrong_length', { format: 'v1', pieces: Buffer.alloc(20) }],
    ['hybrid pieces without padding', 'wrong_length', { format: 'hybrid', pieces: Buffer.alloc(60) }],
    ['v1 files out of content order', 'unsorted', { format: 'v1', files: [b, a], pieces: Buffer.alloc(60) }],
    ['a negative size', 'out_of_range', { files: [{ ...a, sizeBytes: -1 }] }],
    ['an absolute link', 'link_outside', { files: [a, linkTo('/a')] }],
    ['a link out of the tree', 'link_outside', { files: [a, linkTo('../a')] }],
    ['a link to itself', 'link_loop', { files: [a, linkTo('l')] }],
    ['an empty directory that is a file', 'file_and_directory', { emptyDirectories: [['a']] }],
  ])('refuses %s: %s', (_, reason, options) => {
    expect(faultOf(options)).toBe(reason);
  });
});
