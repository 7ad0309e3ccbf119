import { open } from 'node:fs/promises';
import path from 'node:path';
import { type DownloadRequest, isTorrentName } from '@panal/wire';
import { FileError, UsageError } from '../errors.js';
import { TORRENT_FILE_BYTES_MAX } from '../limits.js';

/** What `panal get` was asked for, in the words of the peer's interface. */
export type ContentReference = Pick<DownloadRequest, 'torrent' | 'hash' | 'magnet' | 'name'>;

/**
 * Tells a torrent file, a hash, a magnet link and a name apart, by their looks alone: what means a name today must not
 * mean a file tomorrow because somebody made one.
 */
export async function readContentReference(text: string, cwd: string): Promise<ContentReference> {
  if (/^magnet:/i.test(text)) return { magnet: text };
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text)) return { hash: text.toLowerCase() };
  if (looksLikeFile(text)) return { torrent: (await readTorrentFile(path.resolve(cwd, text))).toString('base64') };
  if (isTorrentName(text)) return { name: text };
  throw new UsageError(
    `"${text}" is no torrent file, hash, magnet link or name.`,
    'Give a file that ends in .torrent, 64 (or 40) hex digits, magnet:?..., or a name such as llm:v3.',
  );
}

/** The bytes of a torrent file, if it is one that can be read at all. */
export async function readTorrentFile(file: string): Promise<Buffer> {
  try {
    const handle = await open(file, 'r');
    try {
      const stats = await handle.stat();
      if (stats.isDirectory())
        throw new FileError(`${file} is a directory, not a torrent file.`, 'To share it: panal share DIR.');
      if (stats.size > TORRENT_FILE_BYTES_MAX) {
        throw new FileError(
          `${file} is larger than any torrent file (${TORRENT_FILE_BYTES_MAX} bytes).`,
          'Give the .torrent, not the content.',
        );
      }
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof FileError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    throw new FileError(
      code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read (${code ?? 'unknown error'}).`,
      'Check the path. To fetch by name or hash, give those instead.',
      error,
    );
  }
}

function looksLikeFile(text: string): boolean {
  return /\.torrent$/i.test(text) || /^(?:\.{0,2}\/|~\/)/.test(text);
}
