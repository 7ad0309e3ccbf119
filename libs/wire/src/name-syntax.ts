import { IDENTIFIER_SIZE_MAX, TORRENT_NAME_SIZE_MAX } from './limits.js';

const IDENTIFIER = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const NAMESPACE = /^[a-z0-9][a-z0-9._-]*$/;
const TORRENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/;
const CONTENT_ID = /^(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$/;

/** The namespace of everything until rights are enforced. */
export const DEFAULT_NAMESPACE = 'default';

/** Name of a peer, tracker, client or cluster: 1 to 64 of letters, digits, `.`, `_`, `-`; starts with a letter or digit. */
export function isNodeName(text: string): boolean {
  return text.length <= IDENTIFIER_SIZE_MAX && IDENTIFIER.test(text);
}

/** Namespace: as a node name, in lower case, so that two never differ by case alone. */
export function isNamespace(text: string): boolean {
  return text.length <= IDENTIFIER_SIZE_MAX && NAMESPACE.test(text);
}

/**
 * Name of a torrent within its namespace, such as `llm:v3`: 1 to 128 of letters, digits and `._/:@-`, starting with a letter
 * or digit. 40 or 64 hex digits are no name: `panal get` would take them for a content id.
 */
export function isTorrentName(text: string): boolean {
  return text.length <= TORRENT_NAME_SIZE_MAX && TORRENT_NAME.test(text) && !CONTENT_ID.test(text);
}
