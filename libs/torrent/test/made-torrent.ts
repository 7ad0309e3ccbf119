import {
  BencodeDictionary,
  type BencodeValue,
  ChunkGeometry,
  comparePaths,
  createTorrent,
  decodeBencode,
  encodeBencode,
  FileHasher,
  type HashedFile,
  type Metainfo,
  PieceHasher,
  padsFiles,
  type TorrentFormat,
} from '../src/index.js';

export const KIB = 1024;

/** Content of a made torrent: a path to its bytes, or to the text of a link. */
export type MadeContent = Readonly<Record<string, Buffer | string>>;

export interface MadeOptions {
  readonly format?: TorrentFormat;
  readonly chunkSizeBytes?: number;
  readonly name?: string;
  readonly isDirectory?: boolean;
  readonly emptyDirectories?: readonly (readonly string[])[];
}

/** A torrent of `content`, really hashed. */
export function makeTorrent(content: MadeContent, options: MadeOptions = {}): Metainfo {
  const { format = 'v2', chunkSizeBytes = 16 * KIB, name = 'made', isDirectory = true, emptyDirectories } = options;
  const entries = Object.entries(content).map(([text, value]) => ({ path: text.split('/'), value }));
  entries.sort((a, b) => comparePaths(a.path, b.path));
  const pieceHasher = new PieceHasher({ chunkSizeBytes });
  const files = entries.map(({ path, value }): HashedFile => {
    if (typeof value === 'string') {
      return { path, sizeBytes: 0, isExecutable: false, symlinkTarget: value.split('/') };
    }
    const hasher = new FileHasher({ sizeBytes: value.length, chunkSizeBytes });
    hasher.push(value);
    pieceHasher.push(value);
    if (padsFiles(format, entries.length)) pieceHasher.pad();
    return { path, sizeBytes: value.length, isExecutable: false, ...hasher.finish() };
  });
  const pieces = pieceHasher.finish();
  return createTorrent({ name, isDirectory, chunkSizeBytes, format, files, emptyDirectories, pieces });
}

/** All of a made torrent's files end to end, as its chunks see them. */
export function contentBytes(content: MadeContent): Buffer {
  const entries = Object.entries(content).sort(([a], [b]) => comparePaths(a.split('/'), b.split('/')));
  return Buffer.concat(entries.map(([, value]) => (typeof value === 'string' ? Buffer.alloc(0) : value)));
}

/** The bytes of each chunk. */
export function chunksOf(metainfo: Metainfo, content: Buffer): Buffer[] {
  const geometry = new ChunkGeometry(metainfo);
  return Array.from({ length: geometry.chunkCount }, (_, chunk) =>
    content.subarray(geometry.chunkStart(chunk), geometry.chunkStart(chunk) + geometry.chunkSize(chunk)),
  );
}

/** Not random, but different for every seed and nowhere repeating soon. */
export function bytesOf(seed: number, sizeBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let state = (seed + 1) * 2654435761;
  for (let at = 0; at < sizeBytes; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Plain JavaScript for bencode: strings become bytes (each character one), objects dictionaries. A ready dictionary stays. */
export type Loose =
  | BencodeDictionary
  | number
  | bigint
  | string
  | Buffer
  | readonly Loose[]
  | { readonly [key: string]: Loose | undefined };

export function bencodeOf(value: Loose): BencodeValue {
  if (value instanceof BencodeDictionary) return value;
  if (typeof value === 'string') return Buffer.from(value, 'latin1');
  if (typeof value === 'number' || typeof value === 'bigint' || Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return (value as readonly Loose[]).map(bencodeOf);
  return BencodeDictionary.of(
    Object.entries(value as Readonly<Record<string, Loose | undefined>>).flatMap(
      ([key, entry]): [string, BencodeValue][] => (entry === undefined ? [] : [[key, bencodeOf(entry)]]),
    ),
  );
}

/** The torrent file, with other fields of `info` (undefined: without it) and beside it. */
export function withFields(
  metainfo: Metainfo,
  info: Readonly<Record<string, Loose | undefined>>,
  beside: Readonly<Record<string, Loose | undefined>> = {},
): Buffer {
  const root = decodeBencode(metainfo.bytes) as BencodeDictionary;
  const changedInfo = changed(root.get('info') as BencodeDictionary, info);
  return encodeBencode(changed(changed(root, beside), {}, [['info', changedInfo]]));
}

function changed(
  dictionary: BencodeDictionary,
  fields: Readonly<Record<string, Loose | undefined>>,
  values: readonly (readonly [string, BencodeValue])[] = [],
): BencodeDictionary {
  const entries = new Map<string, BencodeValue | undefined>(dictionary.entries());
  for (const [key, value] of Object.entries(fields))
    entries.set(key, value === undefined ? undefined : bencodeOf(value));
  for (const [key, value] of values) entries.set(key, value);
  return BencodeDictionary.of(entries);
}
