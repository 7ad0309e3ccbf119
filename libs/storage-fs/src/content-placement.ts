import { link, lstat, rename, rm, unlink } from 'node:fs/promises';
import { systemCodeOf, TargetExistsError } from './errors.js';
import { syncFolder } from './folders.js';
import type { StagingPaths } from './staging-names.js';

export interface Placement {
  readonly paths: StagingPaths;
  readonly isDirectory: boolean;
  /** Whether something else at the target is replaced. */
  readonly isForced: boolean;
}

/**
 * Moves whole, synced content to its target. At every moment the target is absent, the old thing or the new one whole;
 * a folder cannot be replaced in one step, so there is an instant of absence, which the next start after a crash ends.
 * @throws TargetExistsError
 */
export async function placeContent(placement: Placement): Promise<void> {
  const { paths, isForced } = placement;
  const { directory, data, target, replaced, dataFolder } = paths;
  const existing = await kindOf(target);
  if (existing === undefined) await placeNew(placement);
  else if (!isForced) throw new TargetExistsError(target);
  else if (existing === 'other' && !placement.isDirectory) await rename(data, target);
  else await replaceByMoving(paths);
  await syncFolder(directory);
  await syncFolder(dataFolder);
  await rm(replaced, { recursive: true, force: true });
}

async function placeNew({ paths: { data, target }, isDirectory, isForced }: Placement): Promise<void> {
  if (isDirectory || isForced) return rename(data, target);
  try {
    // Unlike rename, link refuses a name that was taken since we looked.
    await link(data, target);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') throw new TargetExistsError(target);
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(systemCodeOf(error) ?? '')) throw error;
    return rename(data, target);
  }
  await unlink(data);
}

async function replaceByMoving({ data, target, replaced }: StagingPaths): Promise<void> {
  await rm(replaced, { recursive: true, force: true });
  await rename(target, replaced);
  try {
    await rename(data, target);
  } catch (error) {
    await rename(replaced, target);
    throw error;
  }
}

async function kindOf(path: string): Promise<'directory' | 'other' | undefined> {
  try {
    return (await lstat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
