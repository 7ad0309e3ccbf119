import { stat } from 'node:fs/promises';
import type { ClusterKey } from '@panal/access';
import type { Logger } from '@panal/runtime';
import { ClusterKeyMissingError, readClusterKeyFile } from '@panal/storage-fs';
import { KeyFileMissingError } from './errors.js';

/**
 * The cluster's key for a server. A file that others can read is used all the same, with a warning: Docker mounts
 * secrets that way.
 * @param file Undefined when nobody said where it is.
 * @throws KeyFileMissingError, ClusterKeyUnreadableError (of storage-fs)
 */
export async function clusterKeyFrom(file: string | undefined, logger: Logger): Promise<ClusterKey> {
  if (file === undefined) throw new KeyFileMissingError(undefined);
  try {
    const key = await readClusterKeyFile(file);
    await warnIfOpen(file, logger);
    return key;
  } catch (error) {
    throw error instanceof ClusterKeyMissingError ? new KeyFileMissingError(file, error) : error;
  }
}

async function warnIfOpen(file: string, logger: Logger): Promise<void> {
  // Windows has no such bits and reports them all set.
  if (process.platform === 'win32') return;
  const { mode } = await stat(file);
  if ((mode & 0o077) === 0) return;
  logger.warn('Other users can reach the cluster key', {
    file,
    mode: `0${(mode & 0o777).toString(8)}`,
    action: `chmod 600 ${file}`,
  });
}
