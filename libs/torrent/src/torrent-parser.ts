import { decodeBencode } from './bencode-decoder.js';
import type { BencodeDictionary } from './bencode-dictionary.js';
import { type ChunkLayout, chunkHashesOf, piecesOf, totalSizeOf } from './chunk-hashes.js';
import type { ContentEntry } from './content-entry.js';
import { sha1 } from './content-id.js';
import { ContentTree } from './content-tree.js';
import { MetainfoError } from './errors.js';
import { type FileList, paddingAfter, readFileList } from './file-list.js';
import { type FileTree, readFileTree } from './file-tree.js';
import { asDictionary, asSize, asText } from './info-fields.js';
import { CHUNK_SIZE_MAX, CHUNK_SIZE_MIN, CHUNK_SIZE_V1_MIN } from './limits.js';
import { sha256 } from './merkle.js';
import type { ContentFile, Metainfo, TorrentFormat } from './metainfo.js';
import { readExtension } from './panal-extension.js';
import { checkContentName } from './path-rules.js';
import { checkSymlinkLoops, readSymlink } from './symlinks.js';
import { readLabels } from './torrent-labels.js';

/**
 * Reads a torrent file of any maker and checks all of it: after this every path is safe to store below a folder, every
 * size adds up, and every hash has its place and its root.
 * @param bytes Copied.
 * @throws BencodeError when the bytes are no canonical bencode.
 * @throws MetainfoError when a field is missing, contradicts another or passes a limit.
 * @throws PathError when a path must not be stored.
 * @see https://www.bittorrent.org/beps/bep_0003.html
 * @see https://www.bittorrent.org/beps/bep_0047.html
 * @see https://www.bittorrent.org/beps/bep_0052.html
 */
export function parseTorrent(bytes: Uint8Array): Metainfo {
  const copy = Buffer.from(bytes);
  const root = asDictionary(decodeBencode(copy), 'the file');
  const info = asDictionary(root.get('info'), 'info');
  const format = formatOf(info);
  const name = nameOf(info, format);
  const chunkSizeBytes = chunkSizeOf(info, format);
  const content = contentOf(info, format, name);
  if (content.list !== undefined && content.tree !== undefined) {
    checkAgreement(content.list.entries, content.tree.entries, chunkSizeBytes);
  }
  const tree = checkPaths(content);
  const files = filesOf(content.entries, tree);
  const layout: ChunkLayout = { format, chunkSizeBytes, files };
  const sizeBytes = totalSizeOf(files, 'info');
  const pieces = content.list === undefined ? undefined : piecesOf(info, content.list.entries, chunkSizeBytes);
  const rawInfo = info.source as Buffer;
  const infoHashV1 = format === 'v2' ? undefined : sha1(rawInfo);
  const infoHashV2 = format === 'v1' ? undefined : sha256(rawInfo);
  return {
    format,
    name,
    isDirectory: content.isDirectory,
    chunkSizeBytes,
    files,
    emptyDirectories: content.emptyDirectories,
    sizeBytes,
    infoHashV1,
    infoHashV2,
    contentId: (infoHashV2 ?? infoHashV1) as Buffer,
    chunkHashes: format === 'v1' ? (pieces as Buffer) : chunkHashesOf(layout, root.get('piece layers')),
    bytes: copy,
    ...readLabels(root),
  };
}

function formatOf(info: BencodeDictionary): TorrentFormat {
  const version = info.get('meta version');
  const hasPieces = info.has('pieces');
  if (version === 2) return hasPieces ? 'hybrid' : 'v2';
  if (version !== undefined) throw new MetainfoError('unsupported', 'info["meta version"]', 'must be 2');
  if (info.has('file tree'))
    throw new MetainfoError('contradiction', 'info', 'has a "file tree" and no "meta version"');
  return 'v1';
}

function nameOf(info: BencodeDictionary, format: TorrentFormat): string {
  const key = format === 'v1' && info.has('name.utf-8') ? 'name.utf-8' : 'name';
  const name = asText(info.get(key), `info.${key}`);
  checkContentName(name);
  return name;
}

function chunkSizeOf(info: BencodeDictionary, format: TorrentFormat): number {
  const field = 'info["piece length"]';
  const chunkSizeBytes = asSize(info.get('piece length'), field);
  const sizeMin = format === 'v1' ? CHUNK_SIZE_V1_MIN : CHUNK_SIZE_MIN;
  if (chunkSizeBytes < sizeMin || chunkSizeBytes > CHUNK_SIZE_MAX) {
    throw new MetainfoError(
      'out_of_range',
      field,
      `is ${chunkSizeBytes}; ${sizeMin} to ${CHUNK_SIZE_MAX} are possible`,
    );
  }
  if (format !== 'v1' && !Number.isInteger(Math.log2(chunkSizeBytes))) {
    throw new MetainfoError('out_of_range', field, `is ${chunkSizeBytes}, which is no power of two`);
  }
  return chunkSizeBytes;
}

/** What a torrent says it holds, before paths are checked. */
interface TorrentContent {
  readonly isDirectory: boolean;
  readonly entries: readonly ContentEntry[];
  readonly emptyDirectories: readonly (readonly string[])[];
  readonly list?: FileList;
  readonly tree?: FileTree;
}

function contentOf(info: BencodeDictionary, format: TorrentFormat, name: string): TorrentContent {
  const list = format === 'v2' ? undefined : readFileList(info, name);
  const tree = format === 'v1' ? undefined : readFileTree(asDictionary(info.get('file tree'), 'info["file tree"]'));
  const extension = readExtension(info);
  const entries = (tree ?? (list as FileList)).entries;
  const emptyDirectories = [...extension.emptyDirectories, ...(tree?.emptyDirectories ?? [])];
  const isDirectory =
    list?.isDirectory ?? (extension.isDirectory || emptyDirectories.length > 0 || !isLoneFile(entries, name));
  if (!isDirectory && (emptyDirectories.length > 0 || extension.isDirectory)) {
    throw new MetainfoError('contradiction', 'info', 'is one file and has directories');
  }
  return { isDirectory, entries, emptyDirectories, list, tree };
}

/** BEP 52 has no other sign of a single file than that it bears the torrent's name and is alone. */
function isLoneFile(entries: readonly ContentEntry[], name: string): boolean {
  const [entry] = entries;
  return entries.length === 1 && entry?.symlinkPath === undefined && entry?.path.length === 1 && entry.path[0] === name;
}

/**
 * The two halves of a hybrid must describe the same files, or two clients would fetch different content under one name.
 * @throws MetainfoError
 */
function checkAgreement(list: readonly ContentEntry[], tree: readonly ContentEntry[], chunkSizeBytes: number): void {
  const where = 'info.files';
  let next = 0;
  let start = 0;
  for (const entry of list) {
    if (!entry.isPadding) {
      const twin = tree[next];
      next += 1;
      if (twin === undefined || !isSameEntry(entry, twin)) {
        throw new MetainfoError('hybrid_mismatch', where, `and "file tree" differ at file ${next}`);
      }
      if (entry.sizeBytes > 0 && start % chunkSizeBytes !== 0) {
        throw new MetainfoError('hybrid_mismatch', where, `does not begin file ${next} at a chunk border`);
      }
    } else if (entry.sizeBytes > paddingAfter(start, chunkSizeBytes)) {
      throw new MetainfoError('hybrid_mismatch', where, `has padding that no file needs before file ${next + 1}`);
    }
    start += entry.sizeBytes;
  }
  if (next !== tree.length) throw new MetainfoError('hybrid_mismatch', where, 'has fewer files than "file tree"');
}

function isSameEntry(a: ContentEntry, b: ContentEntry): boolean {
  return (
    a.sizeBytes === b.sizeBytes && isSamePath(a.path, b.path) && isSamePath(a.symlinkPath ?? [], b.symlinkPath ?? [])
  );
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function checkPaths({ entries, emptyDirectories }: TorrentContent): ContentTree {
  const tree = new ContentTree();
  for (const { path, symlinkPath, isPadding } of entries) {
    if (!isPadding) tree.add(path, symlinkPath === undefined ? 'file' : 'link');
  }
  for (const path of emptyDirectories) tree.add(path, 'directory');
  return tree;
}

function filesOf(entries: readonly ContentEntry[], tree: ContentTree): readonly ContentFile[] {
  const files = entries.map((entry): ContentFile => {
    const { sizeBytes, isExecutable, isPadding, piecesRoot, symlinkPath } = entry;
    // Nothing reads the path of padding; the one it came with was not checked.
    const path = isPadding ? ['.pad', String(sizeBytes)] : entry.path;
    const symlinkTarget = symlinkPath && readSymlink(tree, { path, target: symlinkPath });
    return { path, sizeBytes, isExecutable, isPadding, piecesRoot, symlinkTarget };
  });
  checkSymlinkLoops(
    files.flatMap(({ path, symlinkTarget: target }) => (target === undefined ? [] : [{ path, target }])),
  );
  return files;
}
