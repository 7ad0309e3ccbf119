import type { Bitfield, ChunkGeometry } from '@panal/torrent';
import type { ChunkStore } from '@panal/transfer';
import type { OfferedContent } from '@panal/transport-tcp';

interface ServedContentOptions {
  readonly geometry: ChunkGeometry;
  /** The torrent file. */
  readonly metadata: Uint8Array;
  readonly have: Bitfield;
  readonly reader: Pick<ChunkStore, 'read'>;
  readonly onReadError: (error: unknown) => void;
}

/** Content on this peer's disk, as the data port serves it. */
export class ServedContent implements OfferedContent {
  readonly geometry: ChunkGeometry;
  readonly metadata: Uint8Array;
  readonly have: Bitfield;
  readonly #watchers = new Set<(chunks: readonly number[]) => void>();
  readonly #endListeners = new Set<() => void>();
  #reader: Pick<ChunkStore, 'read'>;
  #sentBytes = 0;

  constructor(private readonly options: ServedContentOptions) {
    this.geometry = options.geometry;
    this.metadata = options.metadata;
    this.have = options.have;
    this.#reader = options.reader;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  read(contentOffset: number, into: Uint8Array): Promise<void> {
    return this.#reader.read(contentOffset, into);
  }

  watch(listener: (chunks: readonly number[]) => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  onEnd(listener: () => void): () => void {
    this.#endListeners.add(listener);
    return () => void this.#endListeners.delete(listener);
  }

  /** It is served no more. */
  end(): void {
    for (const listener of this.#endListeners) listener();
  }

  countSent(sizeBytes: number): void {
    this.#sentBytes += sizeBytes;
  }

  reportReadError(error: unknown): void {
    this.options.onReadError(error);
  }

  /** These chunks have joined `have`: tells the downloaders. */
  announce(chunks: readonly number[]): void {
    for (const watcher of this.#watchers) watcher(chunks);
  }

  /** The content has moved: it is read from there now. */
  readFrom(reader: Pick<ChunkStore, 'read'>): void {
    this.#reader = reader;
  }
}
