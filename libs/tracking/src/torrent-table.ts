import sortedBtree from 'sorted-btree';
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
  /** By sort key. A sorted list would move megabytes for each of a million torrents that a start reads from disk. */
  readonly #ordered = new sortedBtree.default<string, TorrentRow>(undefined, byText);
  /** Sort key of the row that was tidied last. */
  #tidiedTo: string | undefined;

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
    this.#ordered.set(sortKey(key), row);
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
    for (let looks = Math.min(TIDY_LOOKS_MAX, this.size); looks > 0; looks -= 1) {
      const [id, row] = this.#ordered.nextHigherPair(this.#tidiedTo) ?? this.#ordered.nextHigherPair(undefined) ?? [];
      this.#tidiedTo = id;
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
    this.#ordered.delete(sortKey(row.key));
  }

  /** At most `countMax` torrents of the namespace behind `after` (a content id in hex), in order of the content id. `~` sorts behind every hex digit. */
  page({ namespace, after, countMax }: { namespace: string; after?: string; countMax: number }): TorrentPage {
    const from = after === undefined ? `${namespace} ` : `${namespace} ${after}~`;
    // One more than asked for tells whether there is a next page.
    const found = this.#ordered.getRange(from, `${namespace} ~`, false, countMax + 1).map(([, row]) => row);
    const rows = found.slice(0, countMax);
    return { rows, next: found.length > countMax ? rows.at(-1)?.key.torrent : undefined };
  }

  countIn(namespace: string): number {
    return this.#rows.get(namespace)?.size ?? 0;
  }

  /** All torrents of all namespaces. */
  get size(): number {
    return this.#ordered.size;
  }
}

function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
