import {
  TORRENT_LIST_MAX,
  TORRENT_NAMES_MAX,
  type TorrentListReply,
  type TorrentListRequest,
  type TorrentSummary,
} from '@panal/wire';
import { toHex } from './torrent-key.js';
import type { TorrentRow, TorrentTable } from './torrent-table.js';

/** What there is to download, page by page. */
export class TorrentCatalog {
  constructor(private readonly torrents: TorrentTable) {}

  /** Torrents of a namespace by content id. One that comes or goes between two pages is shown or not; no other is missed. */
  list({ namespace, after, countMax }: TorrentListRequest): TorrentListReply {
    const { rows, next } = this.torrents.page({
      namespace,
      ...(after === undefined ? {} : { after: toHex(after) }),
      countMax: Math.min(countMax, TORRENT_LIST_MAX),
    });
    return {
      torrents: rows.map(torrentSummary),
      ...(next === undefined ? {} : { next: Buffer.from(next, 'hex') }),
    };
  }
}

function torrentSummary({ key, names, ...row }: TorrentRow): TorrentSummary {
  return {
    hash: Buffer.from(key.torrent, 'hex'),
    title: row.title,
    sizeBytes: row.sizeBytes,
    seedCount: row.seedCount,
    leechCount: row.leechCount,
    requestCount: row.requestCount,
    names: [...names].sort().slice(0, TORRENT_NAMES_MAX),
  };
}
