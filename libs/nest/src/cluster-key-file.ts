import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ClusterKey, parseClusterKey } from '@panal/access';
import { type Logger, PanalError } from '@panal/runtime';
import { KeyFileMissingError, KeyFileUnreadableError } from './errors.js';
import { KEY_FILE_SIZE_MAX } from './limits.js';

/**
 * The cluster's key. A file that others can read is used with a warning: Docker mounts secrets that way.
 * @param file Undefined when nobody said where it is.
 * @throws KeyFileMissingError, KeyFileUnreadableError
 */
export async function readClusterKeyFile(file: string | undefined, logger: Logger): Promise<ClusterKey> {
  if (file === undefined) throw new KeyFileMissingError(undefined);
  const handle = await openKeyFile(file);
  try {
    const { mode, size } = await handle.stat();
    if (size > KEY_FILE_SIZE_MAX) throw new KeyFileUnreadableError(file, `${size} bytes are too many for a key`);
    const text = await handle.readFile('utf8');
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      logger.warn('Other users can read or change the cluster key', {
        file,
        mode: `0${(mode & 0o777).toString(8)}`,
        action: `chmod 600 ${file}`,
      });
    }
    return parseClusterKey(text);
  } catch (error) {
    if (error instanceof KeyFileUnreadableError) throw error;
    // The text of the file stays out of every message.
    throw new KeyFileUnreadableError(file, error instanceof PanalError ? error.message : reasonOf(error), error);
  } finally {
    await handle.close();
  }
}

async function openKeyFile(file: string): Promise<FileHandle> {
  try {
    // Not blocking: a named pipe in place of the file would hold the start forever.
    return await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new KeyFileMissingError(file);
    throw new KeyFileUnreadableError(file, reasonOf(error), error);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a directory';
  return message;
}
