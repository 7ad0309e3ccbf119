import { SeededRandom } from '@panal/runtime';
import { type Metainfo, parseTorrent } from '@panal/torrent';
import { askLibtorrent, findPython, type OracleAnswers } from './libtorrent.js';
import {
  badChunks,
  type CaseFile,
  contentOf,
  FORMATS,
  infoHashesOf,
  makeTorrent,
  type OracleCase,
  storedCases,
} from './oracle-case.js';

const python = findPython();
if (python === undefined) {
  console.warn('Skipped: comparison with a live libtorrent. Install python3-libtorrent 2 to run it.');
}

const KIB = 1024;
const stored = storedCases();

describe('infohashes stored from libtorrent 2.0.8', () => {
  describe.each(stored)('of $title', (oracleCase) => {
    it.each(FORMATS)('are those of our %s torrent', (format) => {
      expect(infoHashesOf(makeTorrent(oracleCase, format))).toEqual(oracleCase.infoHashes[format]);
    });
  });
});

/** What libtorrent cannot make, or makes wrongly, and must still read. */
const OURS: readonly OracleCase[] = [
  {
    title: 'empty directories',
    name: 'with-empty',
    isDirectory: true,
    chunkSizeBytes: 16 * KIB,
    files: [
      { path: ['a'], sizeBytes: 5, seed: 'a' },
      { path: ['d', 'b'], sizeBytes: 40000, seed: 'b' },
    ],
    emptyDirectories: [
      ['d', 'empty'],
      ['nothing', 'here'],
    ],
  },
  {
    title: 'a link whose text libtorrent would read from the root',
    name: 'ambiguous',
    isDirectory: true,
    chunkSizeBytes: 16 * KIB,
    files: [
      { path: ['a'], sizeBytes: 5, seed: 'a' },
      { path: ['d', 'a'], sizeBytes: 6, seed: 'b' },
      { path: ['d', 'link'], link: 'a' },
    ],
  },
];

const SEED = 20261122;

/** A tree drawn from a seed: sizes around borders, some files executable, empty or links. */
function randomCase(seed: number): OracleCase {
  const random = new SeededRandom(seed);
  const chunkSizeBytes = 16 * KIB * 2 ** random.below(4);
  const borders = [0, 1, 16 * KIB, 32 * KIB, chunkSizeBytes, 2 * chunkSizeBytes, 3 * chunkSizeBytes];
  const files: CaseFile[] = [{ path: ['first'], sizeBytes: 1 + random.below(100_000), seed: `${seed}/first` }];
  for (let index = 0; index < 12; index += 1) {
    const directory = ['', 'd', 'd.e', 'd/e', '\u00fc/\u{1f41d}', '\uff41'][random.below(6)] as string;
    const path = [...directory.split('/'), `${random.below(2) === 0 ? 'f' : '\u00f1'}${index}`].filter(
      (name) => name !== '',
    );
    const border = borders[random.below(borders.length)] as number;
    const sizeBytes = Math.max(0, border + random.below(3) - 1);
    const link = `${'../'.repeat(path.length - 1)}first`;
    if (random.below(6) === 0) files.push({ path, link });
    else files.push({ path, sizeBytes, seed: `${seed}/${index}`, isExecutable: random.below(3) === 0 });
  }
  return { title: `a tree of seed ${seed}`, name: `tree-${seed}`, isDirectory: true, chunkSizeBytes, files };
}

(python === undefined ? describe.skip : describe)('libtorrent, running here', () => {
  const cases: readonly OracleCase[] = [
    ...stored,
    ...Array.from({ length: 12 }, (_, index) => randomCase(SEED + index)),
  ];
  const ours = OURS.flatMap((oracleCase) => FORMATS.map((format) => makeTorrent(oracleCase, format)));
  const made = cases.flatMap((oracleCase) => FORMATS.map((format) => makeTorrent(oracleCase, format)));
  let answers: OracleAnswers;

  beforeAll(() => {
    answers = askLibtorrent(python as string, { create: cases, load: [...made, ...ours].map(({ bytes }) => bytes) });
  });

  it.each(cases.map((oracleCase, index) => ({ ...oracleCase, index })))(
    'makes the same infohashes of $title',
    ({ index }) => {
      for (const [at, format] of FORMATS.entries()) {
        const { torrent: _, ...hashes } = (answers.create[index] as OracleAnswers['create'][number])[format];
        expect({ format, ...infoHashesOf(made[index * FORMATS.length + at] as Metainfo) }).toEqual({
          format,
          ...hashes,
        });
      }
    },
  );

  it('makes torrents that open here, with the same files, and whose chunks verify', () => {
    for (const [index, oracleCase] of cases.entries()) {
      const content = Buffer.concat(
        [...oracleCase.files]
          .sort((a, b) => Buffer.compare(Buffer.from(a.path.join('\0')), Buffer.from(b.path.join('\0'))))
          .map(contentOf),
      );
      for (const [at, format] of FORMATS.entries()) {
        const { torrent } = (answers.create[index] as OracleAnswers['create'][number])[format];
        const parsed = parseTorrent(Buffer.from(torrent, 'base64'));
        const { files, isDirectory, name } = made[index * FORMATS.length + at] as Metainfo;
        expect(parsed.createdBy).toBe('libtorrent');
        expect(parsed.trackers).toEqual(['http://tracker.example/announce']);
        expect({ name: parsed.name, isDirectory: parsed.isDirectory, files: parsed.files }).toEqual({
          name,
          isDirectory,
          files,
        });
        expect(badChunks(parsed, content)).toEqual([]);
      }
    }
  });

  it('opens every torrent made here, and sees the same files', () => {
    for (const [index, metainfo] of [...made, ...ours].entries()) {
      const loaded = answers.load[index] as OracleAnswers['load'][number];
      const { error, files, ...hashes } = loaded;
      expect({ name: metainfo.name, error }).toEqual({ name: metainfo.name, error: undefined });
      expect(hashes).toEqual(infoHashesOf(metainfo));
      // libtorrent takes a v2 torrent with one file for that file alone, also where its own creator meant a directory.
      const isLone = metainfo.format === 'v2' && metainfo.files.length === 1;
      const prefix = metainfo.isDirectory && !isLone ? `${metainfo.name}/` : '';
      const expected = metainfo.files.map(({ path, sizeBytes }) => ({ path: prefix + path.join('/'), sizeBytes }));
      expect(files?.map(({ path, sizeBytes }) => ({ path, sizeBytes }))).toEqual(expected);
    }
  });

  it('reads links made here as leading where they lead', () => {
    const ambiguous = ours.flatMap(({ name }, index) => (name === 'ambiguous' ? [index + made.length] : []));
    expect(ambiguous).toHaveLength(FORMATS.length);
    for (const index of ambiguous) {
      const links = answers.load[index]?.files?.filter(({ link }) => link !== '');
      expect(links).toEqual([{ path: 'ambiguous/d/link', sizeBytes: 0, link: 'ambiguous/d/a' }]);
    }
  });
});
