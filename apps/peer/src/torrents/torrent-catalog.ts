import path from 'node:path';
import { checkPath } from '@panal/torrent';
import { type DownloadRequest, type HybridClock, isTorrentName, type ShareRequest } from '@panal/wire';
import {
  DownloadExistsError,
  MetainfoPendingError,
  RecheckEarlyError,
  RequestInvalidError,
  TooManyTorrentsError,
  TorrentUnknownError,
} from '../errors.js';
import { TORRENTS_MAX } from '../peer-limits.js';
import type { CatalogTorrent, TorrentPorts } from './catalog-torrent.js';
import { Download } from './download.js';
import { type DownloadSource, downloadSource } from './download-source.js';
import { Share } from './share.js';
import type { DownloadRecord, SavedTorrent, ShareRecord } from './torrent-records.js';

/** All shares and downloads of this peer, by id; the one place where they begin and end. */
export class TorrentCatalog {
  readonly #torrents = new Map<string, CatalogTorrent>();
  /** Those between the end of the old one and the begin of the new. */
  readonly #rechecking = new Set<string>();

  constructor(
    private readonly ports: TorrentPorts,
    private readonly hybridClock: HybridClock,
  ) {}

  all(): readonly CatalogTorrent[] {
    return [...this.#torrents.values()];
  }

  /** @throws TorrentUnknownError */
  find(id: string): CatalogTorrent {
    const torrent = this.#torrents.get(id);
    if (torrent === undefined) throw new TorrentUnknownError(id);
    return torrent;
  }

  /** The torrent file. @throws TorrentUnknownError, MetainfoPendingError */
  metainfoBytes(id: string): Buffer {
    const { metainfo } = this.find(id);
    if (metainfo === undefined) throw new MetainfoPendingError(id);
    return metainfo.bytes;
  }

  /**
   * Begins to share. A second share of one path replaces the first once it is hashed, so a new version is shared by sharing
   * the path again.
   * @throws RequestInvalidError, TooManyTorrentsError; what is wrong with the content shows in the share's state
   */
  async share(request: ShareRequest): Promise<CatalogTorrent> {
    const { name } = request;
    checkAbsolute(request.path);
    if (name !== undefined && !isTorrentName(name)) {
      throw new RequestInvalidError(
        `"${name}" cannot be the name of a torrent.`,
        'Use 1 to 128 letters, digits and . _ / : @ -, beginning with a letter or digit, for example llm:v3.',
      );
    }
    const nowMs = this.ports.clock.nowMs();
    const record: ShareRecord = {
      ...this.#newRecord(path.normalize(request.path)),
      kind: 'share',
      name: name === undefined ? null : { name, setAt: this.hybridClock.tick(nowMs) },
      torrentFormat: request.format ?? 'v2',
      chunkSizeBytes: request.chunkSizeBytes ?? null,
    };
    await this.ports.records.save(record);
    return this.#begin(new Share(this.ports, { record, metainfo: undefined }));
  }

  /** Begins to download. @throws RequestInvalidError, DownloadExistsError, TooManyTorrentsError, TorrentError */
  async download(request: DownloadRequest): Promise<CatalogTorrent> {
    const source = downloadSource(request);
    checkAbsolute(request.directory);
    if (request.rename !== undefined) checkPath([request.rename]);
    this.#checkScheduler(request.scheduler);
    const { torrent: _torrent, ...rest } = request;
    const record: DownloadRecord = { ...this.#newRecord(''), kind: 'download', request: rest };
    const download = new Download(this.ports, { record, source });
    this.#checkNotUnderWay(download);
    await this.ports.records.save(record);
    if (source.kind === 'torrent') await this.ports.records.saveMetainfo(record.id, source.metainfo);
    return this.#begin(download);
  }

  /**
   * Reads all of its content again. A share whose bytes are others fails; a download fetches what is bad anew.
   * @throws TorrentUnknownError, RecheckEarlyError
   */
  async recheck(id: string): Promise<CatalogTorrent> {
    const torrent = this.find(id);
    if (torrent.isUnderWay || this.#rechecking.has(id)) throw new RecheckEarlyError(id);
    this.#rechecking.add(id);
    try {
      const renewed = this.#restored(await torrent.recheck(), true);
      if (renewed === undefined) throw new TorrentUnknownError(id);
      return this.#begin(renewed);
    } finally {
      this.#rechecking.delete(id);
    }
  }

  /** Ends it and forgets it; content that is whole stays. @throws TorrentUnknownError */
  async remove(id: string): Promise<void> {
    const torrent = this.find(id);
    this.#torrents.delete(id);
    await torrent.remove();
  }

  /** Goes on with what an earlier run of this peer had. */
  async restore(): Promise<void> {
    const { records, logger } = this.ports;
    const saved = await records.all((file, error) =>
      logger.error('A record cannot be read and is left', { file, error }),
    );
    for (const torrent of saved) {
      const restored = this.#restored(torrent);
      if (restored === undefined) logger.error('A download cannot be restored', { id: torrent.record.id });
      else this.#begin(restored);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.all().map((torrent) => torrent.stop()));
  }

  #restored({ record, metainfo }: SavedTorrent, isRecheck = false): Share | Download | undefined {
    if (record.kind === 'share') return new Share(this.ports, { record, metainfo, isRecheck });
    const source = savedSource({ record, metainfo });
    return source === undefined ? undefined : new Download(this.ports, { record, source });
  }

  #begin<T extends Share | Download>(torrent: T): T {
    this.#torrents.set(torrent.id, torrent);
    void torrent.run().then(() => this.#ended(torrent));
    return torrent;
  }

  /** A later one of the same path may have ended before this one, which was syncing still, and have left it alone. */
  async #ended(torrent: CatalogTorrent): Promise<void> {
    const all = this.all();
    const later = all.slice(all.indexOf(torrent) + 1).filter((other) => other.path === torrent.path);
    for (const newer of [torrent, ...later]) await this.#dropReplaced(newer);
  }

  /**
   * Of what was shared from, or downloaded to, one path only the newest counts: the others describe what is no more. One
   * that failed takes the place of nothing but earlier failures, and one that was stopped or removed, of nothing.
   */
  async #dropReplaced(newer: CatalogTorrent): Promise<void> {
    const { state } = newer.view();
    if (newer.isUnderWay || newer.path === '' || this.#torrents.get(newer.id) !== newer) return;
    for (const older of this.all()) {
      if (older === newer) return;
      if (older.constructor !== newer.constructor || older.path !== newer.path || older.isUnderWay) continue;
      if (state === 'failed' && older.view().state !== 'failed') continue;
      await this.remove(older.id).catch((error: unknown) => {
        this.ports.logger.error('A replaced torrent could not be ended', { id: older.id, error });
      });
    }
  }

  #checkScheduler(name: string | undefined): void {
    const { schedulers } = this.ports;
    if (name === undefined || schedulers.has(name)) return;
    throw new RequestInvalidError(
      `This peer has no chunk scheduler "${name}".`,
      `Use one of ${[...schedulers.keys()].join(', ')}.`,
    );
  }

  #checkNotUnderWay(download: Download): void {
    const { contentId } = download.metainfo ?? {};
    if (contentId === undefined) return;
    const same = this.all().find(
      (other) =>
        other instanceof Download &&
        other.isUnderWay &&
        other.path === download.path &&
        other.metainfo?.contentId.equals(contentId) === true,
    );
    if (same !== undefined) throw new DownloadExistsError(same.path, same.id);
  }

  #newRecord(contentPath: string) {
    if (this.#torrents.size >= TORRENTS_MAX) throw new TooManyTorrentsError(TORRENTS_MAX);
    const id = this.ports.random.bytes(4).toString('hex');
    return {
      format: 1,
      id,
      startedAtMs: this.ports.clock.nowMs(),
      finishedAtMs: null,
      path: contentPath,
      stamps: null,
    } as const;
  }
}

function savedSource({ record, metainfo }: SavedTorrent): DownloadSource | undefined {
  if (metainfo !== undefined) return { kind: 'torrent', metainfo };
  return record.kind === 'download' ? downloadSource(record.request) : undefined;
}

function checkAbsolute(file: string): void {
  if (path.isAbsolute(file) && !file.includes('\0')) return;
  throw new RequestInvalidError(`"${file}" is not an absolute path.`, 'Send the whole path, from / on.');
}
