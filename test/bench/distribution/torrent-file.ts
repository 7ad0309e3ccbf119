import { createReadStream } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { createTorrent, PieceHasher } from '@panal/torrent';

/** What libtorrent would choose for 2.75 to 11 GB; aria2 and libtorrent both do well with it at 1 GiB. */
export const PIECE_BYTES = 1024 * 1024;

/** Writes a v1 torrent (aria2 knows no other) of one file. Not private: peers may tell each other of peers. */
export async function writeTorrent(torrent: string, content: string, trackerUrl: string): Promise<void> {
  const hasher = new PieceHasher({ chunkSizeBytes: PIECE_BYTES });
  for await (const bytes of createReadStream(content, { highWaterMark: PIECE_BYTES })) hasher.push(bytes as Buffer);
  const { size } = await stat(content);
  const metainfo = createTorrent({
    name: 'content',
    isDirectory: false,
    chunkSizeBytes: PIECE_BYTES,
    format: 'v1',
    files: [{ path: ['content'], sizeBytes: size, isExecutable: false }],
    pieces: hasher.finish(),
    trackers: [trackerUrl],
  });
  await writeFile(torrent, metainfo.bytes);
}
