import { formatContentId, type Metainfo, parseContentId, parseMagnet, parseTorrent } from '@panal/torrent';
import { type DownloadRequest, isTorrentName } from '@panal/wire';
import { RequestInvalidError } from '../errors.js';

/** How a download says what it wants. */
export type DownloadSource =
  | { readonly kind: 'torrent'; readonly metainfo: Metainfo }
  | { readonly kind: 'hash'; readonly hash: Buffer; readonly title: string }
  | { readonly kind: 'name'; readonly name: string };

/** @throws RequestInvalidError, TorrentError, ContentIdError, MagnetError: what is asked for cannot be anything */
export function downloadSource({ torrent, hash, magnet, name }: DownloadRequest): DownloadSource {
  const givenCount = [torrent, hash, magnet, name].filter((value) => value !== undefined).length;
  if (givenCount !== 1) {
    throw new RequestInvalidError(
      `A download names one of torrent, hash, magnet and name, and this one names ${givenCount}.`,
      'Send exactly one of them.',
    );
  }
  if (torrent !== undefined) return { kind: 'torrent', metainfo: parseTorrent(Buffer.from(torrent, 'base64')) };
  if (hash !== undefined) return { kind: 'hash', hash: parseContentId(hash), title: hash };
  if (magnet !== undefined) {
    const link = parseMagnet(magnet);
    return { kind: 'hash', hash: link.contentId, title: link.name ?? formatContentId(link.contentId) };
  }
  const text = name as string;
  if (isTorrentName(text)) return { kind: 'name', name: text };
  throw new RequestInvalidError(
    `"${text}" is no name of a torrent.`,
    'Names have 1 to 128 letters, digits and . _ / : @ -, and begin with a letter or digit, for example llm:v3.',
  );
}
