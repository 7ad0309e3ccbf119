import * as codec from './table/record-key.js';
import { fromHex, hashOf, MessageTorrent, type TorrentKey } from './torrent-key.js';

// The keys of a tracker's records, from the ids as the rest of the lib has them: in hex.

/** The slot of a torrent, and of all that belongs to it. */
export function slotOfTorrent(key: TorrentKey): number {
  if (key instanceof MessageTorrent) return key.slot;
  return codec.slotOfTorrent({ namespace: key.namespace, hash: fromHex(key.torrent) });
}

export function peerKey(peer: string): Buffer {
  return codec.encodeRecordKey({ kind: 'peer', peerId: fromHex(peer) });
}

export function entryKey(key: TorrentKey, peerId: Uint8Array): Buffer {
  return codec.encodeEntryKey(key.namespace, hashOf(key), peerId);
}

export function torrentRecordKey(kind: 'metadata' | 'about', { namespace, torrent }: TorrentKey): Buffer {
  return codec.encodeRecordKey({ kind, namespace, contentId: fromHex(torrent) });
}

export function nameKey({ namespace, torrent }: TorrentKey, name: string): Buffer {
  return codec.encodeRecordKey({ kind: 'name', namespace, name, contentId: fromHex(torrent) });
}

export function keyRecordKey(kind: 'key' | 'revocation', keyId: Uint8Array): Buffer {
  return codec.encodeRecordKey({ kind, keyId: Buffer.from(keyId) });
}
