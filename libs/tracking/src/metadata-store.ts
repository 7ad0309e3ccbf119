import assert from 'node:assert';
import type { Clock } from '@panal/runtime';
import { parseTorrent } from '@panal/torrent';
import {
  METADATA_SIZE_MAX,
  type MetadataGetReply,
  type MetadataGetRequest,
  type MetadataPutReply,
  type MetadataPutRequest,
} from '@panal/wire';
import { MetadataMismatchError, MetadataTooLargeError, TrackerFullError } from './errors.js';
import { slotOfTorrent, torrentRecordKey } from './record-keys.js';
import type { RecordMaker } from './record-maker.js';
import type { Replicas } from './replicas.js';
import type { Routes } from './routes.js';
import type { ServedEntries } from './served-entries.js';
import type { Swarms } from './swarms.js';
import type { TrackerTable } from './table/tracker-table.js';
import { sortKey, type TorrentKey, toHex, torrentKey } from './torrent-key.js';
import type { TorrentTable } from './torrent-table.js';

export interface MetadataStoreOptions {
  readonly clock: Clock;
  readonly make: RecordMaker;
  readonly replicas: Replicas;
  readonly routes: Routes;
  readonly swarms: Swarms;
  readonly entries: ServedEntries;
  readonly table: TrackerTable;
  readonly torrents: TorrentTable;
  readonly totalBytesMax: number;
  /** How long a torrent file stays that nobody shares, names or asks for. */
  readonly ttlMs: number;
}

interface Use {
  readonly key: TorrentKey;
  readonly sizeBytes: number;
  usedAtMs: number;
}

/** Torrent files by content id, each checked against it, so that nobody can plant another one. */
export class MetadataStore {
  /** Those this tracker keeps, the least recently used first: a use moves its torrent to the end. */
  readonly #uses = new Map<string, Use>();
  #totalBytes = 0;
  #expiredCount = 0;

  constructor(private readonly options: MetadataStoreOptions) {
    assert(options.ttlMs > 0, 'a torrent file lives for some time');
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
    const guide = this.options.replicas.guide(slotOfTorrent(key));
    const isKnown = this.#use(key) || (await this.#isKnownElsewhere(key));
    if (isKnown) return { wasNew: false, ...guide };
    const { name, sizeBytes } = parseAs(key.torrent, bytes);
    await this.#makeRoom(bytes.length);
    this.options.torrents.checkRoom(key);
    const { make, replicas } = this.options;
    const records = [make.about(key, { title: name, sizeBytes }), make.metadata(key, bytes)];
    const { copies } = await replicas.write(records);
    return { wasNew: true, copies, ...guide };
  }

  get(request: MetadataGetRequest): Promise<MetadataGetReply> {
    const key = torrentKey(request);
    return this.options.routes.answer<MetadataGetReply>({
      slot: slotOfTorrent(key),
      kind: 'metadata',
      data: key,
      here: () => this.getHere(key),
      read: readMetadata,
      merge: (replies) => replies.find(({ bytes }) => bytes !== null) ?? { bytes: null },
    });
  }

  /** What this tracker itself keeps. */
  getHere(key: TorrentKey): MetadataGetReply {
    const row = this.options.torrents.get(key);
    if (row !== undefined) row.requestCount += 1;
    if (!this.#use(key)) return { bytes: null };
    return { bytes: this.options.table.get(torrentRecordKey('metadata', key), slotOfTorrent(key))?.value ?? null };
  }

  /** A torrent file came into the table, or went. */
  follow(key: TorrentKey, sizeBytes: number | undefined): void {
    const id = sortKey(key);
    this.#totalBytes += (sizeBytes ?? 0) - (this.#uses.get(id)?.sizeBytes ?? 0);
    this.#uses.delete(id);
    if (sizeBytes !== undefined) {
      this.#uses.set(id, { key, sizeBytes, usedAtMs: this.options.clock.monotonicMs() });
    }
  }

  /** Drops, everywhere, the torrent files nobody has needed for `ttlMs`, as far as this tracker tidies them up. */
  async expire(nowMs: number): Promise<number> {
    const due: TorrentKey[] = [];
    for (const { key, usedAtMs } of this.#uses.values()) {
      if (nowMs - usedAtMs < this.options.ttlMs) break;
      if (this.#isNeeded(key) || !this.options.replicas.isFirst(slotOfTorrent(key))) this.#use(key);
      else due.push(key);
    }
    await this.#drop(due);
    this.#expiredCount += due.length;
    return due.length;
  }

  async #isKnownElsewhere(key: TorrentKey): Promise<boolean> {
    if (this.options.replicas.isAuthoritative(slotOfTorrent(key))) return false;
    const found = await this.options.swarms.find({ key, asker: undefined, peerCountMax: 0 });
    return found.isMetadataKnown;
  }

  async #makeRoom(sizeBytes: number): Promise<void> {
    const { totalBytesMax } = this.options;
    let freeBytes = totalBytesMax - this.#totalBytes;
    const due: TorrentKey[] = [];
    for (const use of this.#uses.values()) {
      if (freeBytes >= sizeBytes) break;
      if (this.#isNeeded(use.key)) continue;
      due.push(use.key);
      freeBytes += use.sizeBytes;
    }
    await this.#drop(due);
    if (freeBytes < sizeBytes) throw new TrackerFullError('bytes of torrent files', totalBytesMax);
  }

  async #drop(keys: readonly TorrentKey[]): Promise<void> {
    if (keys.length === 0) return;
    await this.options.replicas.write(keys.map((key) => this.options.make.metadataEnd(key)));
  }

  #isNeeded(key: TorrentKey): boolean {
    return this.options.entries.isShared(key) || (this.options.torrents.get(key)?.names.size ?? 0) > 0;
  }

  #use(key: TorrentKey): boolean {
    const id = sortKey(key);
    const use = this.#uses.get(id);
    if (use === undefined) return false;
    use.usedAtMs = this.options.clock.monotonicMs();
    this.#uses.delete(id);
    this.#uses.set(id, use);
    return true;
  }
}

function readMetadata(value: unknown): MetadataGetReply {
  const { bytes } = (value ?? {}) as Partial<MetadataGetReply>;
  return { bytes: bytes instanceof Uint8Array && bytes.length <= METADATA_SIZE_MAX ? bytes : null };
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
