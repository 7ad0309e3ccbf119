import { link, open, realpath, rm, stat } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { type AccessKey, type ClusterKeyring, parseAccessKey } from '@panal/access';
import { PanalError } from '@panal/runtime';
import { readStateFile, replaceFile } from './atomic-file.js';
import {
  ClusterKeyExistsError,
  ClusterKeyMissingError,
  ClusterKeyUnreadableError,
  KeyFileExposedError,
} from './data-folder-errors.js';
import { systemCodeOf } from './errors.js';
import { makeFolders, syncFolder } from './folders.js';

/** Where Docker shows secrets to a container: readable by all that runs in it, by Docker's own decision. */
const SECRETS_FOLDER = '/run/secrets';

const MODE = 0o600;

/**
 * The key in the file at `path`, of a cluster or a client. One that others than its owner can read is refused, unless it is a
 * secret of Docker.
 * @param secretsFolder Where modes do not matter; another one in tests.
 * @throws ClusterKeyMissingError, ClusterKeyUnreadableError, KeyFileExposedError
 */
export async function readKeyFile(path: string, secretsFolder = SECRETS_FOLDER): Promise<AccessKey> {
  const bytes = await readStateFile(path, { followsLinks: true }).catch((error: unknown) => {
    throw new ClusterKeyUnreadableError(path, systemCodeOf(error) ?? 'unknown error', error);
  });
  if (bytes === undefined) throw new ClusterKeyMissingError(path);
  await checkMode(path, secretsFolder);
  try {
    return parseAccessKey(bytes.toString('utf8'));
  } catch (error) {
    throw new ClusterKeyUnreadableError(
      path,
      error instanceof PanalError ? lowerFirst(error.message) : 'not a key',
      error,
    );
  }
}

/** The keys of a cluster. @throws As `readKeyFile`; ClusterKeyUnreadableError when it is the key of a client */
export async function readClusterKeyFile(path: string): Promise<ClusterKeyring> {
  const read = await readKeyFile(path);
  if (read.kind === 'cluster') return read.ring;
  throw new ClusterKeyUnreadableError(path, 'it is the key of a client, which says nothing of the cluster', undefined);
}

/**
 * Writes a key to a new file (0600), whole or not at all; folders above it are made (0700).
 * @throws ClusterKeyExistsError when there is anything at `path`.
 */
export async function createKeyFile(path: string, text: string): Promise<void> {
  await makeFolders(dirname(path), 0o700);
  const draftPath = `${path}.${process.pid}.tmp`;
  await rm(draftPath, { force: true });
  const handle = await open(draftPath, 'wx', MODE);
  try {
    await handle.writeFile(text.endsWith('\n') ? text : `${text}\n`);
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

/** Replaces the key in a file by another: during a rotation. A link is followed, so that it goes on meaning the same file. */
export async function replaceKeyFile(path: string, text: string): Promise<void> {
  await replaceFile(await realpath(path), Buffer.from(text.endsWith('\n') ? text : `${text}\n`), MODE);
}

async function checkMode(path: string, secretsFolder: string): Promise<void> {
  // Windows has no such bits and reports them all set.
  if (process.platform === 'win32') return;
  const real = await realpath(path);
  if (real.startsWith(secretsFolder + sep)) return;
  const { mode } = await stat(real);
  if ((mode & 0o077) !== 0) throw new KeyFileExposedError(path, mode & 0o777);
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');
}
