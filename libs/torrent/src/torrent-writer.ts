import { BencodeDictionary, type BencodeValue } from './bencode-dictionary.js';
import { encodeBencode } from './bencode-encoder.js';
import { type ContentEntry, checkFileCount } from './content-entry.js';
import { ContentTree } from './content-tree.js';
import { MetainfoError } from './errors.js';
import { withPadding, writeFileList } from './file-list.js';
import { writeFileTree } from './file-tree.js';
import { CHUNK_SIZE_MADE_MAX, CHUNK_SIZE_MIN } from './limits.js';
import type { HashedFile, Metainfo, TorrentFormat } from './metainfo.js';
import { writeExtension } from './panal-extension.js';
import { checkContentName, comparePaths } from './path-rules.js';
import { checkSymlinkLoops, writeSymlink } from './symlinks.js';
import { parseTorrent } from './torrent-parser.js';

export interface TorrentOptions {
  /** Name of the file or directory; one path component. */
  readonly name: string;
  readonly isDirectory: boolean;
  /** A power of two from 16 KiB to 16 MiB; see `chunkSizeFor`. */
  readonly chunkSizeBytes: number;
  readonly format: TorrentFormat;
  /**
   * Every file and link, of a single file one with the path `[name]`. In any order for v2; for v1 and hybrid in content
   * order (`comparePaths`), as `pieces` were hashed.
   */
  readonly files: readonly HashedFile[];
  /** Directories with nothing in them, in any order. Default: none. */
  readonly emptyDirectories?: readonly (readonly string[])[];
  /** Of `PieceHasher.finish()`; needed for v1 and hybrid. */
  readonly pieces?: Buffer;
  /** Addresses for other BitTorrent clients. No hash covers them. Default: none. */
  readonly trackers?: readonly string[];
  readonly comment?: string;
  readonly createdBy?: string;
}

/**
 * Makes a torrent file. The same options give the same bytes: no date, no order of a disk. Its infohashes are those
 * libtorrent 2.0.8 gives the same content, unless empty directories are in it (see `PanalExtension`).
 * @throws MetainfoError when hashes are missing or do not fit the sizes, or a limit is passed.
 * @throws PathError when a path could not be stored everywhere, or a link leaves the content.
 */
export function createTorrent(options: TorrentOptions): Metainfo {
  const { name, isDirectory, chunkSizeBytes, format } = options;
  checkOptions(options);
  const files = [...options.files].sort((a, b) => comparePaths(a.path, b.path));
  if (format !== 'v2' && files.some((file, index) => file !== options.files[index])) {
    throw new MetainfoError('unsorted', 'files', 'must be in content order, in which their pieces were hashed');
  }
  const emptyDirectories = [...(options.emptyDirectories ?? [])].sort(comparePaths);
  const entries = entriesOf(files, emptyDirectories);
  const isAmbiguous =
    isDirectory && format === 'v2' && files.length === 1 && comparePaths(files[0]?.path ?? [], [name]) === 0;
  const info = BencodeDictionary.of([
    ['name', Buffer.from(name, 'utf8')],
    ['piece length', chunkSizeBytes],
    writeExtension({ isDirectory: isAmbiguous, emptyDirectories }),
    ...(format === 'v1' ? [] : fieldsOfV2(entries)),
    ...(format === 'v2' ? [] : fieldsOfV1(options, entries)),
  ]);
  const layers = format === 'v1' ? undefined : layersOf(files, chunkSizeBytes);
  // Reading it back runs every check there is, on hashes and paths alike.
  return parseTorrent(
    encodeBencode(BencodeDictionary.of([['info', info], ['piece layers', layers], ...labelsOf(options)])),
  );
}

/**
 * Finds what is wrong with a torrent before a byte of it is hashed: names, links, sizes of chunks, numbers of files.
 * What `createTorrent` would refuse besides is a matter of hashes.
 * @throws MetainfoError @throws PathError
 */
export function checkTorrent(
  options: Pick<TorrentOptions, 'name' | 'isDirectory' | 'chunkSizeBytes' | 'files' | 'emptyDirectories'>,
): void {
  checkOptions(options);
  checkContentName(options.name);
  checkFileCount(options.files.length, 'files');
  entriesOf(options.files, options.emptyDirectories ?? []);
  checkSymlinkLoops(
    options.files.flatMap(({ path, symlinkTarget: target }) => (target === undefined ? [] : [{ path, target }])),
  );
}

function checkOptions({
  name,
  isDirectory,
  chunkSizeBytes,
  files,
}: Pick<TorrentOptions, 'name' | 'isDirectory' | 'chunkSizeBytes' | 'files'>): void {
  const isPower = Number.isInteger(Math.log2(chunkSizeBytes));
  if (!isPower || chunkSizeBytes < CHUNK_SIZE_MIN || chunkSizeBytes > CHUNK_SIZE_MADE_MAX) {
    const text = `is ${chunkSizeBytes}; a power of two from ${CHUNK_SIZE_MIN} to ${CHUNK_SIZE_MADE_MAX} is possible`;
    throw new MetainfoError('out_of_range', 'the chunk size', text);
  }
  if (isDirectory) return;
  const [file] = files;
  const isLone =
    files.length === 1 && file?.symlinkTarget === undefined && comparePaths(file?.path ?? [], [name]) === 0;
  if (!isLone) throw new MetainfoError('contradiction', 'files', 'must be one file with the name of the torrent');
}

function entriesOf(
  files: readonly HashedFile[],
  emptyDirectories: readonly (readonly string[])[],
): readonly ContentEntry[] {
  const tree = new ContentTree();
  for (const { path, symlinkTarget } of files) tree.add(path, symlinkTarget === undefined ? 'file' : 'link');
  for (const path of emptyDirectories) tree.add(path, 'directory');
  return files.map(({ path, sizeBytes, isExecutable, symlinkTarget, piecesRoot }) => ({
    path,
    sizeBytes,
    isExecutable,
    isPadding: false,
    symlinkPath: symlinkTarget && writeSymlink(tree, { path, target: symlinkTarget }),
    piecesRoot,
  }));
}

type Fields = [string, BencodeValue | undefined][];

function fieldsOfV2(entries: readonly ContentEntry[]): Fields {
  return [
    ['meta version', 2],
    ['file tree', writeFileTree(entries)],
  ];
}

function fieldsOfV1(
  { format, isDirectory, chunkSizeBytes, pieces }: TorrentOptions,
  entries: readonly ContentEntry[],
): Fields {
  const listed = format === 'hybrid' ? withPadding(entries, chunkSizeBytes) : entries;
  return [['pieces', pieces], ...writeFileList(listed, isDirectory)];
}

function layersOf(files: readonly HashedFile[], chunkSizeBytes: number): BencodeDictionary {
  const layers = new Map<string, Buffer>();
  for (const { sizeBytes, piecesRoot, layer } of files) {
    if (piecesRoot !== undefined && layer !== undefined && sizeBytes > chunkSizeBytes) {
      layers.set(piecesRoot.toString('latin1'), layer);
    }
  }
  return BencodeDictionary.of(layers);
}

function labelsOf({ trackers = [], comment, createdBy }: TorrentOptions): Fields {
  const addresses = trackers.map((tracker) => Buffer.from(tracker, 'utf8'));
  return [
    ['announce', addresses[0]],
    ['announce-list', addresses.length > 1 ? addresses.map((address) => [address]) : undefined],
    ['comment', comment === undefined ? undefined : Buffer.from(comment, 'utf8')],
    ['created by', createdBy === undefined ? undefined : Buffer.from(createdBy, 'utf8')],
  ];
}
