import {
  mergeLists,
  TORRENT_LIST_MAX,
  TORRENT_NAMES_MAX,
  type TorrentListReply,
  type TorrentListRequest,
  type TorrentSummary,
} from '@panal/wire';
import type { Replicas } from './replicas.js';
import type { ServedEntries } from './served-entries.js';
import { toHex } from './torrent-key.js';
import type { TorrentRow, TorrentTable } from './torrent-table.js';

export interface TorrentCatalogOptions {
  readonly torrents: TorrentTable;
  readonly entries: ServedEntries;
  readonly replicas: Replicas;
}

/** What there is to download, page by page. */
export class TorrentCatalog {
  constructor(private readonly options: TorrentCatalogOptions) {}

  /**
   * Torrents of a namespace by content id, from all trackers: each keeps a part. One that comes or goes between two pages is
   * shown or not; no other is missed, unless all that keep it are away.
   */
  async list(request: TorrentListRequest): Promise<TorrentListReply> {
    const { replicas } = this.options;
    const elsewhere = await Promise.all(
      replicas.others().map(async (tracker) => {
        try {
          return [readList(await replicas.ask(tracker, { kind: 'list', data: request }))];
        } catch {
          return [];
        }
      }),
    );
    return mergeLists([this.listHere(request), ...elsewhere.flat()], {
      countMax: Math.min(request.countMax, TORRENT_LIST_MAX),
      requests: 'each-once',
    });
  }

  /** What this tracker itself keeps. */
  listHere({ namespace, after, countMax }: TorrentListRequest): TorrentListReply {
    const { rows, next } = this.options.torrents.page({
      namespace,
      ...(after === undefined ? {} : { after: toHex(after) }),
      countMax: Math.min(countMax, TORRENT_LIST_MAX),
    });
    return {
      torrents: rows.map((row) => this.#summary(row)).filter(isOfUse),
      ...(next === undefined ? {} : { next: Buffer.from(next, 'hex') }),
    };
  }

  #summary({ key, names, title, sizeBytes, requestCount, hasMetadata }: TorrentRow): Listed {
    const { seedCount, leechCount } = this.options.entries.counts(key);
    return {
      hash: Buffer.from(key.torrent, 'hex'),
      title,
      sizeBytes,
      seedCount,
      leechCount,
      requestCount,
      hasMetadata,
      names: [...names].sort().slice(0, TORRENT_NAMES_MAX),
    };
  }
}

interface Listed extends TorrentSummary {
  readonly hasMetadata: boolean;
}

/** What nobody shares, names or describes in full is of no use to anybody, though its title is still known. */
function isOfUse({ hasMetadata, names, seedCount, leechCount }: Listed): boolean {
  return hasMetadata || names.length > 0 || seedCount + leechCount > 0;
}

/** Another tracker's page, as far as it makes sense. */
function readList(value: unknown): TorrentListReply {
  const { torrents, next } = (value ?? {}) as Partial<TorrentListReply>;
  return {
    torrents: Array.isArray(torrents) ? torrents.slice(0, TORRENT_LIST_MAX).flatMap(readSummary) : [],
    ...(next instanceof Uint8Array ? { next } : {}),
  };
}

function readSummary(value: unknown): TorrentSummary[] {
  const { hash, title, sizeBytes, seedCount, leechCount, requestCount, names } = (value ??
    {}) as Partial<TorrentSummary>;
  if (!(hash instanceof Uint8Array) || typeof title !== 'string' || !Array.isArray(names)) return [];
  return [
    {
      hash,
      title,
      sizeBytes: Number(sizeBytes ?? 0),
      seedCount: Number(seedCount ?? 0),
      leechCount: Number(leechCount ?? 0),
      requestCount: Number(requestCount ?? 0),
      names: names.filter((name) => typeof name === 'string').slice(0, TORRENT_NAMES_MAX),
    },
  ];
}
