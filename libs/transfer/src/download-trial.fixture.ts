import assert from 'node:assert/strict';
import { type CancelTimer, ManualClock, SeededRandom, silentLogger, type Timers } from '@panal/runtime';
import { type Bitfield, ChunkGeometry, createTorrent, FileHasher, type Metainfo, PieceHasher } from '@panal/torrent';
import type { ChunkStore } from './chunk-store.js';
import type { DownloadRunOptions } from './download-options.js';
import { DownloadRun } from './download-run.js';
import type { DownloadSnapshot, DownloadState } from './download-snapshot.js';
import { MemoryChunkStore } from './memory-chunk-store.js';
import { SimulatedNetwork } from './simulated-network.fixture.js';

const CHUNK_BYTES = 128 * 1024;
const BLOCK_BYTES = 16 * 1024;

/** A process that runs a download: once it is dead, its timers are still and nothing it began at the disk ends. */
class TrialProcess implements Timers, ChunkStore {
  isAlive = true;
  isDone: (contentOffset: number) => boolean = () => false;

  constructor(
    private readonly clock: ManualClock,
    private readonly random: SeededRandom,
    private readonly store: MemoryChunkStore,
  ) {}

  after(delayMs: number, callback: () => void): CancelTimer {
    return this.clock.after(delayMs, () => this.isAlive && callback());
  }

  every(intervalMs: number, callback: () => void): CancelTimer {
    return this.clock.every(intervalMs, () => this.isAlive && callback());
  }

  read(contentOffset: number, into: Uint8Array): Promise<void> {
    return this.store.read(contentOffset, into);
  }

  async write(contentOffset: number, bytes: Uint8Array): Promise<void> {
    await this.#disk();
    assert(!this.isDone(contentOffset), 'a chunk that is verified is not written again');
    await this.store.write(contentOffset, bytes);
  }

  async commit(done: Bitfield): Promise<void> {
    const named = done.count;
    await this.#disk();
    assert.equal(done.count, named, 'what a commit names does not change under it');
    await this.store.commit(done);
  }

  async place(): Promise<void> {
    await this.#disk();
    await this.store.place();
  }

  async finish(): Promise<void> {
    await this.#disk();
    await this.store.finish();
  }

  close(): Promise<void> {
    return this.store.close();
  }

  /** A few milliseconds; for ever in a dead process. */
  #disk(): Promise<void> {
    return new Promise((resolve) => this.after(this.random.below(4), resolve));
  }
}

/** One download against a simulated network: a seed fixes everything that happens. */
export class DownloadTrial {
  readonly clock = new ManualClock();
  readonly random: SeededRandom;
  readonly content: Buffer;
  readonly metainfo: Metainfo;
  readonly geometry: ChunkGeometry;
  readonly network: SimulatedNetwork;
  readonly store: MemoryChunkStore;
  #process: TrialProcess;
  readonly states: string[] = [];
  readonly told: number[] = [];
  run: DownloadRun;
  ended: DownloadState | undefined;

  constructor(
    readonly seed: number,
    options: { readonly sizeBytes?: number; readonly format?: 'v1' | 'v2' } & Partial<DownloadRunOptions> = {},
  ) {
    this.random = new SeededRandom(seed);
    this.content = this.random.bytes(64 * 1024);
    const sizeBytes = options.sizeBytes ?? 3 * 1024 * 1024 + 5000;
    this.content = Buffer.alloc(sizeBytes, this.content);
    this.metainfo = torrentOf(this.content, options.format ?? 'v2');
    this.geometry = new ChunkGeometry(this.metainfo);
    // Several blocks a chunk, without megabytes of content.
    (this.geometry as { blockSizeBytes: number }).blockSizeBytes = BLOCK_BYTES;
    this.network = new SimulatedNetwork(this.clock, this.random, this.content, this.geometry);
    this.store = new MemoryChunkStore(this.geometry.contentSizeBytes, this.geometry.chunkCount);
    this.#process = new TrialProcess(this.clock, this.random, this.store);
    this.run = this.#create(options);
  }

  get snapshot(): DownloadSnapshot {
    return this.run.snapshot();
  }

  /** Starts, with every source of the network known. */
  start(): void {
    this.run.start();
    this.offerAll();
  }

  offerAll(): void {
    this.run.offer([...this.network.sources.values()].map(({ address }) => address));
  }

  /** The process died, and starts again with what the journal names. */
  restart(options: Partial<DownloadRunOptions> = {}): void {
    this.#process.isAlive = false;
    this.network.hangUp();
    this.store.crash();
    this.#process = new TrialProcess(this.clock, this.random, this.store);
    this.told.splice(0);
    this.ended = undefined;
    this.run = this.#create(options);
    this.start();
  }

  /** Lets time pass until `condition` holds; fails with the seed when it does not within `boundMs`. */
  async until(condition: () => boolean, boundMs = 120_000): Promise<void> {
    const endMs = this.clock.monotonicMs() + boundMs;
    while (!condition()) {
      if (this.clock.monotonicMs() >= endMs) {
        throw new Error(`seed ${this.seed}: not within ${boundMs} ms; ${JSON.stringify(this.snapshot)}`);
      }
      this.clock.advance(5);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async pass(durationMs: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + durationMs;
    await this.until(() => this.clock.monotonicMs() >= endMs, durationMs + 10);
  }

  /** Runs to the end and checks what must hold of every download that completes. */
  async complete(boundMs?: number): Promise<void> {
    await this.until(() => this.ended === 'complete', boundMs);
    const { doneBytes, chunksDone, chunkCount, downloadedBytes } = this.snapshot;
    assert(this.store.content.equals(this.content), `seed ${this.seed}: the content differs`);
    assert(this.store.isPlaced, `seed ${this.seed}: the content is not at its place`);
    assert.deepEqual([doneBytes, chunksDone], [this.content.length, chunkCount], `seed ${this.seed}`);
    assert.equal(new Set(this.told).size, this.told.length, `seed ${this.seed}: a chunk was told twice`);
    assert(downloadedBytes <= this.network.sentBytes, `seed ${this.seed}: more came than was sent`);
    await this.until(() => this.store.isFinished);
    await this.pass(50);
    assert.equal(this.network.borrowedCount, 0, `seed ${this.seed}: blocks were not released`);
  }

  #create(options: Partial<DownloadRunOptions>): DownloadRun {
    const process = this.#process;
    const run = new DownloadRun({
      metainfo: this.metainfo,
      geometry: this.geometry,
      store: process,
      dialer: this.network,
      ports: { clock: this.clock, timers: process, random: this.random, logger: silentLogger },
      done: this.store.journal,
      listener: {
        onChunks: (chunks) => void this.told.push(...chunks),
        onState: (state, reason) => void this.states.push(reason === null ? state : `${state}: ${reason.code}`),
      },
      ...options,
    });
    process.isDone = (contentOffset) => run.done.has(this.geometry.chunkAt(contentOffset));
    void run.ended.then((state) => {
      if (process.isAlive) this.ended = state;
    });
    return run;
  }
}

function torrentOf(content: Buffer, format: 'v1' | 'v2'): Metainfo {
  const shape = { name: 'sample.bin', isDirectory: false, chunkSizeBytes: CHUNK_BYTES, format };
  const file = { path: ['sample.bin'], sizeBytes: content.length, isExecutable: false };
  if (format === 'v1') {
    const hasher = new PieceHasher({ chunkSizeBytes: CHUNK_BYTES });
    hasher.push(content);
    return createTorrent({
      ...shape,
      files: [{ ...file, piecesRoot: undefined, layer: undefined }],
      pieces: hasher.finish(),
    });
  }
  const hasher = new FileHasher({ sizeBytes: content.length, chunkSizeBytes: CHUNK_BYTES });
  hasher.push(content);
  return createTorrent({ ...shape, files: [{ ...file, ...hasher.finish() }] });
}
