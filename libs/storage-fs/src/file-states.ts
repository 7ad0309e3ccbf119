import type { BigIntStats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import type { ContentFile, Metainfo } from '@panal/torrent';
import { forEachBounded } from './bounded-tasks.js';
import { contentFilePath } from './content-layout.js';
import { systemCodeOf } from './errors.js';
import { SCAN_STATS_IN_FLIGHT } from './limits.js';

/** What is wrong with one file, the worst first; `good` is nothing. */
export type FileState = 'missing' | 'wrong_kind' | 'unreadable' | 'wrong_size' | 'damaged' | 'wrong_mode' | 'good';

/** What can be told of every file without reading it; padding is `good`. */
export async function lookAtFiles(metainfo: Metainfo, path: string): Promise<FileState[]> {
  const states: FileState[] = metainfo.files.map(() => 'good');
  await forEachBounded(metainfo.files, SCAN_STATS_IN_FLIGHT, async (file, index) => {
    if (!file.isPadding) states[index] = await lookAt(file, contentFilePath(metainfo, path, file));
  });
  return states;
}

async function lookAt(file: ContentFile, path: string): Promise<FileState> {
  try {
    const stats = await lstat(path, { bigint: true });
    if (file.symlinkTarget === undefined) return compare(file, stats);
    const isSame = stats.isSymbolicLink() && (await readlink(path)) === file.symlinkTarget.join('/');
    return isSame ? 'good' : 'wrong_kind';
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable';
  }
}

function compare(file: ContentFile, stats: BigIntStats): FileState {
  if (!stats.isFile()) return 'wrong_kind';
  if (Number(stats.size) !== file.sizeBytes) return 'wrong_size';
  return ((stats.mode & 0o100n) !== 0n) === file.isExecutable ? 'good' : 'wrong_mode';
}
