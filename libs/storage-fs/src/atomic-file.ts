import { constants, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from './errors.js';
import { syncFolder } from './folders.js';
import { STATE_FILE_SIZE_BYTES_MAX } from './limits.js';

export const TEMPORARY_SUFFIX = '.tmp';

/**
 * Replaces a file so that a reader, and a machine that loses power, sees the old bytes or the new ones, never a mix.
 * One writer per path at a time: the caller holds the lock of the folder.
 */
export async function replaceFile(path: string, bytes: Uint8Array, modeBits = 0o644): Promise<void> {
  const temporaryPath = path + TEMPORARY_SUFFIX;
  try {
    await writeNewFile(temporaryPath, bytes, modeBits);
    await rename(temporaryPath, path);
  } catch (error) {
    await rm(temporaryPath, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Reads a small file of ours. `undefined` when it is not there. A link is followed only on request, and what is no
 * regular file, or too big to be ours, counts as unreadable.
 */
export async function readStateFile(
  path: string,
  { followsLinks = false }: { followsLinks?: boolean } = {},
): Promise<Buffer | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | (followsLinks ? 0 : constants.O_NOFOLLOW));
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > STATE_FILE_SIZE_BYTES_MAX) throw notAFile(path);
    return await handle.readFile();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  } finally {
    await handle?.close();
  }
}

async function writeNewFile(path: string, bytes: Uint8Array, modeBits: number): Promise<void> {
  // Removed first, never truncated: whatever an attacker or a crash left under this name (a link, a file with a
  // wider mode) is not written through.
  await rm(path, { force: true });
  const handle = await open(path, 'wx', modeBits);
  try {
    await handle.writeFile(bytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function notAFile(path: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`EINVAL: not a regular file of Panal, read '${path}'`);
  return Object.assign(error, { code: 'EINVAL', syscall: 'read', path });
}
