/** A torrent in a namespace; the same content in two namespaces is two torrents. */
export interface TorrentKey {
  readonly namespace: string;
  /** Content id in lower-case hex: 64 digits for v2 and hybrid, 40 for v1. */
  readonly torrent: string;
}

/** The key of the torrent a message is about. */
export function torrentKey(message: { readonly namespace: string; readonly hash: Uint8Array }): TorrentKey {
  return { namespace: message.namespace, torrent: toHex(message.hash) };
}

/** Ids are kept as hex: usable as map keys, and free of the receive buffer the bytes came in. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** The opposite of `toHex`. */
export function fromHex(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

/** Sorts by namespace, then by content id. No namespace has a space in it. */
export function sortKey({ namespace, torrent }: TorrentKey): string {
  return `${namespace} ${torrent}`;
}
