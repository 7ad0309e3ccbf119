import { CLIENT_KEY_PREFIX, type ClientKey, parseClientKey } from './client-key.js';
import { type ClusterKeyring, parseClusterKeyring } from './cluster-keyring.js';

/** What a key file holds: the keys of a cluster, or the key of one client. */
export type AccessKey =
  | { readonly kind: 'cluster'; readonly ring: ClusterKeyring }
  | { readonly kind: 'client'; readonly key: ClientKey };

/** Reads the text of a key file of either kind. @throws ClusterKeyError, ClientKeyError; none of the text is in their messages */
export function parseAccessKey(text: string): AccessKey {
  if (text.trimStart().startsWith(CLIENT_KEY_PREFIX)) return { kind: 'client', key: parseClientKey(text) };
  return { kind: 'cluster', ring: parseClusterKeyring(text) };
}
