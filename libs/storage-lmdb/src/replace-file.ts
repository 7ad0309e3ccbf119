import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A reader, and a machine that loses power, finds the old text or the new one. One writer at a time.
 * @throws The error of the system.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporaryPath = `${path}.tmp`;
  try {
    await withFile(temporaryPath, 'w', async (file) => {
      await file.writeFile(text);
      await file.datasync();
    });
    await rename(temporaryPath, path);
  } catch (error) {
    await rm(temporaryPath, { force: true }).catch(() => undefined);
    throw error;
  }
  await withFile(dirname(path), 'r', syncFolder);
}

async function withFile(path: string, mode: string, task: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, mode, 0o600);
  try {
    await task(file);
  } finally {
    await file.close();
  }
}

/** Some file systems cannot sync a folder and need not: they say so. */
async function syncFolder(folder: FileHandle): Promise<void> {
  try {
    await folder.sync();
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EBADF') throw error;
  }
}
