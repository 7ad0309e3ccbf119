import assert from 'node:assert/strict';
import type { ManualClock, Random } from '@panal/runtime';
import { Bitfield } from '@panal/torrent';
import type { ChunkLayout } from './chunk-layout.js';
import type {
  BlockRequest,
  DialedSource,
  SourceAddress,
  SourceDialer,
  SourceLink,
  SourceLinkEvents,
} from './source-link.js';

/** How a simulated source behaves; everything left out is as good as can be. */
export interface SourceBehaviour {
  readonly latencyMs?: number;
  readonly bytesPerSecond?: number;
  /** Default: all chunks. */
  readonly have?: Iterable<number>;
  /** It gets one more of these each `gainEveryMs`, and announces it. */
  readonly gains?: readonly number[];
  readonly gainEveryMs?: number;
  /** The connection breaks after so many blocks of each connection. */
  readonly diesAfterBlocks?: number;
  /** It goes silent after so many blocks, in all. */
  readonly stallsAfterBlocks?: number;
  /** Part of the blocks, of 1, that are not what they should be. */
  readonly corruptShare?: number;
  readonly refusedShare?: number;
  readonly refusalCode?: string;
  /** What goes wrong with the first block. */
  readonly misconduct?: 'unasked' | 'short' | 'twice';
  readonly isDialable?: boolean;
}

/** A simulated source, as the test sees it. */
export interface SimulatedSource {
  readonly address: SourceAddress;
  behaviour: SourceBehaviour;
  blocksSent: number;
  dials: number;
  link: { cut(reason: string): void; close(): void } | undefined;
}

/** Sources in one process under a manual clock. Blocks are borrowed: a released one is overwritten at once. */
export class SimulatedNetwork implements SourceDialer {
  readonly sources = new Map<string, SimulatedSource>();
  readonly #impostors = new Map<number, SimulatedSource>();
  /** Blocks handed out and not released. */
  borrowedCount = 0;
  borrowedBytesMax = 0;
  sentBytes = 0;
  #borrowedBytes = 0;

  constructor(
    readonly clock: ManualClock,
    readonly random: Random,
    readonly content: Buffer,
    readonly layout: ChunkLayout,
  ) {}

  add(name: string, behaviour: SourceBehaviour = {}): SimulatedSource {
    const address = { peerId: `id-${name}`, name, host: '192.0.2.1', port: 5550 };
    const source: SimulatedSource = { address, behaviour, blocksSent: 0, dials: 0, link: undefined };
    this.sources.set(address.peerId, source);
    return source;
  }

  /** Somebody else who answers at an address of its own, and calls itself `source`. It is not among the sources. */
  addImpostor(claimed: SimulatedSource, behaviour: SourceBehaviour): SimulatedSource {
    const port = 6000 + this.#impostors.size;
    const address = { ...claimed.address, port, isClaimed: true };
    const impostor: SimulatedSource = { address, behaviour, blocksSent: 0, dials: 0, link: undefined };
    this.#impostors.set(port, impostor);
    return impostor;
  }

  async dial(address: SourceAddress, events: SourceLinkEvents, signal: AbortSignal): Promise<DialedSource> {
    const source = this.#impostors.get(address.port) ?? this.sources.get(address.peerId);
    if (source !== undefined) source.dials += 1;
    await this.#pass(source?.behaviour.latencyMs ?? 1, signal);
    if (source === undefined || source.behaviour.isDialable === false) throw new Error('connection refused');
    const have = source.behaviour.have ?? Array.from({ length: this.layout.chunkCount }, (_, chunk) => chunk);
    const bitfield = new Bitfield(this.layout.chunkCount);
    for (const chunk of have) bitfield.add(chunk);
    const link = new SimulatedLink(this, source, events);
    source.link = link;
    return { link, have: bitfield };
  }

  /** The downloader died: nobody hears of anything any more, and what was lent is gone with it. */
  hangUp(): void {
    for (const source of this.sources.values()) source.link?.close();
    this.borrowedCount = 0;
    this.#borrowedBytes = 0;
  }

  borrow(bytes: Buffer): () => void {
    this.borrowedCount += 1;
    this.#borrowedBytes += bytes.length;
    this.borrowedBytesMax = Math.max(this.borrowedBytesMax, this.#borrowedBytes);
    let isBorrowed = true;
    return () => {
      assert(isBorrowed, 'a block is released once');
      isBorrowed = false;
      this.borrowedCount -= 1;
      this.#borrowedBytes -= bytes.length;
      bytes.fill(0xdd);
    };
  }

  #pass(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.clock.after(delayMs, resolve);
      signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    });
  }
}

class SimulatedLink implements SourceLink {
  readonly #open = new Map<number, BlockRequest>();
  #freeAtMs: number;
  #isClosed = false;
  #blocksOfLink = 0;

  constructor(
    private readonly network: SimulatedNetwork,
    private readonly source: SimulatedSource,
    private readonly events: SourceLinkEvents,
  ) {
    this.#freeAtMs = network.clock.monotonicMs();
    this.#gain([...(source.behaviour.gains ?? [])]);
  }

  get name(): string {
    return this.source.address.name;
  }

  get address(): string {
    return `${this.source.address.host}:${this.source.address.port}`;
  }

  request(block: BlockRequest): void {
    if (this.#isClosed) return;
    assert(!this.#open.has(block.id), 'a request id is unique');
    assert(block.begin % this.network.layout.blockSizeBytes === 0, 'a block is aligned');
    this.#open.set(block.id, block);
    const { latencyMs = 1, bytesPerSecond = 1e9, refusedShare = 0 } = this.source.behaviour;
    const { clock, random } = this.network;
    if (random.below(1000) < refusedShare * 1000) {
      clock.after(latencyMs, () => this.#refuse(block));
      return;
    }
    const startMs = Math.max(clock.monotonicMs(), this.#freeAtMs);
    this.#freeAtMs = startMs + (block.lengthBytes * 1000) / bytesPerSecond;
    clock.after(this.#freeAtMs + latencyMs - clock.monotonicMs(), () => this.#send(block));
  }

  cancel(requestId: number): void {
    // A block that is under way cannot be called back: half of the cancels come too late.
    if (this.network.random.below(2) === 0) this.#open.delete(requestId);
  }

  close(): void {
    this.#isClosed = true;
    this.#open.clear();
  }

  cut(reason: string): void {
    if (this.#isClosed) return;
    this.close();
    this.events.onLost(new Error(reason));
  }

  #refuse({ id }: BlockRequest): void {
    if (this.#isClosed || !this.#open.delete(id)) return;
    this.events.onRefused(id, this.source.behaviour.refusalCode ?? 'busy');
  }

  #send({ id, chunk, begin, lengthBytes }: BlockRequest): void {
    const { behaviour } = this.source;
    if (this.#isClosed || !this.#open.has(id)) return;
    if (this.source.blocksSent >= (behaviour.stallsAfterBlocks ?? Number.POSITIVE_INFINITY)) return;
    if (this.#blocksOfLink >= (behaviour.diesAfterBlocks ?? Number.POSITIVE_INFINITY)) return this.cut('reset by peer');
    this.#open.delete(id);
    this.#blocksOfLink += 1;
    this.source.blocksSent += 1;
    const start = this.network.layout.chunkStart(chunk) + begin;
    const bytes = Buffer.from(this.network.content.subarray(start, start + lengthBytes));
    if (this.network.random.below(1000) < (behaviour.corruptShare ?? 0) * 1000) bytes[0] = (bytes[0] as number) ^ 1;
    if (this.source.blocksSent > 1 || behaviour.misconduct === undefined) return this.#deliver(id, bytes);
    if (behaviour.misconduct === 'unasked') this.#deliver((id ^ 0x8000_0000) >>> 0, bytes);
    else if (behaviour.misconduct === 'short') this.#deliver(id, bytes.subarray(1));
    else for (let time = 0; time < 2; time += 1) this.#deliver(id, Buffer.from(bytes));
  }

  #deliver(requestId: number, bytes: Buffer): void {
    this.network.sentBytes += bytes.length;
    this.events.onBlock({ requestId, bytes, release: this.network.borrow(bytes) });
  }

  #gain(chunks: number[]): void {
    const next = chunks.shift();
    if (next === undefined) return;
    this.network.clock.after(this.source.behaviour.gainEveryMs ?? 100, () => {
      if (this.#isClosed) return;
      this.events.onHave([next]);
      this.#gain(chunks);
    });
  }
}
