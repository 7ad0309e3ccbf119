import { EVERYWHERE, slotOf } from '@panal/cluster';
import { KEY_ID_SIZE } from '@panal/wire';
import { RecordKeyMalformedError } from './errors.js';

/** Bytes of a peer id. */
export const PEER_ID_SIZE = 16;

/** First bytes of keys, by kind. They are on the disks of trackers: none is ever given another meaning. */
const KINDS = { peer: 1, entry: 2, metadata: 3, about: 4, name: 5, key: 6, revocation: 7 } as const;

/** Who a peer is, and where. Kept by every tracker. */
export interface PeerKey {
  readonly kind: 'peer';
  /** 16 bytes. */
  readonly peerId: Buffer;
}

/** That a peer has, or fetches, a torrent. */
interface EntryKey {
  readonly kind: 'entry';
  readonly namespace: string;
  /** 20 or 32 bytes. */
  readonly contentId: Buffer;
  /** 16 bytes. */
  readonly peerId: Buffer;
}

/** metadata: the torrent file. about: what is said of the torrent beside it. */
export interface TorrentRecordKey {
  readonly kind: 'metadata' | 'about';
  readonly namespace: string;
  /** 20 or 32 bytes. */
  readonly contentId: Buffer;
}

/** That a name was given to a torrent. Kept by every tracker. */
export interface NameKey {
  readonly kind: 'name';
  readonly namespace: string;
  readonly name: string;
  /** 20 or 32 bytes. */
  readonly contentId: Buffer;
}

/** key: a client key, sealed. revocation: that it was revoked. Kept by every tracker. */
export interface ClientKeyKey {
  readonly kind: 'key' | 'revocation';
  /** 16 bytes. */
  readonly keyId: Buffer;
}

/** What a record of the tracker is about: the meaning of the key that is opaque to the cluster. */
export type RecordKey = PeerKey | EntryKey | TorrentRecordKey | NameKey | ClientKeyKey;

/** Where the parts of an entry's key are in its bytes. The namespace begins at ENTRY_NAMESPACE_AT. */
export interface EntryKeyParts {
  readonly namespaceSize: number;
  readonly contentIdAt: number;
  readonly contentIdSize: number;
  readonly peerIdAt: number;
}

export const ENTRY_NAMESPACE_AT = 2;

/** What is placed, filled anew for each question: namespace (at most 255 bytes) and content id. */
const placed = Buffer.alloc(255 + 32);

/**
 * The key as bytes: its kind in one byte, then each field behind its length in one byte. Texts are ASCII.
 * @param key Namespace and name of at most 255 bytes.
 */
export function encodeRecordKey(key: RecordKey): Buffer {
  switch (key.kind) {
    case 'peer':
      return pack(KINDS.peer, [key.peerId]);
    case 'entry':
      return encodeEntryKey(key.namespace, key.contentId, key.peerId);
    case 'key':
    case 'revocation':
      return pack(KINDS[key.kind], [key.keyId]);
    case 'metadata':
    case 'about':
      return pack(KINDS[key.kind], [text(key.namespace), key.contentId]);
    case 'name':
      return pack(KINDS.name, [text(key.namespace), text(key.name), key.contentId]);
  }
}

/** As `encodeRecordKey` of an entry, which nearly every write has. @param peerId 16 bytes. */
export function encodeEntryKey(namespace: string, contentId: Uint8Array, peerId: Uint8Array): Buffer {
  const key = startEntryKey(text(namespace), contentId.length);
  key.set(contentId, ENTRY_NAMESPACE_AT + namespace.length + 1);
  key.set(peerId, key.length - PEER_ID_SIZE);
  return key;
}

/** The opposite of `encodeRecordKey`; undefined for a key of a later version. Buffers in the answer are views of `bytes`. */
export function parseRecordKey(bytes: Buffer): RecordKey | undefined {
  const [first, second, third, ...more] = fieldsOf(bytes);
  return first === undefined || more.length > 0 ? undefined : keyOf(bytes[0] ?? 0, first, second, third);
}

/** The slot of a torrent, and of all that belongs to it. @param torrent `hash` is its content id, 20 or 32 bytes. */
export function slotOfTorrent({ namespace, hash }: { readonly namespace: string; readonly hash: Uint8Array }): number {
  const size = namespace.length + hash.length;
  const bytes = size <= placed.length ? placed : Buffer.allocUnsafe(size);
  bytes.write(namespace, 'latin1');
  bytes.set(hash, namespace.length);
  return slotOf(bytes.subarray(0, size));
}

/**
 * Where a record belongs: with its torrent, or everywhere.
 * @throws RecordKeyMalformedError
 */
export function slotOfKey(bytes: Buffer): number {
  const key = parseRecordKey(bytes);
  if (key === undefined) throw new RecordKeyMalformedError(bytes);
  return 'contentId' in key && key.kind !== 'name'
    ? slotOfTorrent({ namespace: key.namespace, hash: key.contentId })
    : EVERYWHERE;
}

/** Whether the bytes are the key of an entry; without making anything, as every write asks. */
export function isEntryKey(bytes: Buffer): boolean {
  if (bytes[0] !== KINDS.entry) return false;
  const { namespaceSize, contentIdSize, peerIdAt } = entryKeyParts(bytes);
  return (
    namespaceSize > 0 &&
    isContentIdSize(contentIdSize) &&
    bytes.length === peerIdAt + PEER_ID_SIZE &&
    bytes[peerIdAt - 1] === PEER_ID_SIZE
  );
}

/** @param bytes For which `isEntryKey` holds. */
export function entryKeyParts(bytes: Buffer): EntryKeyParts {
  const namespaceSize = bytes[1] ?? 0;
  const contentIdAt = ENTRY_NAMESPACE_AT + namespaceSize + 1;
  const contentIdSize = bytes[contentIdAt - 1] ?? 0;
  return { namespaceSize, contentIdAt, contentIdSize, peerIdAt: contentIdAt + contentIdSize + 1 };
}

/** The key of an entry but for its ids, which the caller writes at `contentIdAt` and `peerIdAt` of its parts. */
export function startEntryKey(namespace: Buffer, contentIdSize: number): Buffer {
  const contentIdAt = ENTRY_NAMESPACE_AT + namespace.length + 1;
  const key = Buffer.allocUnsafe(contentIdAt + contentIdSize + 1 + PEER_ID_SIZE);
  key[0] = KINDS.entry;
  key[1] = namespace.length;
  namespace.copy(key, ENTRY_NAMESPACE_AT);
  key[contentIdAt - 1] = contentIdSize;
  key[contentIdAt + contentIdSize] = PEER_ID_SIZE;
  return key;
}

function keyOf(kind: number, first: Buffer, second?: Buffer, third?: Buffer): RecordKey | undefined {
  if (kind === KINDS.peer) {
    return first.length === PEER_ID_SIZE && second === undefined ? { kind: 'peer', peerId: first } : undefined;
  }
  if (kind === KINDS.key || kind === KINDS.revocation) {
    const isSound = first.length === KEY_ID_SIZE && second === undefined;
    return isSound ? { kind: kind === KINDS.key ? 'key' : 'revocation', keyId: first } : undefined;
  }
  const namespace = first.toString('latin1');
  if (namespace === '' || second === undefined) return undefined;
  if (kind === KINDS.name && third !== undefined && isContentIdSize(third.length) && second.length > 0) {
    return { kind: 'name', namespace, name: second.toString('latin1'), contentId: third };
  }
  if (!isContentIdSize(second.length)) return undefined;
  if (kind === KINDS.entry && third?.length === PEER_ID_SIZE) {
    return { kind: 'entry', namespace, contentId: second, peerId: third };
  }
  if (third !== undefined) return undefined;
  if (kind === KINDS.metadata) return { kind: 'metadata', namespace, contentId: second };
  return kind === KINDS.about ? { kind: 'about', namespace, contentId: second } : undefined;
}

function isContentIdSize(size: number): boolean {
  return size === 20 || size === 32;
}

/** The fields behind the kind; none when the last one is cut off. */
function fieldsOf(bytes: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  let at = 1;
  while (at < bytes.length) {
    const end = at + 1 + (bytes[at] ?? 0);
    if (end > bytes.length) return [];
    fields.push(bytes.subarray(at + 1, end));
    at = end;
  }
  return fields;
}

/** The last text: nearly all keys in a row are of one namespace. Never changed by whoever gets it. */
let lastText = { value: '', bytes: Buffer.alloc(0) };

function text(value: string): Buffer {
  if (lastText.value !== value) lastText = { value, bytes: Buffer.from(value, 'latin1') };
  return lastText.bytes;
}

function pack(kind: number, fields: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.allocUnsafe(1 + fields.reduce((size, field) => size + 1 + field.length, 0));
  bytes[0] = kind;
  let at = 1;
  for (const field of fields) {
    bytes[at] = field.length;
    bytes.set(field, at + 1);
    at += 1 + field.length;
  }
  return bytes;
}
