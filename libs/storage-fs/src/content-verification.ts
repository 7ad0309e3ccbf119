import { Bitfield, ChunkGeometry, createChunkVerifier, type Metainfo } from '@panal/torrent';
import { readBlocks } from './block-reader.js';
import { type FileState, lookAtFiles } from './file-states.js';
import { readAhead } from './read-ahead.js';
import type { ContentProgress } from './share-content.js';

export interface FileVerification {
  readonly path: readonly string[];
  readonly state: FileState;
  /** Chunks with bytes of this file that are not as they should be. */
  readonly badChunkCount: number;
}

export interface ContentVerification {
  /** The chunks that are right, byte for byte. */
  readonly good: Bitfield;
  /** Every file and link of the torrent in its order, padding left out. */
  readonly files: readonly FileVerification[];
  /** Every chunk, size and link is right. A different executable bit does not count. */
  readonly isGood: boolean;
}

export interface VerifyOptions {
  /** Called after each block (at most 1 MiB); must be quick. */
  readonly onProgress?: (progress: ContentProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads what is at `path` (file or directory) and compares it with the torrent, chunk by chunk, one block read ahead.
 * Missing, closed and damaged files are findings, not errors. Files the torrent does not know are not looked at.
 */
export async function verifyContent(
  metainfo: Metainfo,
  path: string,
  { onProgress, signal }: VerifyOptions = {},
): Promise<ContentVerification> {
  const geometry = new ChunkGeometry(metainfo);
  const states = await lookAtFiles(metainfo, path);
  const good = new Bitfield(geometry.chunkCount);
  const totalBytes = geometry.contentSizeBytes;
  let doneBytes = 0;
  let verifier: ReturnType<typeof createChunkVerifier> | undefined;
  for await (const { chunk, begin, lengthBytes, bytes } of readAhead(
    readBlocks({ metainfo, geometry, path, states }),
  )) {
    signal?.throwIfAborted();
    if (begin === 0) verifier = createChunkVerifier(metainfo, geometry, chunk);
    if (bytes === undefined) verifier = undefined;
    else await verifier?.addBlock(begin, bytes);
    const isEnd = begin + lengthBytes === geometry.chunkSize(chunk);
    if (isEnd && verifier?.isValid() === true) good.add(chunk);
    doneBytes += lengthBytes;
    onProgress?.({ doneBytes, totalBytes });
  }
  const files = findingsOf(metainfo, { geometry, states, good });
  return { good, files, isGood: files.every(({ state }) => state === 'good' || state === 'wrong_mode') };
}

function findingsOf(
  metainfo: Metainfo,
  { geometry, states, good }: { geometry: ChunkGeometry; states: readonly FileState[]; good: Bitfield },
): readonly FileVerification[] {
  const findings: FileVerification[] = [];
  for (const [index, file] of metainfo.files.entries()) {
    if (file.isPadding) continue;
    const { first, count } = geometry.chunksOf(index);
    let badChunkCount = 0;
    for (let chunk = first; chunk < first + count; chunk += 1) if (!good.has(chunk)) badChunkCount += 1;
    const looked = states[index] ?? 'missing';
    const isDamaged = badChunkCount > 0 && (looked === 'good' || looked === 'wrong_mode');
    findings.push({ path: file.path, state: isDamaged ? 'damaged' : looked, badChunkCount });
  }
  return findings;
}
