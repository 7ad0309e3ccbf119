import assert from 'node:assert';
import type { Clock } from '@panal/runtime';
import { parseTorrent } from '@panal/torrent';
import {
  type HybridClock,
  METADATA_SIZE_MAX,
  type MetadataGetReply,
  type MetadataGetRequest,
  type MetadataPutReply,
  type MetadataPutRequest,
} from '@panal/wire';
import { MetadataMismatchError, MetadataTooLargeError, TrackerFullError } from './errors.js';
import type { RecordChange, RecordKey, RecordStore } from './record-store.js';
import { sortKey, type TorrentKey, toHex, torrentKey } from './torrent-key.js';
import { isShared, type TorrentTable } from './torrent-table.js';

export interface MetadataStoreOptions {
  readonly clock: Clock;
  readonly hybridClock: HybridClock;
  /** Torrent files as they were put. They carry no expiry of their own: use decides. */
  readonly store: RecordStore<Buffer>;
  readonly torrents: TorrentTable;
  readonly totalBytesMax: number;
  /** How long a torrent file stays that nobody shares, names or asks for. */
  readonly ttlMs: number;
}

interface Use {
  readonly key: TorrentKey;
  usedAtMs: number;
}

/** Torrent files by content id, each checked against it, so that nobody can plant another one. */
export class MetadataStore {
  /** Least recently used first: a use moves its torrent to the end. */
  readonly #uses = new Map<string, Use>();
  #totalBytes = 0;
  #expiredCount = 0;

  constructor(private readonly options: MetadataStoreOptions) {
    assert(options.ttlMs > 0, 'a torrent file lives for some time');
    options.store.watch((change) => this.#follow(change));
  }

  /** Dropped by `expire` since the start. */
  get expiredCount(): number {
    return this.#expiredCount;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /**
   * Keeps a torrent file. The first one of a content id stays: the part that is not covered by the id may differ.
   * @throws MetadataTooLargeError, MetadataMismatchError, TrackerFullError
   */
  async put(request: MetadataPutRequest): Promise<MetadataPutReply> {
    const key = torrentKey(request);
    const { bytes } = request;
    if (bytes.length > METADATA_SIZE_MAX) throw new MetadataTooLargeError(bytes.length, METADATA_SIZE_MAX);
    if (this.#use(key)) return { wasNew: false };
    const { name, sizeBytes } = parseAs(key.torrent, bytes);
    await this.#makeRoom(bytes.length);
    const row = this.options.torrents.ensure(key);
    try {
      const clock = this.options.hybridClock.tick(this.options.clock.nowMs());
      const value = Buffer.from(bytes);
      await this.options.store.write({ key: recordKey(key), clock, value, expiresAtMs: Number.POSITIVE_INFINITY });
      row.title = name;
      row.sizeBytes = sizeBytes;
    } finally {
      this.options.torrents.settle(row);
    }
    return { wasNew: true };
  }

  get(request: MetadataGetRequest): MetadataGetReply {
    const key = torrentKey(request);
    const row = this.options.torrents.get(key);
    if (row !== undefined) row.requestCount += 1;
    this.#use(key);
    return { bytes: this.options.store.read(recordKey(key))?.value ?? null };
  }

  /** Drops the torrent files nobody has needed for `ttlMs`. @returns How many were dropped. */
  async expire(nowMs: number): Promise<number> {
    let count = 0;
    for (const { key, usedAtMs } of this.#uses.values()) {
      if (nowMs - usedAtMs < this.options.ttlMs) break;
      if (this.#isNeeded(key)) this.#use(key);
      else if (await this.#drop(key)) count += 1;
    }
    this.#expiredCount += count;
    return count;
  }

  async #makeRoom(sizeBytes: number): Promise<void> {
    const { totalBytesMax } = this.options;
    for (const { key } of this.#uses.values()) {
      if (this.#totalBytes + sizeBytes <= totalBytesMax) return;
      if (!this.#isNeeded(key)) await this.#drop(key);
    }
    if (this.#totalBytes + sizeBytes > totalBytesMax) {
      throw new TrackerFullError('bytes of torrent files', totalBytesMax);
    }
  }

  #drop(key: TorrentKey): Promise<boolean> {
    return this.options.store.remove(recordKey(key), this.options.hybridClock.tick(this.options.clock.nowMs()));
  }

  #isNeeded(key: TorrentKey): boolean {
    const row = this.options.torrents.get(key);
    return row !== undefined && (isShared(row) || row.names.size > 0);
  }

  #use(key: TorrentKey): boolean {
    const use = this.#uses.get(sortKey(key));
    if (use === undefined) return false;
    use.usedAtMs = this.options.clock.monotonicMs();
    this.#uses.delete(sortKey(key));
    this.#uses.set(sortKey(key), use);
    return true;
  }

  #follow({ key: { namespace, subject: torrent }, before, after }: RecordChange<Buffer>): void {
    const key: TorrentKey = { namespace, torrent };
    this.#totalBytes += (after?.value.length ?? 0) - (before?.value.length ?? 0);
    if (after === undefined) this.#uses.delete(sortKey(key));
    else this.#uses.set(sortKey(key), { key, usedAtMs: this.options.clock.monotonicMs() });
    const row = this.options.torrents.ensure(key);
    row.hasMetadata = after !== undefined;
    this.options.torrents.settle(row);
  }
}

function recordKey({ namespace, torrent }: TorrentKey): RecordKey {
  return { namespace, subject: torrent, member: 'metadata' };
}

function parseAs(torrent: string, bytes: Uint8Array): { name: string; sizeBytes: number } {
  let metainfo: ReturnType<typeof parseTorrent>;
  try {
    metainfo = parseTorrent(bytes);
  } catch (error) {
    throw new MetadataMismatchError(torrent, 'no torrent file Panal can read', error);
  }
  const found = toHex(metainfo.contentId);
  if (found !== torrent) throw new MetadataMismatchError(torrent, `the torrent file of ${found}`);
  return metainfo;
}
