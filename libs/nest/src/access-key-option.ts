import type { AccessKey, ClusterKeyring } from '@panal/access';
import { ClusterKeyMissingError, readKeyFile } from '@panal/storage-fs';
import { ClientKeyMisplacedError, ClusterNameMismatchError, KeyFileMissingError } from './errors.js';

/** Where the key of a server is. */
export interface KeySource {
  /** Undefined when nobody said where it is. */
  readonly keyFile: string | undefined;
  /** The key itself, from the environment; it comes before the file. */
  readonly key?: AccessKey | undefined;
}

/** The key a server was given, of the cluster or of a client. @throws KeyFileMissingError, and what `readKeyFile` of storage-fs throws */
export async function accessKeyFrom({ keyFile, key }: KeySource): Promise<AccessKey> {
  if (key !== undefined) return key;
  if (keyFile === undefined) throw new KeyFileMissingError(undefined);
  try {
    return await readKeyFile(keyFile);
  } catch (error) {
    throw error instanceof ClusterKeyMissingError ? new KeyFileMissingError(keyFile, error) : error;
  }
}

/** The same, for a server that needs the cluster's own. @throws ClientKeyMisplacedError besides */
export async function clusterKeyringFrom(source: KeySource): Promise<ClusterKeyring> {
  const read = await accessKeyFrom(source);
  if (read.kind === 'client') throw new ClientKeyMisplacedError(read.key.name);
  return read.ring;
}

/** The cluster a key is for: a client's key says it, and need not be told. @throws ClusterNameMismatchError */
export function clusterNameFor(key: AccessKey, given: string, usual: string): string {
  if (key.kind === 'cluster') return given;
  const { cluster } = key.key;
  if (given !== usual && given !== cluster) throw new ClusterNameMismatchError(given, cluster);
  return cluster;
}
