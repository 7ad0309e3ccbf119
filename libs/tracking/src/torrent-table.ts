import { TrackerFullError } from './errors.js';
import { sortKey, type TorrentKey } from './torrent-key.js';

/** What the tracker knows of one torrent beside its peers. The lib's own modules change it, nobody else. */
export interface TorrentRow {
  readonly key: TorrentKey;
  /** Display name: from the torrent file when that is known, else as the last peer announced it. */
  title: string;
  sizeBytes: number;
  /** Living peers with all of it, and with less. */
  seedCount: number;
  leechCount: number;
  /** Discovery queries so far; starts again at 0 when the torrent was forgotten in between. */
  requestCount: number;
  hasMetadata: boolean;
  /** Names that point here now. */
  readonly names: Set<string>;
}

export interface TorrentPage {
  readonly rows: readonly TorrentRow[];
  /** Ask for the next page with this; undefined when there is none. */
  readonly next: string | undefined;
}

/**
 * Torrents that somebody shares, that have a name, or whose torrent file is here. A row is forgotten when none of the
 * three holds, so lookups of unknown torrents cost no memory.
 */
export class TorrentTable {
  readonly #rows = new Map<string, TorrentRow>();
  /** Keys of `#rows` in order: a page is a slice. Inserting moves at most a few MB, and only for a new torrent. */
  readonly #sorted: string[] = [];

  constructor(private readonly torrentCountMax: number) {}

  get(key: TorrentKey): TorrentRow | undefined {
    return this.#rows.get(sortKey(key));
  }

  /**
   * The row of `key`, made when it is missing; `settle` it when nothing was written after all.
   * @throws TrackerFullError
   */
  ensure(key: TorrentKey): TorrentRow {
    const id = sortKey(key);
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    if (this.#rows.size >= this.torrentCountMax) throw new TrackerFullError('torrents', this.torrentCountMax);
    const row: TorrentRow = {
      key,
      title: '',
      sizeBytes: 0,
      seedCount: 0,
      leechCount: 0,
      requestCount: 0,
      hasMetadata: false,
      names: new Set(),
    };
    this.#rows.set(id, row);
    this.#sorted.splice(this.#firstFrom(id), 0, id);
    return row;
  }

  /** Forgets the row when nothing refers to the torrent any more. */
  settle(row: TorrentRow): void {
    if (isShared(row) || row.hasMetadata || row.names.size > 0) return;
    const id = sortKey(row.key);
    if (this.#rows.get(id) !== row) return;
    this.#rows.delete(id);
    this.#sorted.splice(this.#firstFrom(id), 1);
  }

  /** At most `countMax` torrents of the namespace behind `after` (a content id in hex), in order of the content id. */
  page({ namespace, after, countMax }: { namespace: string; after?: string; countMax: number }): TorrentPage {
    const start = this.#firstFrom(after === undefined ? `${namespace} ` : `${namespace} ${after}~`);
    const end = Math.min(start + countMax, this.#firstFrom(`${namespace} ~`));
    const rows = this.#sorted.slice(start, end).map((id) => this.#rows.get(id) as TorrentRow);
    const isLast = end >= this.#firstFrom(`${namespace} ~`);
    return { rows, next: isLast ? undefined : rows.at(-1)?.key.torrent };
  }

  countIn(namespace: string): number {
    return this.#firstFrom(`${namespace} ~`) - this.#firstFrom(`${namespace} `);
  }

  /** All torrents of all namespaces. */
  get size(): number {
    return this.#rows.size;
  }

  /** Index of the first key at or behind `id`. `~` sorts behind every hex digit. */
  #firstFrom(id: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as string) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether a living peer shares the torrent. */
export function isShared({ seedCount, leechCount }: TorrentRow): boolean {
  return seedCount + leechCount > 0;
}
