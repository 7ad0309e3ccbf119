/** What the engine must know of a torrent's geometry; `ChunkGeometry` is one. */
export interface ChunkLayout {
  readonly chunkCount: number;
  /** A chunk is asked for in blocks of this size; the last one may be shorter. */
  readonly blockSizeBytes: number;
  readonly contentSizeBytes: number;
  chunkSize(chunk: number): number;
  /** Where the chunk begins in the content. */
  chunkStart(chunk: number): number;
}
