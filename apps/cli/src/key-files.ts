import { randomBytes, randomInt } from 'node:crypto';
import { access } from 'node:fs/promises';
import { makeClusterKeyring } from '@panal/access';
import type { Random } from '@panal/runtime';
import { createKeyFile } from '@panal/storage-fs';

/** The machine's generator: a key is a secret. */
export const systemRandom: Random = { below: (bound) => randomInt(bound), bytes: (size) => randomBytes(size) };

/** Makes the keys of a new cluster, 0600. @throws ClusterKeyExistsError when anything is at `file`. */
export async function createClusterKeyFile(file: string): Promise<void> {
  await createKeyFile(file, makeClusterKeyring(systemRandom).format());
}

/** Makes the keys of a cluster unless they are there. */
export async function ensureClusterKeyFile(file: string): Promise<void> {
  if (!(await exists(file))) await createClusterKeyFile(file);
}

export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
