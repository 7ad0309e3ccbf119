import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ClusterKey, formatClusterKey, parseClusterKey } from '@panal/access';
import { PanalError } from '@panal/runtime';
import { readStateFile } from './atomic-file.js';
import { ClusterKeyExistsError, ClusterKeyMissingError, ClusterKeyUnreadableError } from './data-folder-errors.js';
import { systemCodeOf } from './errors.js';
import { makeFolders, syncFolder } from './folders.js';

/**
 * The key in the file at `path`. A wider mode than 0600 is accepted: secrets mounted into containers have one.
 * @throws ClusterKeyMissingError, ClusterKeyUnreadableError
 */
export async function readClusterKeyFile(path: string): Promise<ClusterKey> {
  const bytes = await readStateFile(path, { followsLinks: true }).catch((error: unknown) => {
    throw new ClusterKeyUnreadableError(path, systemCodeOf(error) ?? 'unknown error', error);
  });
  if (bytes === undefined) throw new ClusterKeyMissingError(path);
  try {
    return parseClusterKey(bytes.toString('utf8'));
  } catch (error) {
    throw new ClusterKeyUnreadableError(
      path,
      error instanceof PanalError ? lowerFirst(error.message) : 'not a key',
      error,
    );
  }
}

/**
 * Writes `key` to a new file (0600), whole or not at all; folders above it are made (0700).
 * @throws ClusterKeyExistsError when there is anything at `path`.
 */
export async function createClusterKeyFile(path: string, key: ClusterKey): Promise<void> {
  await makeFolders(dirname(path), 0o700);
  const draftPath = `${path}.${process.pid}.tmp`;
  await rm(draftPath, { force: true });
  const handle = await open(draftPath, 'wx', 0o600);
  try {
    await handle.writeFile(`${formatClusterKey(key)}\n`);
    await handle.sync();
    await handle.close();
    // Two processes may make a key at once: link, unlike rename, lets the first one win.
    await link(draftPath, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw systemCodeOf(error) === 'EEXIST' ? new ClusterKeyExistsError(path) : error;
  } finally {
    await handle.close();
    await rm(draftPath, { force: true });
  }
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');
}
