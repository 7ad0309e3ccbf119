import type { ChunkVerifier } from '@panal/torrent';
import type { ChunkLayout } from './chunk-layout.js';
import type { ChunkStore } from './chunk-store.js';

export interface RereadOptions {
  readonly store: ChunkStore;
  readonly layout: ChunkLayout;
  readonly createVerifier: (chunk: number) => ChunkVerifier;
}

/** Reads the whole content back and says which chunks are not what the torrent says. Rejects as the store's reads do. */
export async function badChunksOf({ store, layout, createVerifier }: RereadOptions): Promise<number[]> {
  const buffer = Buffer.allocUnsafe(layout.blockSizeBytes);
  const bad: number[] = [];
  for (let chunk = 0; chunk < layout.chunkCount; chunk += 1) {
    const verifier = createVerifier(chunk);
    const [start, size] = [layout.chunkStart(chunk), layout.chunkSize(chunk)];
    for (let begin = 0; begin < size; begin += layout.blockSizeBytes) {
      const block = buffer.subarray(0, Math.min(layout.blockSizeBytes, size - begin));
      await store.read(start + begin, block);
      await verifier.addBlock(begin, block);
    }
    if (!verifier.isValid()) bad.push(chunk);
  }
  return bad;
}
