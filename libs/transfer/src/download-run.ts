import { type CancelTimer, type ErrorReport, errorReport } from '@panal/runtime';
import { type Bitfield, type ChunkVerifier, createChunkVerifier } from '@panal/torrent';
import { ChunkNews } from './chunk-news.js';
import { chunkSchedulerFactory } from './chunk-schedulers.js';
import { DiskPause } from './disk-pause.js';
import type { DownloadRunOptions } from './download-options.js';
import {
  type DownloadSnapshot,
  type DownloadState,
  progressOf,
  sourcesOf,
  waitingReason,
} from './download-snapshot.js';
import { RereadError } from './errors.js';
import { JournalWriter } from './journal-writer.js';
import { TICK_MS } from './limits.js';
import { MeasuredSelector } from './measured-selector.js';
import { badChunksOf } from './reread.js';
import type { SourceAddress } from './source-link.js';
import { TransferLoop } from './transfer-loop.js';

type Phase = 'new' | 'running' | 'finishing' | 'complete' | 'failed' | 'stopped';

/** One download from begin to end, or to `stop`: when it runs, what makes it durable, and what it tells. */
export class DownloadRun {
  readonly #options: DownloadRunOptions;
  readonly #loop: TransferLoop;
  readonly #journal: JournalWriter;
  readonly #disk: DiskPause;
  readonly #news: ChunkNews;
  #phase: Phase = 'new';
  #isReread = false;
  #failure: ErrorReport | null = null;
  #finishing: Promise<void> = Promise.resolve();
  #settling: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #cancelTick: CancelTimer | undefined;
  #told: string | undefined;
  #end!: (state: DownloadState) => void;

  /** Settles with the last state: complete, failed, or what it was when `stop` was called. Never rejects. */
  readonly ended = new Promise<DownloadState>((resolve) => {
    this.#end = resolve;
  });

  /** Of a complete download: settles when a crash of the machine cannot take it any more, or rejects with what failed. */
  get durable(): Promise<void> {
    return this.#settling;
  }

  constructor(options: DownloadRunOptions) {
    const { metainfo, geometry, store, ports } = options;
    this.#options = options;
    this.#loop = new TransferLoop({
      ...options,
      layout: geometry,
      createVerifier: (chunk) => createChunkVerifier(metainfo, geometry, chunk, options.rootOf),
      scheduler: chunkSchedulerFactory(options.scheduler ?? 'rarest-first'),
      selector: options.selector ?? new MeasuredSelector(),
      ownPeerId: options.ownPeerId,
      onDone: (chunk) => this.#chunkDone(chunk),
      onWriteTrouble: (error, retry) => this.#disk.begin('write', error, retry),
    });
    this.#journal = new JournalWriter(store, this.#loop.engine.done);
    this.#news = new ChunkNews(ports.timers, (chunks) => options.listener?.onChunks?.(chunks));
    this.#disk = new DiskPause({
      timers: ports.timers,
      onPaused: () => this.#paused(),
      onStillPaused: () => this.#loop.intake.giveUpHeld(),
      onResumed: () => this.#resumed(),
      onFailed: (error) => this.#fail(error),
    });
  }

  /** Chunks verified and written, live: uploads read from it. Do not change it. */
  get done(): Bitfield {
    return this.#loop.engine.done;
  }

  /** Begins; once. A download that has everything finishes without a source. */
  start(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'running';
    this.#cancelTick = this.#options.ports.timers.every(TICK_MS, () => this.#tick());
    this.#loop.links.dialMore();
    this.#finishIfWhole();
    this.#tellState();
  }

  /** Peers that may have the content. Known ones are not added twice; call it as often as the tracker answers. */
  offer(addresses: readonly SourceAddress[]): void {
    if (this.#phase !== 'new' && this.#phase !== 'running') return;
    this.#loop.links.learn(addresses);
    if (this.#phase === 'running') this.#loop.links.dialMore();
  }

  /** Closes all links, makes what is done durable and closes the store, also of a complete download. Never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  snapshot(): DownloadSnapshot {
    const { engine, links } = this.#loop;
    const nowMs = this.#nowMs();
    const [state, reason] = this.#state();
    const progress = progressOf(engine, this.#options.geometry.contentSizeBytes, nowMs);
    return { state, reason, ...progress, sources: sourcesOf(engine, links, nowMs) };
  }

  #tick(): void {
    if (this.#phase === 'running') this.#loop.tick();
    if (this.#disk.report === null && this.#journal.isDue(this.#nowMs())) this.#commit();
    this.#tellState();
  }

  #chunkDone(chunk: number): void {
    this.#journal.changed(this.#options.geometry.chunkSize(chunk), this.#nowMs());
    this.#news.add(chunk);
    if (this.#disk.report === null && this.#journal.isDue(this.#nowMs())) this.#commit();
    this.#finishIfWhole();
  }

  #commit(): void {
    const commit = (): Promise<void> => this.#journal.commit(this.#nowMs());
    commit().catch((error: unknown) => this.#disk.begin('commit', error, commit));
  }

  #finishIfWhole(): void {
    if (this.#phase !== 'running' || !this.done.isFull) return;
    this.#phase = 'finishing';
    this.#loop.links.close('the download is complete');
    this.#news.flush();
    const finish = async (): Promise<void> => {
      this.#finishing = this.#finish();
      await this.#finishing;
      this.#complete();
    };
    finish().catch((error: unknown) => this.#disk.begin('finish', error, finish));
  }

  async #finish(): Promise<void> {
    const { metainfo, geometry, store, verify } = this.#options;
    if (verify === 'reread' && !this.#isReread) {
      const createVerifier = (chunk: number): ChunkVerifier => createChunkVerifier(metainfo, geometry, chunk);
      const bad = await badChunksOf({ store, layout: geometry, createVerifier });
      this.#isReread = true;
      if (bad.length > 0) {
        // The journal must not name them: the next download of this content fetches them, and nothing else.
        for (const chunk of bad) this.#loop.dispatch({ kind: 'undone', chunk });
        this.#journal.changed(0, this.#nowMs());
        await this.#journal.commit(this.#nowMs());
        throw new RereadError(bad.length);
      }
    }
    await store.place();
  }

  /** Whoever waits for the content has it now; that a crash of the machine cannot take it any more comes after. */
  #complete(): void {
    if (this.#phase === 'failed') return;
    this.#phase = 'complete';
    this.#settling = this.#options.store.finish();
    // Told to whoever asks `durable`; nobody need.
    this.#settling.catch((error: unknown) => {
      this.#options.ports.logger.error('A complete download could not be made durable.', { error });
    });
    this.#endWith('complete');
  }

  #paused(): void {
    this.#options.ports.logger.warn('A download is paused.', { reason: this.#disk.report?.code });
    this.#loop.dispatch({ kind: 'paused' });
    this.#tellState();
  }

  #resumed(): void {
    this.#options.ports.logger.info('A download goes on.');
    this.#loop.dispatch({ kind: 'resumed' });
    this.#tellState();
  }

  #fail(error: unknown): void {
    if (this.#phase === 'stopped' || this.#phase === 'failed') return;
    this.#options.ports.logger.error('A download failed.', { error });
    this.#phase = 'failed';
    this.#failure = errorReport(error);
    this.#loop.links.close('the download failed');
    void this.#loop.intake.close();
    this.#endWith('failed');
  }

  async #stop(): Promise<void> {
    const [state] = this.#state();
    const { logger } = this.#options.ports;
    if (this.#phase !== 'complete' && this.#phase !== 'failed') this.#phase = 'stopped';
    this.#loop.links.close('the download is stopped');
    this.#disk.close();
    this.#news.flush();
    await this.#loop.intake.close();
    const isFinished = await this.#finishing.then(
      () => this.done.isFull,
      () => false,
    );
    try {
      if (!isFinished) await this.#journal.commit(this.#nowMs());
    } catch (error) {
      logger.warn('What was done last could not be made durable.', { error });
    }
    await this.#settling.catch(() => undefined);
    try {
      await this.#options.store.close();
    } catch (error) {
      logger.warn('The store of a download could not be closed.', { error });
    }
    this.#endWith(state);
  }

  #endWith(state: DownloadState): void {
    this.#cancelTick?.();
    this.#disk.close();
    this.#tellState();
    this.#end(state);
  }

  #state(): readonly [DownloadState, ErrorReport | null] {
    if (this.#failure !== null) return ['failed', this.#failure];
    if (this.#phase === 'complete') return ['complete', null];
    if (this.#disk.report !== null) return ['paused', this.#disk.report];
    if (this.#phase === 'finishing' || this.#loop.engine.inHandBytes > 0) return ['downloading', null];
    return ['waiting', waitingReason(this.#loop.engine, this.#nowMs())];
  }

  #tellState(): void {
    const [state, reason] = this.#state();
    const told = `${state} ${reason?.code ?? ''}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#options.listener?.onState?.(state, reason);
  }

  #nowMs(): number {
    return this.#options.ports.clock.monotonicMs();
  }
}
