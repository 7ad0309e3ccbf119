import { randomBytes, randomInt } from 'node:crypto';
import { access } from 'node:fs/promises';
import { makeClusterKey } from '@panal/access';
import type { Random } from '@panal/runtime';
import { createClusterKeyFile } from '@panal/storage-fs';

/** The machine's generator: a key is a secret. */
const systemRandom: Random = { below: (bound) => randomInt(bound), bytes: (size) => randomBytes(size) };

/** Makes a cluster key, 0600. @throws ClusterKeyExistsError when anything is at `file`. */
export async function createKeyFile(file: string): Promise<void> {
  await createClusterKeyFile(file, makeClusterKey(systemRandom));
}

/** Makes a cluster key unless one is there. */
export async function ensureKeyFile(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) await createKeyFile(file);
}
