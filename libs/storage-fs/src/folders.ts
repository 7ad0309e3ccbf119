import { constants, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from './errors.js';

/**
 * Makes a folder and those above it; existing ones, and links to folders, are fine. Node's own recursive `mkdir` says
 * ENOENT on a read-only disk, which sends people looking for the wrong thing.
 * @throws The error of the system for the folder that could not be made: EROFS, EACCES, ENOTDIR, ENOSPC, ...
 */
export async function makeFolders(path: string, modeBits = 0o777): Promise<void> {
  if (await isFolder(path)) return;
  try {
    await mkdir(path, { mode: modeBits });
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'EEXIST' && (await isFolder(path))) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    // With its parent there, what is said now is the reason: below /proc, for one, it is ENOENT again.
    await makeFolders(dirname(path), modeBits);
    await mkdir(path, { mode: modeBits }).catch(async (again: unknown) => {
      if (systemCodeOf(again) !== 'EEXIST' || !(await isFolder(path))) throw again;
    });
  }
}

/** Makes the names in a folder durable. Some file systems cannot sync a folder and need not: they say EINVAL. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes(systemCodeOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
