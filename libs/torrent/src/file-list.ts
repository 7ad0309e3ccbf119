import { BencodeDictionary, type BencodeValue } from './bencode-dictionary.js';
import { attributesOf, type ContentEntry, checkFileCount } from './content-entry.js';
import { MetainfoError } from './errors.js';
import { asBytes, asDictionary, asList, asPath, asSize } from './info-fields.js';
import type { TorrentFormat } from './metainfo.js';

export interface FileList {
  readonly isDirectory: boolean;
  /** With padding, in order. */
  readonly entries: readonly ContentEntry[];
}

/**
 * Reads the files of a v1 torrent: `files`, or `length` for one file, whose path is `[name]`.
 * @throws MetainfoError
 * @see https://www.bittorrent.org/beps/bep_0003.html
 * @see https://www.bittorrent.org/beps/bep_0047.html
 */
export function readFileList(info: BencodeDictionary, name: string): FileList {
  const files = info.get('files');
  if (files === undefined) {
    const entry = readEntry(info, 'info', [name]);
    if (entry.isPadding || entry.symlinkPath !== undefined) {
      throw new MetainfoError('unsupported', 'info.attr', 'makes the only file a link or padding');
    }
    return { isDirectory: false, entries: [entry] };
  }
  if (info.has('length')) throw new MetainfoError('contradiction', 'info', 'has both "files" and "length"');
  const list = asList(files, 'info.files');
  // Each file may be followed by its padding.
  checkFileCount(Math.ceil(list.length / 2), 'info.files');
  const entries: ContentEntry[] = [];
  for (const [index, value] of list.entries()) {
    const where = `info.files[${index}]`;
    const fields = asDictionary(value, where);
    const pathKey = fields.has('path.utf-8') ? 'path.utf-8' : 'path';
    entries.push(readEntry(fields, where, asPath(fields.get(pathKey), `${where}.${pathKey}`)));
  }
  checkFileCount(entries.filter(({ isPadding }) => !isPadding).length, 'info.files');
  return { isDirectory: true, entries };
}

function readEntry(fields: BencodeDictionary, where: string, path: readonly string[]): ContentEntry {
  const attr = fields.get('attr');
  const { isExecutable, isPadding, isLink } = attributesOf(
    attr === undefined ? undefined : asBytes(attr, `${where}.attr`),
  );
  const length = fields.get('length');
  if (!isLink) return { path, sizeBytes: asSize(length, `${where}.length`), isExecutable, isPadding };
  if (length !== undefined && asSize(length, `${where}.length`) !== 0) {
    throw new MetainfoError('contradiction', where, 'is a link and has a length');
  }
  if (isPadding) throw new MetainfoError('contradiction', where, 'is padding and a link');
  const symlinkPath = asPath(fields.get('symlink path'), `${where}["symlink path"]`);
  return { path, sizeBytes: 0, isExecutable, isPadding, symlinkPath };
}

/**
 * `entries` with padding after each file that does not end at a chunk border, the last one too, as libtorrent makes a
 * hybrid. A lone file gets none.
 */
export function withPadding(entries: readonly ContentEntry[], chunkSizeBytes: number): readonly ContentEntry[] {
  if (!padsFiles('hybrid', entries.length)) return entries;
  const padded: ContentEntry[] = [];
  for (const entry of entries) {
    padded.push(entry);
    const paddingSizeBytes = paddingAfter(entry.sizeBytes, chunkSizeBytes);
    if (paddingSizeBytes === 0) continue;
    const path = ['.pad', String(paddingSizeBytes)];
    padded.push({ path, sizeBytes: paddingSizeBytes, isExecutable: false, isPadding: true });
  }
  return padded;
}

/**
 * Whether the v1 pieces of a torrent count each file as padded to a chunk border: call `PieceHasher.pad()` after each.
 * @param entryCount Files and links, empty ones too.
 */
export function padsFiles(format: TorrentFormat, entryCount: number): boolean {
  return format === 'hybrid' && entryCount > 1;
}

/** Zeros that a hybrid puts between a file and the next chunk border. */
export function paddingAfter(sizeBytes: number, chunkSizeBytes: number): number {
  return (chunkSizeBytes - (sizeBytes % chunkSizeBytes)) % chunkSizeBytes;
}

/** The fields of `info` that list the files: `files`, or `attr` and `length` of a single one. */
export function writeFileList(
  entries: readonly ContentEntry[],
  isDirectory: boolean,
): [string, BencodeValue | undefined][] {
  if (isDirectory) return [['files', entries.map((entry) => BencodeDictionary.of(fieldsOf(entry, true)))]];
  return entries.flatMap((entry) => fieldsOf(entry, false));
}

function fieldsOf(entry: ContentEntry, hasPath: boolean): [string, BencodeValue | undefined][] {
  return [
    ['attr', attrOf(entry)],
    ['length', entry.sizeBytes],
    ['path', hasPath ? entry.path.map((name) => Buffer.from(name, 'utf8')) : undefined],
    ['symlink path', entry.symlinkPath?.map((name) => Buffer.from(name, 'utf8'))],
  ];
}

/** As libtorrent: every link is also executable, since that is the mode links have. */
function attrOf({ isExecutable, isPadding, symlinkPath }: ContentEntry): Buffer | undefined {
  if (isPadding) return Buffer.from('p');
  if (symlinkPath !== undefined) return Buffer.from('xl');
  return isExecutable ? Buffer.from('x') : undefined;
}
