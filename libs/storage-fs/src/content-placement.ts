import { link, lstat, rename, rm, unlink } from 'node:fs/promises';
import { replaceFile } from './atomic-file.js';
import { systemCodeOf, TargetExistsError } from './errors.js';
import { syncFolder } from './folders.js';
import { exists } from './staging.js';
import type { StagingPaths } from './staging-names.js';

export interface Placement {
  readonly paths: StagingPaths;
  readonly isDirectory: boolean;
  /** Whether something else at the target is replaced. */
  readonly isForced: boolean;
}

/**
 * Moves whole content to its target. At every moment the target is absent, the old thing or the new one whole; a folder
 * cannot be replaced in one step, so there is an instant of absence, which the next start after a crash ends. Neither
 * the move nor the bytes are synced: `settlePlacement` does that, and until it has, `placed` tells the next start.
 * @throws TargetExistsError
 */
export async function placeContent(placement: Placement): Promise<void> {
  const { paths, isForced } = placement;
  const { data, target } = paths;
  const existing = await kindOf(target);
  if (existing !== undefined && !isForced) throw new TargetExistsError(target);
  // Durable before the rename, and with the folders it is found by: a placed content without its marker would be taken
  // for somebody else's. Measured at 1 to 2 ms, also with a gigabyte of the content not synced yet.
  await replaceFile(paths.placed, Buffer.alloc(0), 0o600);
  await syncFolder(paths.parent);
  await syncFolder(paths.directory);
  if (existing === undefined) await placeNew(placement);
  else if (existing === 'other' && !placement.isDirectory) await rename(data, target);
  else await replaceByMoving(paths);
}

/** Makes the move durable; then what it replaced may go. */
export async function settlePlacement({ directory, dataFolder, replaced }: StagingPaths): Promise<void> {
  await syncFolder(directory);
  await syncFolder(dataFolder);
  await rm(replaced, { recursive: true, force: true });
}

/**
 * Whether an earlier process moved the content to its target and did not live to sync it. A single file that it had
 * linked to its target and not yet unlinked in staging is there as well.
 */
export async function isPlaced({ placed, data, target }: StagingPaths): Promise<boolean> {
  if (!(await exists(placed)) || !(await exists(target))) return false;
  return !(await exists(data)) || (await isSameFile(data, target));
}

/** Takes content that turned out to be damaged back from the target, to be mended. */
export async function takeBack({ placed, data, target }: StagingPaths): Promise<void> {
  // A second name of the same file: a rename onto it would do nothing and leave both.
  await rm(data, { force: true });
  await rename(target, data);
  await rm(placed, { force: true });
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

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = [await lstat(one, { bigint: true }), await lstat(other, { bigint: true })];
  return a.isFile() && a.ino === b.ino && a.dev === b.dev;
}

async function kindOf(path: string): Promise<'directory' | 'other' | undefined> {
  try {
    return (await lstat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
