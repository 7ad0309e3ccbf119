import fc from 'fast-check';
import { bencodeOf, bytesOf, KIB, type Loose, makeTorrent, withFields } from '../test/made-torrent.js';
import type { BencodeDictionary } from './bencode-dictionary.js';
import { encodeBencode } from './bencode-encoder.js';
import { BencodeError, MetainfoError, PathError, TorrentError } from './errors.js';
import { CHUNK_SIZE_MAX, FILE_COUNT_MAX } from './limits.js';
import { parseTorrent } from './torrent-parser.js';

const CHUNK = 16 * KIB;
const ROOT = 'r'.repeat(32);
const content = {
  'a.bin': bytesOf(1, 3 * CHUNK + 5),
  'd/b': bytesOf(2, 10),
  'd/link': '../a.bin',
  empty: Buffer.alloc(0),
};
const v1 = makeTorrent(content, { format: 'v1' });
const v2 = makeTorrent(content, { format: 'v2' });
const hybrid = makeTorrent(content, { format: 'hybrid' });

function faultOf(bytes: Uint8Array): string {
  try {
    parseTorrent(bytes);
  } catch (error) {
    if (error instanceof MetainfoError || error instanceof PathError) return error.reason;
    throw error;
  }
  return 'accepted';
}

/** What the error tells its reader to do; anything but one of ours is a failure. */
function outcomeOf(bytes: Uint8Array): string {
  try {
    parseTorrent(bytes);
  } catch (error) {
    if (error instanceof TorrentError) return error.action;
    throw error;
  }
  return 'accepted';
}

/** A v2 torrent of this file tree, whose files fit a chunk. */
function v2Of(fileTree: Loose, info: Readonly<Record<string, Loose | undefined>> = {}): Buffer {
  return withFields(v2, { 'file tree': fileTree, ...info });
}

/** A v1 torrent of these files, with as many (wrong) hashes as they need. */
function v1Of(
  files: readonly Loose[],
  sizeBytes: number,
  info: Readonly<Record<string, Loose | undefined>> = {},
): Buffer {
  return withFields(v1, { files, pieces: Buffer.alloc(Math.ceil(sizeBytes / CHUNK) * 20), ...info });
}

function leaf(length: Loose = 5, fields: Readonly<Record<string, Loose | undefined>> = {}): Loose {
  return { '': { length, 'pieces root': ROOT, ...fields } };
}

function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

describe('parseTorrent', () => {
  it('reads back what was made, in every format', () => {
    for (const metainfo of [v1, v2, hybrid]) expect(parseTorrent(metainfo.bytes)).toEqual(metainfo);
    expect(v2.files.map(({ path }) => path.join('/'))).toEqual(['a.bin', 'd/b', 'd/link', 'empty']);
    expect(v2).toMatchObject({ name: 'made', isDirectory: true, sizeBytes: 3 * CHUNK + 15, chunkSizeBytes: CHUNK });
    expect(v2.files[2]).toMatchObject({ symlinkTarget: ['..', 'a.bin'], sizeBytes: 0, isExecutable: false });
    expect([v1.contentId.length, v2.contentId.length, hybrid.contentId.length]).toEqual([20, 32, 32]);
    expect([v1.chunkHashes.length, v2.chunkHashes.length, hybrid.chunkHashes.length]).toEqual([4 * 20, 5 * 32, 5 * 32]);
  });

  it('copies the bytes it reads', () => {
    const bytes = Buffer.from(v2.bytes);
    const parsed = parseTorrent(bytes);
    bytes.fill(0);
    expect(parsed).toEqual(v2);
  });

  it('takes padding of a v1 torrent for what it is, whatever its path', () => {
    const files = [
      { length: 5, path: ['a'] },
      { attr: 'p', length: CHUNK - 5, path: ['..', '..', 'etc'] },
      { length: 7, path: ['b'] },
    ];
    expect(parseTorrent(v1Of(files, CHUNK + 7)).files).toMatchObject([
      { path: ['a'], isPadding: false },
      { path: ['.pad', String(CHUNK - 5)], isPadding: true, sizeBytes: CHUNK - 5 },
      { path: ['b'], isPadding: false },
    ]);
  });

  it('prefers the UTF-8 names that old makers put beside others', () => {
    const files = [{ length: 5, path: ['\xf1'], 'path.utf-8': [latin1('\u00f1')] }];
    const parsed = parseTorrent(v1Of(files, 5, { name: '\xf1', 'name.utf-8': latin1('\u00f1') }));
    expect([parsed.name, parsed.files[0]?.path]).toEqual(['\u00f1', ['\u00f1']]);
  });

  it('reads a file tree with one file as that file only when it bears the name of the torrent', () => {
    expect(parseTorrent(v2Of({ made: leaf() })).isDirectory).toBe(false);
    expect(parseTorrent(v2Of({ other: leaf() })).isDirectory).toBe(true);
    expect(parseTorrent(v2Of({ made: { made: leaf() } })).isDirectory).toBe(true);
    expect(parseTorrent(v2Of({ made: leaf() }, { panal: { directory: 1 } })).isDirectory).toBe(true);
  });

  it('reads empty branches of a file tree as empty directories', () => {
    expect(parseTorrent(v2Of({ a: leaf(), e: {}, f: { g: {} } })).emptyDirectories).toEqual([['e'], ['f', 'g']]);
  });

  it('ignores what it does not know, and what no hash covers when it is malformed', () => {
    const bytes = withFields(
      v2,
      { source: 'x', private: 1, zzz: [{}] },
      { comment: 5, announce: ['x'], 'announce-list': 'x', nodes: {} },
    );
    expect(parseTorrent(bytes)).toMatchObject({ trackers: [], comment: undefined });
    const tiers = [['http://b'], ['http://a', 7, 'http://b', '']];
    const labelled = withFields(
      v2,
      {},
      { announce: 'http://a', 'announce-list': tiers, comment: 'hi', 'created by': latin1('\u00f1') },
    );
    expect(parseTorrent(labelled)).toMatchObject({
      trackers: ['http://a', 'http://b'],
      comment: 'hi',
      createdBy: '\u00f1',
    });
  });

  it('parses a v2 torrent of 50,000 files into as many entries', () => {
    const tree = Object.fromEntries(
      Array.from({ length: 50_000 }, (_, index) => [`file-${index}`, leaf(index + 1, { 'pieces root': ROOT })]),
    );
    const bytes = v2Of(tree, { 'piece length': 256 * KIB });
    expect(parseTorrent(bytes).files).toHaveLength(50_000);
  });
});

describe('parseTorrent refuses', () => {
  const pieces = Buffer.alloc(20);
  const file = { length: 5, path: ['a'] };

  it.each<[string, string, () => Uint8Array]>([
    ['a list', 'wrong_type', () => encodeBencode(bencodeOf([]))],
    ['a file without info', 'missing', () => encodeBencode(bencodeOf({}))],
    ['info that is no dictionary', 'wrong_type', () => encodeBencode(bencodeOf({ info: 'x' }))],
    ['no name', 'missing', () => withFields(v2, { name: undefined })],
    ['a name that is a number', 'wrong_type', () => withFields(v2, { name: 5 })],
    ['a name that is not UTF-8', 'not_utf8', () => withFields(v2, { name: '\xff' })],
    ['a name that leaves the folder', 'dot_dot', () => withFields(v2, { name: '..' })],
    ['a name with a slash', 'absolute', () => withFields(v2, { name: '/etc' })],
    ['the name of our own folder', 'reserved', () => withFields(v2, { name: '.panal' })],
    ['a version to come', 'unsupported', () => withFields(v2, { 'meta version': 3 })],
    ['neither v1 nor v2', 'contradiction', () => withFields(v2, { 'meta version': undefined })],
    ['no pieces', 'missing', () => withFields(v1, { pieces: undefined })],
    ['no chunk size', 'missing', () => withFields(v2, { 'piece length': undefined })],
    ['a chunk size of zero', 'out_of_range', () => withFields(v1, { 'piece length': 0 })],
    ['a negative chunk size', 'out_of_range', () => withFields(v1, { 'piece length': -16384 })],
    ['a v2 chunk size that is no power of two', 'out_of_range', () => withFields(v2, { 'piece length': 3 * CHUNK })],
    ['a v2 chunk smaller than a leaf', 'out_of_range', () => withFields(v2, { 'piece length': CHUNK / 2 })],
    ['a v1 chunk of a few bytes', 'out_of_range', () => withFields(v1, { 'piece length': 16 })],
    [
      'a chunk larger than any client makes',
      'out_of_range',
      () => withFields(v2, { 'piece length': 2 * CHUNK_SIZE_MAX }),
    ],
    ['a chunk size beyond 2^53', 'out_of_range', () => withFields(v2, { 'piece length': 2n ** 60n })],
    ['files and length', 'contradiction', () => withFields(v1, { length: 5 })],
    ['neither files nor length', 'missing', () => withFields(v1, { files: undefined })],
    ['a negative size', 'out_of_range', () => v1Of([{ length: -1, path: ['a'] }], 0)],
    ['a size beyond 2^53', 'out_of_range', () => v1Of([{ length: 2n ** 53n, path: ['a'] }], 0)],
    ['sizes whose sum overflows', 'out_of_range', () => v1Of([{ length: 2 ** 53 - 1, path: ['b'] }, file], 0)],
    ['v2 sizes whose sum overflows', 'out_of_range', () => v2Of({ a: leaf(2 ** 53 - 1), b: leaf(2 ** 53 - 1) })],
    ['more chunks than possible', 'too_many_chunks', () => v2Of({ a: leaf(2 ** 50) })],
    ['more v1 chunks than possible', 'too_many_chunks', () => v1Of([{ length: 2 ** 50, path: ['a'] }], 0)],
    ['too few pieces', 'wrong_length', () => withFields(v1, { pieces })],
    ['half a piece', 'wrong_length', () => v1Of([file], 0, { pieces: pieces.subarray(10) })],
    ['too many pieces', 'wrong_length', () => v1Of([file], 2 * CHUNK)],
    ['a path that is a string', 'wrong_type', () => v1Of([{ length: 5, path: 'a/b' }], 5)],
    ['an empty path', 'empty', () => v1Of([{ length: 5, path: [] }], 5)],
    ['an empty name', 'empty', () => v1Of([{ length: 5, path: ['a', ''] }], 5)],
    ['a path out of the folder', 'dot_dot', () => v1Of([{ length: 5, path: ['..', 'a'] }], 5)],
    ['a name that is not UTF-8', 'not_utf8', () => v1Of([{ length: 5, path: ['\xc3'] }], 5)],
    ['the same file twice', 'duplicate', () => v1Of([file, file], 10)],
    ['files that differ in case', 'case_collision', () => v1Of([file, { length: 5, path: ['A'] }], 10)],
    ['a file that is a directory', 'file_and_directory', () => v1Of([file, { length: 5, path: ['a', 'b'] }], 10)],
    [
      'a link with bytes',
      'contradiction',
      () => v1Of([{ attr: 'l', length: 5, path: ['a'], 'symlink path': ['b'] }], 5),
    ],
    ['a link without target', 'missing', () => v1Of([{ attr: 'l', length: 0, path: ['a'] }], 0)],
    [
      'a link out of the folder',
      'link_outside',
      () => v1Of([{ attr: 'l', path: ['a'], 'symlink path': ['..', 'x'] }], 0),
    ],
    ['a link that is padding', 'contradiction', () => v1Of([{ attr: 'lp', path: ['a'], 'symlink path': ['x'] }], 0)],
    [
      'a lone link',
      'unsupported',
      () => withFields(v1, { files: undefined, attr: 'l', 'symlink path': ['x'], pieces: '' }),
    ],
    ['lone padding', 'unsupported', () => withFields(v1, { files: undefined, attr: 'p', length: 5, pieces })],
    [
      'too many files',
      'too_many_files',
      () => v1Of(Array<Loose>(FILE_COUNT_MAX + 1).fill(bencodeOf({ length: 0, path: ['a'] }) as BencodeDictionary), 0),
    ],
    ['a file tree that is a list', 'wrong_type', () => v2Of([])],
    ['a v2 file without root', 'missing', () => v2Of({ a: leaf(5, { 'pieces root': undefined }) })],
    ['a v2 root of 20 bytes', 'wrong_length', () => v2Of({ a: leaf(5, { 'pieces root': 'x'.repeat(20) }) })],
    ['a v2 file without size', 'missing', () => v2Of({ a: { '': { 'pieces root': ROOT } } })],
    ['a v2 size that is a string', 'wrong_type', () => v2Of({ a: leaf('5') })],
    ['a v2 name that is not UTF-8', 'not_utf8', () => v2Of({ '\xff': leaf() })],
    ['a v2 name that leaves the folder', 'dot_dot', () => v2Of({ '..': { a: leaf() } })],
    ['a v2 name with a slash', 'separator', () => v2Of({ 'a/../../b': leaf() })],
    ['a v2 file that is a directory', 'file_and_directory', () => v2Of({ a: { '': { length: 0 }, b: leaf() } })],
    ['a v2 file without a name', 'file_and_directory', () => v2Of({ '': { length: 0 } })],
    [
      'v2 names that differ in accents',
      'case_collision',
      () => v2Of({ [latin1('e\u0301')]: leaf(), [latin1('\u00e9')]: leaf() }),
    ],
    ['v2 padding', 'unsupported', () => v2Of({ a: leaf(5, { attr: 'p' }) })],
    [
      'a v2 file behind a link',
      'file_and_directory',
      () => v2Of({ a: { '': { attr: 'l', 'symlink path': ['x'] }, b: leaf() } }),
    ],
    ['v2 links in a circle', 'link_loop', () => v2Of({ a: link('b'), b: link('a') })],
    [
      'a v2 link with a size',
      'contradiction',
      () => v2Of({ a: { '': { attr: 'l', length: 5, 'symlink path': ['b'] } } }),
    ],
    ['deep nesting', 'too_deep', () => v2Of(Array.from({ length: 95 }).reduce<Loose>((tree) => ({ a: tree }), leaf()))],
    [
      'empty directories of one file',
      'contradiction',
      () =>
        withFields(makeTorrent({ x: bytesOf(1, 5) }, { format: 'v1', name: 'x', isDirectory: false }), {
          panal: { 'empty directories': [['e']] },
        }),
    ],
    [
      'an empty directory out of the folder',
      'dot_dot',
      () => withFields(v2, { panal: { 'empty directories': [['..']] } }),
    ],
    [
      'an empty directory that is not empty',
      'duplicate',
      () => withFields(v2, { panal: { 'empty directories': [['d']] } }),
    ],
    [
      'an empty directory that is a file',
      'file_and_directory',
      () => withFields(v2, { panal: { 'empty directories': [['a.bin']] } }),
    ],
    [
      'empty directories that are no paths',
      'wrong_type',
      () => withFields(v2, { panal: { 'empty directories': ['e'] } }),
    ],
    ['no layer', 'layer_missing', () => withFields(v2, {}, { 'piece layers': undefined })],
    ['no layer of a file', 'layer_missing', () => withFields(v2, {}, { 'piece layers': {} })],
    ['layers that are a list', 'wrong_type', () => withFields(v2, {}, { 'piece layers': [] })],
    ['a layer that is too short', 'wrong_length', () => withLayer((layer) => layer.subarray(32))],
    ['a layer that is too long', 'wrong_length', () => withLayer((layer) => Buffer.concat([layer, layer]))],
    ['a layer of another file', 'layer_mismatch', () => withLayer((layer) => Buffer.alloc(layer.length))],
  ])('%s: %s', (_, reason, make) => {
    expect(faultOf(make())).toBe(reason);
  });

  it.each<[string, (files: Loose[]) => Loose[]]>([
    ['lacks a file', (files) => files.slice(0, -1)],
    ['has one more', (files) => [...files, { length: 0, path: ['more'] }]],
    [
      'names one otherwise',
      (files) => files.map((entry, index) => (index === 2 ? { length: 10, path: ['d', 'c'] } : entry)),
    ],
    [
      'gives one another size',
      (files) => files.map((entry, index) => (index === 2 ? { length: 11, path: ['d', 'b'] } : entry)),
    ],
    [
      'has a link lead elsewhere',
      (files) =>
        files.map((entry, index) => (index === 4 ? { attr: 'xl', path: ['d', 'link'], 'symlink path': ['b'] } : entry)),
    ],
    ['has them in another order', (files) => [...files.slice(2, 4), ...files.slice(0, 2), ...files.slice(4)]],
    ['lacks padding between files', (files) => files.filter((_, index) => index !== 1)],
    ['has more padding than a file needs', (files) => [...files, { attr: 'p', length: CHUNK, path: ['.pad', 'x'] }]],
  ])('a hybrid whose v1 half %s', (_, change) => {
    const files: Loose[] = [
      { length: 3 * CHUNK + 5, path: ['a.bin'] },
      { attr: 'p', length: CHUNK - 5, path: ['.pad', 'x'] },
      { length: 10, path: ['d', 'b'] },
      { attr: 'p', length: CHUNK - 10, path: ['.pad', 'x'] },
      { attr: 'xl', path: ['d', 'link'], 'symlink path': ['..', 'a.bin'] },
      { length: 0, path: ['empty'] },
    ];
    expect(faultOf(withFields(hybrid, { files }))).toBe('accepted');
    expect(faultOf(withFields(hybrid, { files: change(files) }))).toBe('hybrid_mismatch');
  });

  it('a hybrid that is one file in one half and a directory in the other', () => {
    const lone = makeTorrent({ x: bytesOf(1, 5) }, { format: 'hybrid', name: 'x', isDirectory: false });
    expect(faultOf(withFields(lone, { 'file tree': { d: { x: leaf() } } }))).toBe('hybrid_mismatch');
  });

  it('nothing but by a typed error that says what to do, when bytes are changed', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(
        fc.constantFrom(v1, v2, hybrid),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        ({ bytes }, changes) => {
          const damaged = Buffer.from(bytes);
          for (const { at, byte } of changes) damaged[at % damaged.length] = byte;
          expect(outcomeOf(damaged)).toMatch(/^accepted$|^[A-Z].*\.$/s);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('every beginning of a torrent file', () => {
    for (let length = 0; length < v2.bytes.length; length += 1) {
      expect(() => parseTorrent(v2.bytes.subarray(0, length))).toThrow(BencodeError);
    }
  });
});

function link(...target: readonly string[]): Loose {
  return { '': { attr: 'l', 'symlink path': target } };
}

function withLayer(change: (layer: Buffer) => Buffer): Buffer {
  const root = v2.files[0]?.piecesRoot?.toString('latin1') ?? '';
  const layer = v2.chunkHashes.subarray(0, 4 * 32);
  return withFields(v2, {}, { 'piece layers': { [root]: change(layer) } });
}
