import { formatClientKey } from '@panal/access';
import { parseAddress } from '@panal/runtime';
import { createKeyFile, readClusterKeyFile, readKeyFile } from '@panal/storage-fs';
import { exists } from '../key-files.js';
import { isNameTaken, KeyConsole, type KeyGrant } from '../keys/key-console.js';
import { TrackerConsole } from '../trackers/tracker-console.js';

export interface PeerKeysOptions {
  readonly keyFile: string;
  readonly cluster: string;
  /** `HOST:PORT` of trackers that run. */
  readonly trackers: readonly string[];
  readonly peers: readonly { readonly name: string; readonly file: string }[];
}

/** Makes a client key for each peer that has none, and lets the trackers know all of them: their folders may be new. */
export async function ensurePeerKeys({ keyFile, cluster, trackers, peers }: PeerKeysOptions): Promise<void> {
  const key = { kind: 'cluster', ring: await readClusterKeyFile(keyFile) } as const;
  const addresses = trackers.map((address) => parseAddress(address));
  const keys = new KeyConsole(new TrackerConsole(addresses, key, cluster));
  for (const { name, file } of peers) await ensurePeerKey(keys, name, file);
}

async function ensurePeerKey(keys: KeyConsole, name: string, file: string): Promise<void> {
  const grant: KeyGrant = { name, role: 'peer', namespaces: ['default'] };
  const known = (await exists(file)) ? await readKeyFile(file) : undefined;
  const key = known?.kind === 'client' ? known.key : keys.make(name);
  try {
    await keys.register(key, grant);
  } catch (error) {
    // The file was lost and the trackers remember its key: nobody has that any more.
    if (!isNameTaken(error)) throw error;
    for (const { id } of await keys.find(name)) await keys.revoke(id);
    await keys.register(key, grant);
  }
  if (known === undefined) await createKeyFile(file, formatClientKey(key));
}
