import { type ErrorReport, errorReport } from '@panal/runtime';
import { ContentChangedError, SharedContent, shareContent } from '@panal/storage-fs';
import { Bitfield, ChunkGeometry, type Metainfo } from '@panal/torrent';
import type { TorrentView } from '@panal/wire';
import type { TrackedTorrent } from '../tracking/tracker-agent.js';
import type { CatalogTorrent, TorrentPorts } from './catalog-torrent.js';
import { ServedContent } from './served-content.js';
import type { SavedTorrent, ShareRecord } from './torrent-records.js';
import { IDLE, metainfoView } from './torrent-view.js';
import { UploadMeter } from './upload-meter.js';

interface ShareOptions extends SavedTorrent {
  readonly record: ShareRecord;
  /** Whether the content must still be what `metainfo` says. */
  readonly isRecheck?: boolean;
}

/** A file or directory that this peer offers: hashed once, then served until it changes or the user stops it. */
export class Share implements CatalogTorrent {
  readonly id: string;
  readonly #abort = new AbortController();
  readonly #meter: UploadMeter;
  #record: ShareRecord;
  #state: 'hashing' | 'complete' | 'failed' = 'hashing';
  #reason: ErrorReport | null = null;
  #hashedBytes = 0;
  #totalBytes = 0;
  #metainfo: Metainfo | undefined;
  #served: ServedContent | undefined;
  #content: SharedContent | undefined;
  #tracked: TrackedTorrent | undefined;
  #takeDown: () => void = () => undefined;
  #working: Promise<void> = Promise.resolve();

  constructor(
    private readonly ports: TorrentPorts,
    private readonly options: ShareOptions,
  ) {
    const { record, metainfo } = options;
    this.id = record.id;
    this.#record = record;
    this.#metainfo = metainfo;
    this.#meter = new UploadMeter(ports.clock);
  }

  get path(): string {
    return this.#record.path;
  }

  get metainfo(): Metainfo | undefined {
    return this.#metainfo;
  }

  get isUnderWay(): boolean {
    return this.#state === 'hashing';
  }

  /** Hashes the content unless an earlier run did, and serves it. Settles when it is served or has failed. */
  run(): Promise<void> {
    this.#working = this.#work();
    return this.#working;
  }

  async #work(): Promise<void> {
    try {
      // Content that changed meanwhile is found out below, by its stamps: a person decides whether to share it anew.
      if (this.#metainfo === undefined || this.#record.stamps === null) await this.#hash();
      await this.#serve(this.#metainfo as Metainfo);
    } catch (error) {
      if (!this.#abort.signal.aborted) await this.#fail(error);
    }
  }

  view(): TorrentView {
    const { record, clock } = { record: this.#record, clock: this.ports.clock };
    const chunkCount = this.#served?.geometry.chunkCount ?? 0;
    const sentBytes = this.#served?.sentBytes ?? 0;
    return {
      ...IDLE,
      ...metainfoView(this.#metainfo, chunkCount),
      id: this.id,
      kind: 'share',
      title: this.#metainfo?.name ?? record.path.slice(record.path.lastIndexOf('/') + 1),
      name: record.name?.name ?? null,
      path: record.path,
      state: this.#state,
      reason: this.#reason ?? this.#tracked?.trouble ?? null,
      sizeBytes: this.#metainfo?.sizeBytes ?? this.#totalBytes,
      doneBytes: this.#metainfo?.sizeBytes ?? this.#hashedBytes,
      chunksDone: chunkCount,
      upRate: this.#meter.rate(sentBytes),
      uploadedBytes: sentBytes,
      sources: [],
      startedAtMs: record.startedAtMs,
      finishedAtMs: record.finishedAtMs,
      elapsedMs: (record.finishedAtMs ?? clock.nowMs()) - record.startedAtMs,
    };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#withdraw();
    // Not before: what it was about to write down would bring a removed share back with the next start.
    await this.#working;
  }

  /** The record on the disk stays as it is until the content is read: a restart in between serves what was there. */
  async recheck(): Promise<SavedTorrent> {
    await this.stop();
    return { record: { ...this.#record, stamps: null, finishedAtMs: null }, metainfo: this.#metainfo };
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.ports.records.remove(this.id);
  }

  async #hash(): Promise<void> {
    const { path, torrentFormat, chunkSizeBytes } = this.#record;
    const { signal } = this.#abort;
    const hash = (): ReturnType<typeof shareContent> =>
      shareContent({
        path,
        format: torrentFormat,
        ...(chunkSizeBytes === null ? {} : { chunkSizeBytes }),
        signal,
        onProgress: ({ doneBytes, totalBytes }) => {
          this.#hashedBytes = doneBytes;
          this.#totalBytes = totalBytes;
        },
      });
    const hashed = await this.ports.inHashingTurn(hash, signal);
    signal.throwIfAborted();
    if (this.options.isRecheck === true && this.#metainfo?.contentId.equals(hashed.metainfo.contentId) === false) {
      throw new ContentChangedError(path, 'its bytes are not those that were shared');
    }
    this.#metainfo = hashed.metainfo;
    await this.ports.records.saveMetainfo(this.id, hashed.metainfo);
    const stamps = hashed.stamps.map((stamp) => stamp ?? null);
    await this.#save({ path: hashed.path, stamps, finishedAtMs: this.ports.clock.nowMs() });
  }

  async #serve(metainfo: Metainfo): Promise<void> {
    const { shelf, trackers, clock } = this.ports;
    const stamps = this.#record.stamps?.map((stamp) => stamp ?? undefined);
    this.#content = await SharedContent.open({
      metainfo,
      path: this.#record.path,
      clock,
      ...(stamps ? { stamps } : {}),
    });
    if (this.#abort.signal.aborted) return this.#withdraw();
    const geometry = new ChunkGeometry(metainfo);
    const have = Bitfield.full(geometry.chunkCount);
    this.#served = new ServedContent({
      geometry,
      metadata: metainfo.bytes,
      have,
      reader: this.#content,
      onReadError: (error) => this.#doubt(error),
    });
    this.#takeDown = shelf.put(metainfo.contentId, this.#served);
    this.#state = 'complete';
    this.#reason = null;
    const { name } = this.#record;
    this.#tracked = trackers.track({
      metainfo,
      ...(name === null ? {} : { name }),
      progress: () => ({ isComplete: true, chunksDone: geometry.chunkCount }),
    });
  }

  /** A read failed. Content that changed is not this torrent any more; anything else may pass. */
  #doubt(error: unknown): void {
    const { code, retryable } = errorReport(error);
    this.ports.logger.warn('Shared content could not be read', { id: this.id, path: this.path, code, error });
    if (!retryable) void this.#fail(error);
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#reason = errorReport(error);
    this.ports.logger.warn('A share ended', { id: this.id, path: this.path, error });
    await this.#withdraw();
  }

  async #withdraw(): Promise<void> {
    this.#takeDown();
    await this.#tracked?.end();
    await this.#content?.close();
  }

  async #save(change: Partial<ShareRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await this.ports.records.save(this.#record);
  }
}
