import { HexMemo } from './hex-memo.js';
import { slotOfTorrent as slotOfBytes } from './table/record-key.js';

/** A torrent in a namespace; the same content in two namespaces is two torrents. */
export interface TorrentKey {
  readonly namespace: string;
  /** Content id in lower-case hex: 64 digits for v2 and hybrid, 40 for v1. */
  readonly torrent: string;
}

/**
 * The torrent one message is about. It is asked for in many places, as bytes here and as text there: each is worked out once,
 * and only when somebody asks. Short-lived: it holds the bytes of the message.
 */
export class MessageTorrent implements TorrentKey {
  readonly hash: Buffer;
  #torrent: string | undefined;
  #slot: number | undefined;

  constructor(
    readonly namespace: string,
    hash: Uint8Array,
  ) {
    this.hash = Buffer.isBuffer(hash) ? hash : Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength);
  }

  get torrent(): string {
    this.#torrent ??= recentHex(this.hash);
    return this.#torrent;
  }

  get slot(): number {
    this.#slot ??= slotOfBytes(this);
    return this.#slot;
  }

  /** What may be kept, and sent to others. */
  get key(): TorrentKey {
    return { namespace: this.namespace, torrent: this.torrent };
  }
}

/** The key of the torrent a message is about. */
export function torrentKey(message: { readonly namespace: string; readonly hash: Uint8Array }): TorrentKey {
  return { namespace: message.namespace, torrent: toHex(message.hash) };
}

/** The content id as bytes. */
export function hashOf(key: TorrentKey): Buffer {
  return key instanceof MessageTorrent ? key.hash : fromHex(key.torrent);
}

/** Ids are kept as hex: usable as map keys, and free of the receive buffer the bytes came in. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

const contentIds = new HexMemo(32);
const peerIds = new HexMemo(16);

/** The same, for ids of messages: most of them came a moment ago as well. */
export function recentHex(id: Uint8Array): string {
  if (id.length === 32) return contentIds.hexOf(id);
  return id.length === 16 ? peerIds.hexOf(id) : toHex(id);
}

/** The opposite of `toHex`. */
export function fromHex(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

/** Sorts by namespace, then by content id. No namespace has a space in it. */
export function sortKey({ namespace, torrent }: TorrentKey): string {
  return `${namespace} ${torrent}`;
}
