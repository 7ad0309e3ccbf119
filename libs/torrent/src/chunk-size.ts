import { CHUNK_COUNT_POLICY_MAX, CHUNK_SIZE_MADE_MAX, CHUNK_SIZE_POLICY_MIN } from './limits.js';

/**
 * The chunk size for content of that size: the smallest power of two from 256 KiB that makes at most 1024 chunks, and
 * at most 16 MiB. Small chunks spread faster between peers; many chunks cost metadata and bookkeeping.
 */
export function chunkSizeFor(contentSizeBytes: number): number {
  let chunkSizeBytes = CHUNK_SIZE_POLICY_MIN;
  while (chunkSizeBytes < CHUNK_SIZE_MADE_MAX && contentSizeBytes / chunkSizeBytes > CHUNK_COUNT_POLICY_MAX) {
    chunkSizeBytes *= 2;
  }
  return chunkSizeBytes;
}
