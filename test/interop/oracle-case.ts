import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  ChunkGeometry,
  comparePaths,
  createChunkVerifier,
  createTorrent,
  FileHasher,
  type HashedFile,
  type Metainfo,
  PieceHasher,
  padsFiles,
  type TorrentFormat,
} from '@panal/torrent';

/** One file or link of a case; content is SHAKE-256 of `seed`, so that TypeScript and Python make the same. */
export interface CaseFile {
  readonly path: readonly string[];
  readonly sizeBytes?: number;
  readonly seed?: string;
  readonly isExecutable?: boolean;
  readonly link?: string;
}

export interface InfoHashes {
  readonly infoHashV1?: string;
  readonly infoHashV2?: string;
}

export interface OracleCase {
  readonly title: string;
  readonly name: string;
  readonly isDirectory: boolean;
  readonly chunkSizeBytes: number;
  readonly files: readonly CaseFile[];
  readonly emptyDirectories?: readonly (readonly string[])[];
}

export const FORMATS: readonly TorrentFormat[] = ['v1', 'v2', 'hybrid'];

/** The cases with the infohashes libtorrent 2.0.8 gave them; `libtorrent-oracle.py --write` renews those. */
export function storedCases(): readonly (OracleCase & {
  readonly infoHashes: Readonly<Record<TorrentFormat, InfoHashes>>;
})[] {
  return JSON.parse(readFileSync(new URL('oracle-cases.json', import.meta.url), 'utf8'));
}

export function contentOf({ sizeBytes = 0, seed = '' }: CaseFile): Buffer {
  return sizeBytes === 0
    ? Buffer.alloc(0)
    : createHash('shake256', { outputLength: sizeBytes }).update(seed, 'utf8').digest();
}

/** The torrent Panal makes of a case, without a disk. */
export function makeTorrent(oracleCase: OracleCase, format: TorrentFormat): Metainfo {
  const { chunkSizeBytes, isDirectory } = oracleCase;
  const pieceHasher = new PieceHasher({ chunkSizeBytes });
  const files = [...oracleCase.files]
    .sort((a, b) => comparePaths(a.path, b.path))
    .map((file): HashedFile => {
      const { path, isExecutable = false, link } = file;
      if (link !== undefined) return { path, sizeBytes: 0, isExecutable, symlinkTarget: link.split('/') };
      const content = contentOf(file);
      const fileHasher = new FileHasher({ sizeBytes: content.length, chunkSizeBytes });
      fileHasher.push(content);
      pieceHasher.push(content);
      if (padsFiles(format, oracleCase.files.length)) pieceHasher.pad();
      return { path, sizeBytes: content.length, isExecutable, ...fileHasher.finish() };
    });
  const { name, emptyDirectories } = oracleCase;
  return createTorrent({
    name,
    isDirectory,
    chunkSizeBytes,
    format,
    files,
    emptyDirectories,
    pieces: pieceHasher.finish(),
  });
}

export function infoHashesOf({ infoHashV1, infoHashV2 }: Metainfo): InfoHashes {
  return {
    ...(infoHashV1 && { infoHashV1: infoHashV1.toString('hex') }),
    ...(infoHashV2 && { infoHashV2: infoHashV2.toString('hex') }),
  };
}

/** The chunks of `metainfo` whose bytes, taken from `content` (all files end to end), are not what the torrent says. */
export function badChunks(metainfo: Metainfo, content: Buffer): number[] {
  const geometry = new ChunkGeometry(metainfo);
  const bad: number[] = [];
  for (let chunk = 0; chunk < geometry.chunkCount; chunk += 1) {
    const start = geometry.chunkStart(chunk);
    const bytes = content.subarray(start, start + geometry.chunkSize(chunk));
    const verifier = createChunkVerifier(metainfo, geometry, chunk);
    for (let begin = 0; begin < bytes.length; begin += geometry.blockSizeBytes) {
      void verifier.addBlock(begin, bytes.subarray(begin, begin + geometry.blockSizeBytes));
    }
    if (!verifier.isValid()) bad.push(chunk);
  }
  return bad;
}
