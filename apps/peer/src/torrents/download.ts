import path from 'node:path';
import { type ErrorReport, errorReport } from '@panal/runtime';
import { type OpenedChunkStore, SharedContent } from '@panal/storage-fs';
import { Bitfield, ChunkGeometry, type Metainfo } from '@panal/torrent';
import { DownloadRun, type DownloadSnapshot } from '@panal/transfer';
import { DEFAULT_NAMESPACE, type TorrentState, type TorrentView } from '@panal/wire';
import { LOOKUP_FIRST_MS, LOOKUP_MAX_MS, LOOKUP_RUNNING_MS } from '../peer-limits.js';
import type { TrackedTorrent } from '../tracking/tracker-agent.js';
import type { CatalogTorrent, TorrentPorts } from './catalog-torrent.js';
import type { DownloadSource } from './download-source.js';
import { DownloadTarget } from './download-target.js';
import { MetainfoSearch } from './metainfo-search.js';
import { persist } from './persist.js';
import { ServedContent } from './served-content.js';
import { sourceAddresses } from './source-addresses.js';
import type { DownloadRecord, SavedTorrent } from './torrent-records.js';
import { IDLE, metainfoView } from './torrent-view.js';
import { UploadMeter } from './upload-meter.js';

export interface DownloadOptions {
  readonly record: DownloadRecord;
  readonly source: DownloadSource;
}

/** A torrent on its way to this peer's disk; what is there already is served to others, and goes on being served. */
export class Download implements CatalogTorrent {
  readonly id: string;
  readonly #abort = new AbortController();
  readonly #meter: UploadMeter;
  #record: DownloadRecord;
  #state: TorrentState = 'resolving';
  #reason: ErrorReport | null = null;
  #metainfo: Metainfo | undefined;
  #geometry: ChunkGeometry | undefined;
  #run: DownloadRun | undefined;
  #served: ServedContent | undefined;
  #content: SharedContent | undefined;
  #tracked: TrackedTorrent | undefined;
  #lookupMs = LOOKUP_FIRST_MS;
  readonly #undo: (() => void)[] = [];
  #working: Promise<void> = Promise.resolve();

  constructor(
    private readonly ports: TorrentPorts,
    private readonly options: DownloadOptions,
  ) {
    this.id = options.record.id;
    this.#record = options.record;
    this.#meter = new UploadMeter(ports.clock);
    if (options.source.kind === 'torrent') this.#metainfo = options.source.metainfo;
  }

  get path(): string {
    const { directory, rename } = this.#record.request;
    const name = rename ?? this.#metainfo?.name;
    return name === undefined ? '' : path.join(directory, name);
  }

  get metainfo(): Metainfo | undefined {
    return this.#metainfo;
  }

  get isUnderWay(): boolean {
    return this.#state !== 'failed' && this.#state !== 'complete';
  }

  /** Finds the torrent, fetches it and serves it. Settles when it is whole, has failed, or was stopped. */
  run(): Promise<void> {
    this.#working = this.#work().catch(async (error: unknown) => {
      if (!this.#abort.signal.aborted) await this.#fail(error);
    });
    return this.#working;
  }

  view(): TorrentView {
    const snapshot = this.#run?.snapshot();
    const record = this.#record;
    const isWhole = this.#state === 'complete';
    const sentBytes = this.#served?.sentBytes ?? 0;
    const known = metainfoView(this.#metainfo, this.#geometry?.chunkCount ?? 0);
    return {
      ...IDLE,
      ...known,
      ...(snapshot === undefined ? {} : figuresOf(snapshot)),
      id: this.id,
      kind: 'download',
      title: this.#metainfo?.name ?? titleOf(this.options.source),
      name: record.request.name ?? null,
      path: this.path,
      ...this.#standing(snapshot),
      doneBytes: isWhole ? known.sizeBytes : (snapshot?.doneBytes ?? 0),
      chunksDone: isWhole ? known.chunkCount : (snapshot?.chunksDone ?? 0),
      upRate: this.#meter.rate(sentBytes),
      uploadedBytes: sentBytes,
      sources: snapshot?.sources.map(({ peerId: _peerId, ...source }) => source) ?? [],
      startedAtMs: record.startedAtMs,
      finishedAtMs: record.finishedAtMs,
      elapsedMs: (record.finishedAtMs ?? this.ports.clock.nowMs()) - record.startedAtMs,
    };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#withdraw();
    await this.#working;
  }

  async recheck(): Promise<SavedTorrent> {
    await this.stop();
    // Only what this download brought there is taken for its content; what it found in its way is not.
    if (this.#record.stamps !== null && this.#metainfo !== undefined) await this.#target(this.#metainfo).distrust();
    await this.#save({ stamps: null, finishedAtMs: null });
    return { record: this.#record, metainfo: this.#metainfo };
  }

  async remove(): Promise<void> {
    const wasUnfinished = this.#state !== 'complete';
    await this.stop();
    if (wasUnfinished && this.#metainfo !== undefined) await this.#target(this.#metainfo).discard();
    await this.ports.records.remove(this.id);
  }

  async #work(): Promise<void> {
    const metainfo = this.#metainfo ?? (await this.#resolve());
    this.#metainfo = metainfo;
    this.#geometry = new ChunkGeometry(metainfo);
    await this.ports.records.saveMetainfo(this.id, metainfo);
    if (this.#record.stamps !== null) return this.#serveWhole(metainfo);
    const opened = await this.#persist(
      'paused',
      () => this.#target(metainfo).open(this.#abort.signal),
      async (late) => late?.store.close(),
    );
    if (opened === undefined) return this.#complete(metainfo);
    this.#state = 'waiting';
    const run = this.#start(metainfo, opened);
    if ((await run.ended) !== 'complete' || this.#abort.signal.aborted) return;
    await this.#complete(metainfo, run.durable);
  }

  /** Asks until a tracker or a peer knows: a name may be given, and a torrent shared, after somebody began to wait for it. */
  #resolve(): Promise<Metainfo> {
    const { trackers, shelf, fetchMetadata, logger } = this.ports;
    const search = new MetainfoSearch({ trackers: trackers.trackers, shelf, fetchMetadata, logger });
    return this.#persist('resolving', () => search.resolve(this.options.source, this.#abort.signal));
  }

  /** Shows what stops it, and tries again. */
  #persist<T>(state: TorrentState, attempt: () => Promise<T>, giveBack?: (result: T) => Promise<void>): Promise<T> {
    return persist(attempt, {
      ...(giveBack === undefined ? {} : { giveBack }),
      timers: this.ports.timers,
      signal: this.#abort.signal,
      onTrouble: (reason) => {
        if (reason !== null) this.#state = state;
        this.#reason = reason;
      },
    });
  }

  #start(metainfo: Metainfo, { store, done, note }: OpenedChunkStore): DownloadRun {
    const { ports } = this;
    const geometry = this.#geometry as ChunkGeometry;
    const hash = metainfo.contentId;
    if (note.kind !== 'fresh') ports.logger.info('A download goes on', { id: this.id, ...note });
    const sharesItToo = ports.shelf.has(hash);
    const { scheduler, verify } = this.#record.request;
    const order = scheduler === undefined ? undefined : ports.schedulers.get(scheduler);
    if (scheduler !== undefined && order === undefined) {
      ports.logger.warn('A download goes on without its scheduler', { id: this.id, scheduler });
    }
    const selector = ports.makeSelector?.();
    const run = new DownloadRun({
      metainfo,
      geometry,
      store,
      done,
      ports,
      dialer: ports.makeDialer({ namespace: DEFAULT_NAMESPACE, hash, chunkCount: geometry.chunkCount }),
      rootOf: ports.rootOf,
      listener: { onChunks: (chunks) => this.#served?.announce(chunks) },
      ...(order === undefined ? {} : { scheduler: order }),
      ...(selector === undefined ? {} : { selector }),
      ...(verify === undefined ? {} : { verify }),
      // What this peer shares from another place is as good a source as any: it dials itself.
      ...(sharesItToo ? {} : { ownPeerId: ports.peerId.toString('hex') }),
    });
    this.#run = run;
    const onReadError = (error: unknown): void => this.#doubt(error);
    this.#served = new ServedContent({
      geometry,
      metadata: metainfo.bytes,
      have: run.done,
      reader: store,
      onReadError,
    });
    this.#undo.push(ports.shelf.put(hash, this.#served));
    this.#undo.push(
      ports.shelf.onVisitor(hash, ({ peerId, peerName, host, port }) =>
        run.offer([{ peerId: peerId.toString('hex'), name: peerName, host, port, isClaimed: true }]),
      ),
    );
    run.start();
    if (sharesItToo) run.offer([{ peerId: ports.peerId.toString('hex'), name: 'this peer', ...ports.ownAddress() }]);
    this.#track(metainfo, run);
    this.#onAbort(() => void run.stop());
    return run;
  }

  #track(metainfo: Metainfo, run: DownloadRun | undefined): void {
    const chunkCount = this.#geometry?.chunkCount ?? 0;
    this.#tracked = this.ports.trackers.track({
      metainfo,
      progress: () => ({
        isComplete: this.#state === 'complete',
        chunksDone: this.#state === 'complete' ? chunkCount : (run?.done.count ?? 0),
      }),
      ...(run === undefined ? {} : { onPeers: (peers) => run.offer(sourceAddresses(peers)) }),
      nextLookupMs: () => this.#nextLookupMs(),
    });
  }

  #nextLookupMs(): number | undefined {
    const snapshot = this.#run?.snapshot();
    if (snapshot === undefined || this.#state === 'complete') return undefined;
    if (snapshot.state === 'complete' || snapshot.state === 'failed') return undefined;
    if (snapshot.state !== 'waiting') return LOOKUP_RUNNING_MS;
    this.#lookupMs = Math.min(LOOKUP_MAX_MS, this.#lookupMs * 1.33);
    return this.#lookupMs;
  }

  /** From here on it is content like any shared one: watched for changes, and announced as complete. */
  async #complete(metainfo: Metainfo, durable: Promise<void> = Promise.resolve()): Promise<void> {
    const content = await SharedContent.open({ metainfo, path: this.path, clock: this.ports.clock });
    this.#content = content;
    const finishedAtMs = this.ports.clock.nowMs();
    this.#record = { ...this.#record, finishedAtMs };
    this.#serveFrom(metainfo, content);
    // The record says that it is whole only when a crash cannot make that untrue.
    await durable;
    const stamps = content.stamps.map((stamp) => stamp ?? null);
    await this.#save({ path: this.path, stamps, finishedAtMs });
    await this.#run?.stop();
  }

  async #serveWhole(metainfo: Metainfo): Promise<void> {
    const stamps = (this.#record.stamps ?? []).map((stamp) => stamp ?? undefined);
    this.#content = await SharedContent.open({ metainfo, path: this.path, stamps, clock: this.ports.clock });
    this.#serveFrom(metainfo, this.#content);
  }

  #serveFrom(metainfo: Metainfo, content: SharedContent): void {
    this.#state = 'complete';
    this.#reason = null;
    if (this.#abort.signal.aborted) return;
    if (this.#served === undefined) {
      const geometry = this.#geometry as ChunkGeometry;
      const have = Bitfield.full(geometry.chunkCount);
      this.#served = new ServedContent({
        geometry,
        metadata: metainfo.bytes,
        have,
        reader: content,
        onReadError: (error) => this.#doubt(error),
      });
      this.#undo.push(this.ports.shelf.put(metainfo.contentId, this.#served));
      this.#track(metainfo, undefined);
    } else {
      this.#served.readFrom(content);
      this.#tracked?.changed();
    }
  }

  #doubt(error: unknown): void {
    const { code, retryable } = errorReport(error);
    this.ports.logger.warn('Downloaded content could not be read', { id: this.id, path: this.path, code, error });
    if (!retryable && this.#state === 'complete') void this.#fail(error);
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#reason = errorReport(error);
    this.ports.logger.warn('A download ended', { id: this.id, path: this.path, error });
    await this.#withdraw();
  }

  async #withdraw(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo();
    await this.#tracked?.end();
    await this.#run?.stop();
    await this.#content?.close();
  }

  #standing(snapshot: DownloadSnapshot | undefined): Pick<TorrentView, 'state' | 'reason'> {
    const isRunning = snapshot !== undefined && this.#state === 'waiting';
    // The run is complete a moment before its content is ready to be served.
    const state = isRunning ? (snapshot.state === 'complete' ? 'downloading' : snapshot.state) : this.#state;
    // That the trackers refuse this peer tells more than that nobody is found.
    const trouble = state === 'waiting' ? (this.#tracked?.trouble ?? null) : null;
    return { state, reason: this.#reason ?? trouble ?? (isRunning ? snapshot.reason : null) };
  }

  #target(metainfo: Metainfo): DownloadTarget {
    return new DownloadTarget(metainfo, this.#record.request, this.ports);
  }

  #onAbort(undo: () => void): void {
    this.#abort.signal.addEventListener('abort', undo, { once: true });
  }

  async #save(change: Partial<DownloadRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await this.ports.records.save(this.#record);
  }
}

function figuresOf(snapshot: DownloadSnapshot): Partial<TorrentView> {
  const { downRate, downloadedBytes, wastedBytes, etaMs } = snapshot;
  return { downRate, downloadedBytes, wastedBytes, etaMs };
}

function titleOf(source: DownloadSource): string {
  if (source.kind === 'torrent') return source.metainfo.name;
  return source.kind === 'hash' ? source.title : source.name;
}
