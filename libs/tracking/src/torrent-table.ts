import { TrackerFullError } from './errors.js';
import { DESCRIPTION_GRACE_MS, TIDY_LOOKS_MAX } from './limits.js';
import { sortKey, type TorrentKey } from './torrent-key.js';

/** What the tracker knows of one torrent beside its peers. The lib's own modules change it, nobody else. */
export interface TorrentRow {
  readonly key: TorrentKey;
  /** Display name: from the torrent file when that is known, else as the first peer announced it. */
  title: string;
  sizeBytes: number;
  /** `title` and `sizeBytes` are set. */
  isDescribed: boolean;
  /** Monotonic. */
  describedAtMs: number;
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
 * Torrents that are described (the first announce does that), that have a name, or whose torrent file is here. A row is
 * forgotten when none of the three holds, so lookups of unknown torrents cost no memory.
 */
export class TorrentTable {
  /** By namespace and content id: a look makes no string. */
  readonly #rows = new Map<string, Map<string, TorrentRow>>();
  /** Sort keys of all rows in order: a page is a slice. Inserting moves at most a few MB, and only for a new torrent. */
  readonly #sorted: string[] = [];
  #tidyAt = 0;

  constructor(private readonly torrentCountMax: number) {}

  get(key: TorrentKey): TorrentRow | undefined {
    return this.#rows.get(key.namespace)?.get(key.torrent);
  }

  /**
   * The row of `key`, made when it is missing; `settle` it when nothing was written after all. What other trackers accepted
   * is taken here as well, so there is no limit: `checkRoom` is for what this one accepts.
   */
  ensure(key: TorrentKey): TorrentRow {
    const known = this.get(key);
    if (known !== undefined) return known;
    const row: TorrentRow = {
      key,
      title: '',
      sizeBytes: 0,
      isDescribed: false,
      describedAtMs: 0,
      requestCount: 0,
      hasMetadata: false,
      names: new Set(),
    };
    const rows = this.#rows.get(key.namespace) ?? new Map<string, TorrentRow>();
    this.#rows.set(key.namespace, rows.set(key.torrent, row));
    const id = sortKey(key);
    this.#sorted.splice(this.#firstFrom(id), 0, id);
    return row;
  }

  /** @throws TrackerFullError when the torrent would be new and there is no room. */
  checkRoom(key: TorrentKey): void {
    if (this.size >= this.torrentCountMax && this.get(key) === undefined)
      throw new TrackerFullError('torrents', this.torrentCountMax);
  }

  /**
   * Torrents that are described and nothing else, among the next TIDY_LOOKS_MAX of all: in turns, all of them.
   * @param isShared Whether a living peer shares a torrent.
   */
  findUnused(nowMs: number, isShared: (key: TorrentKey) => boolean): TorrentKey[] {
    const unused: TorrentKey[] = [];
    for (let looks = Math.min(TIDY_LOOKS_MAX, this.#sorted.length); looks > 0; looks -= 1) {
      this.#tidyAt = (this.#tidyAt + 1) % this.#sorted.length;
      const row = this.#rowAt(this.#tidyAt);
      if (row === undefined || row.hasMetadata || row.names.size > 0 || isShared(row.key)) continue;
      if (nowMs - row.describedAtMs >= DESCRIPTION_GRACE_MS) unused.push(row.key);
    }
    return unused;
  }

  /** Forgets the row when nothing refers to the torrent any more. */
  settle(row: TorrentRow): void {
    if (row.isDescribed || row.hasMetadata || row.names.size > 0) return;
    const { namespace, torrent } = row.key;
    const rows = this.#rows.get(namespace);
    if (rows?.get(torrent) !== row) return;
    rows.delete(torrent);
    if (rows.size === 0) this.#rows.delete(namespace);
    this.#sorted.splice(this.#firstFrom(sortKey(row.key)), 1);
  }

  /** At most `countMax` torrents of the namespace behind `after` (a content id in hex), in order of the content id. */
  page({ namespace, after, countMax }: { namespace: string; after?: string; countMax: number }): TorrentPage {
    const start = this.#firstFrom(after === undefined ? `${namespace} ` : `${namespace} ${after}~`);
    const end = Math.min(start + countMax, this.#firstFrom(`${namespace} ~`));
    const rows = Array.from({ length: Math.max(0, end - start) }, (_, at) => this.#rowAt(start + at) as TorrentRow);
    const isLast = end >= this.#firstFrom(`${namespace} ~`);
    return { rows, next: isLast ? undefined : rows.at(-1)?.key.torrent };
  }

  countIn(namespace: string): number {
    return this.#firstFrom(`${namespace} ~`) - this.#firstFrom(`${namespace} `);
  }

  /** All torrents of all namespaces. */
  get size(): number {
    return this.#sorted.length;
  }

  #rowAt(index: number): TorrentRow | undefined {
    const [namespace = '', torrent = ''] = this.#sorted[index]?.split(' ') ?? [];
    return this.#rows.get(namespace)?.get(torrent);
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
