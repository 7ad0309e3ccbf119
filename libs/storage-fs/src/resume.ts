import { lstat, rm } from 'node:fs/promises';
import { Bitfield, type ChunkGeometry, type Metainfo } from '@panal/torrent';
import { readStateFile } from './atomic-file.js';
import { forEachBounded } from './bounded-tasks.js';
import { contentFilePath } from './content-layout.js';
import { takeBack } from './content-placement.js';
import { verifyContent } from './content-verification.js';
import { systemCodeOf } from './errors.js';
import { decodeJournal, type JournalProblem, type JournalSubject } from './journal.js';
import { SCAN_STATS_IN_FLIGHT } from './limits.js';
import { exists } from './staging.js';
import type { StagingPaths } from './staging-names.js';

/** What was found of an earlier try. */
export type ResumeNote =
  /** Nothing was there. */
  | { readonly kind: 'fresh' }
  | { readonly kind: 'resumed'; readonly chunkCount: number }
  /** The content is at its target, and was read to see that all of it is there. */
  | { readonly kind: 'placed'; readonly chunkCount: number }
  /** Bytes were there and no journal that vouches for them: all chunks are fetched again. */
  | { readonly kind: 'started_over'; readonly reason: JournalProblem; readonly message: string }
  /** The journal names chunks whose files are gone or too short: these are fetched again. */
  | {
      readonly kind: 'data_missing';
      readonly chunkCount: number;
      readonly lostChunkCount: number;
      readonly message: string;
    };

export interface Resumption {
  readonly done: Bitfield;
  readonly note: ResumeNote;
}

/** Only the journal is believed, never bytes it does not name: after a crash they may be anything. */
export async function findResumption(
  metainfo: Metainfo,
  geometry: ChunkGeometry,
  paths: StagingPaths,
): Promise<Resumption> {
  const { chunkCount } = geometry;
  const named = await readJournal(paths.journal, { contentId: metainfo.contentId, chunkCount });
  if (typeof named === 'string') {
    const note: ResumeNote =
      named === 'missing' && !(await exists(paths.data))
        ? { kind: 'fresh' }
        : { kind: 'started_over', reason: named, message: MESSAGES[named] };
    return { done: new Bitfield(chunkCount), note };
  }
  const done = named.clone();
  await dropLostChunks(done, { metainfo, geometry, dataPath: paths.data });
  const lostChunkCount = named.count - done.count;
  if (lostChunkCount === 0) return { done, note: { kind: 'resumed', chunkCount: done.count } };
  const message = `${lostChunkCount} chunks that were on the disk are gone; they are fetched again.`;
  return { done, note: { kind: 'data_missing', chunkCount: done.count, lostChunkCount, message } };
}

/**
 * The process before moved the content to its target and ended before that was durable. After a crash of the machine its
 * bytes may be anything, so it is read; what is damaged is taken back, and only the bad chunks are fetched again.
 */
export async function resumePlaced(metainfo: Metainfo, paths: StagingPaths, signal?: AbortSignal): Promise<Resumption> {
  const { good, isGood } = await verifyContent(metainfo, paths.target, signal === undefined ? {} : { signal });
  if (isGood) return { done: good, note: { kind: 'placed', chunkCount: good.count } };
  await takeBack(paths);
  const lostChunkCount = good.size - good.count;
  const message = `${lostChunkCount} chunks did not survive the end of the process before; they are fetched again.`;
  return { done: good, note: { kind: 'data_missing', chunkCount: good.count, lostChunkCount, message } };
}

async function readJournal(path: string, subject: JournalSubject): Promise<Bitfield | JournalProblem> {
  try {
    const bytes = await readStateFile(path);
    return bytes === undefined ? 'missing' : decodeJournal(bytes, subject);
  } catch (error) {
    // A link, a folder, something endless: out of the way, for the next commit writes a file of this name.
    if (!['ELOOP', 'EINVAL'].includes(systemCodeOf(error) ?? '')) throw error;
    await rm(path, { recursive: true, force: true });
    return 'corrupt';
  }
}

const MESSAGES: Readonly<Record<JournalProblem, string>> = {
  missing: 'An earlier try left bytes and no journal that vouches for them; every chunk is fetched again.',
  corrupt: 'The journal of the earlier try is damaged; every chunk is fetched again.',
  newer: 'The journal was written by a newer Panal; every chunk is fetched again.',
  foreign: 'The journal is of another content; every chunk is fetched again.',
};

/** Takes out of `done` what a file is too short to hold: someone removed or cut it. */
async function dropLostChunks(
  done: Bitfield,
  { metainfo, geometry, dataPath }: { metainfo: Metainfo; geometry: ChunkGeometry; dataPath: string },
): Promise<void> {
  if (done.count === 0) return;
  await forEachBounded(metainfo.files, SCAN_STATS_IN_FLIGHT, async (file, fileIndex) => {
    if (file.isPadding || file.symlinkTarget !== undefined || file.sizeBytes === 0) return;
    const { first, count } = geometry.chunksOf(fileIndex);
    const actualSizeBytes = await regularSize(contentFilePath(metainfo, dataPath, file));
    if (actualSizeBytes >= file.sizeBytes) return;
    const fileStart = geometry.fileStart(fileIndex);
    for (let chunk = first; chunk < first + count; chunk += 1) {
      const chunkEnd = geometry.chunkStart(chunk) + geometry.chunkSize(chunk) - fileStart;
      if (Math.min(chunkEnd, file.sizeBytes) > actualSizeBytes) done.remove(chunk);
    }
  });
}

/** 0 for what is no regular file: it holds nothing of ours. */
async function regularSize(path: string): Promise<number> {
  try {
    const stats = await lstat(path);
    return stats.isFile() ? stats.size : 0;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return 0;
    throw error;
  }
}
