import { formatContentId, type Metainfo, parseContentId, parseMagnet, parseTorrent } from '@panal/torrent';
import type { TrackerSet } from '@panal/transport-tcp';
import { DEFAULT_NAMESPACE, type DownloadRequest, isTorrentName, WHOLE_TORRENT } from '@panal/wire';
import { MetadataMissingError, RequestInvalidError } from '../errors.js';

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

/**
 * Asks the trackers once for the torrent.
 * @throws MetadataMissingError, `name_unknown`, NoTrackerError: ask again later
 */
export async function resolveMetainfo(
  source: DownloadSource,
  trackers: TrackerSet,
  signal: AbortSignal,
): Promise<Metainfo> {
  if (source.kind === 'torrent') return source.metainfo;
  const hash =
    source.kind === 'hash'
      ? source.hash
      : (await trackers.getName({ namespace: DEFAULT_NAMESPACE, name: source.name }, signal)).hash;
  const request = { namespace: DEFAULT_NAMESPACE, hash, index: WHOLE_TORRENT };
  const bytes = await trackers.getMetadata(request, (candidate) => metainfoOf(candidate, hash) !== undefined, signal);
  const metainfo = bytes === null ? undefined : metainfoOf(bytes, hash);
  if (metainfo === undefined) throw new MetadataMissingError(formatContentId(hash));
  return metainfo;
}

/** A tracker is not believed: its bytes must have the content id that was asked for. */
function metainfoOf(bytes: Uint8Array, hash: Uint8Array): Metainfo | undefined {
  try {
    const metainfo = parseTorrent(bytes);
    return metainfo.contentId.equals(hash) || metainfo.infoHashV1?.equals(hash) === true ? metainfo : undefined;
  } catch {
    return undefined;
  }
}
