import { formatContentId, formatMagnet, type Metainfo } from '@panal/torrent';
import type { TorrentView } from '@panal/wire';

type Counters = Pick<
  TorrentView,
  'downRate' | 'upRate' | 'downloadedBytes' | 'uploadedBytes' | 'wastedBytes' | 'etaMs'
>;

/** The figures of a torrent that moves nothing at the moment. */
export const IDLE: Counters = {
  downRate: 0,
  upRate: 0,
  downloadedBytes: 0,
  uploadedBytes: 0,
  wastedBytes: 0,
  etaMs: null,
};

/** Files in a torrent without its padding. Counted once: a view is asked for several times a second. */
const fileCounts = new WeakMap<Metainfo, number>();

/** The part of a view that the torrent file tells; without one, what is said of an unknown torrent. */
export function metainfoView(
  metainfo: Metainfo | undefined,
  chunkCount: number,
): Pick<TorrentView, 'hash' | 'magnet' | 'sizeBytes' | 'fileCount' | 'chunkCount' | 'chunkSizeBytes'> {
  if (metainfo === undefined) {
    return { hash: null, magnet: null, sizeBytes: 0, fileCount: 0, chunkCount: 0, chunkSizeBytes: 0 };
  }
  return {
    hash: formatContentId(metainfo.contentId),
    magnet: formatMagnet(metainfo),
    sizeBytes: metainfo.sizeBytes,
    fileCount: fileCountOf(metainfo),
    chunkCount,
    chunkSizeBytes: metainfo.chunkSizeBytes,
  };
}

function fileCountOf(metainfo: Metainfo): number {
  const known = fileCounts.get(metainfo);
  if (known !== undefined) return known;
  const count = metainfo.files.reduce((sum, file) => (file.isPadding ? sum : sum + 1), 0);
  fileCounts.set(metainfo, count);
  return count;
}
