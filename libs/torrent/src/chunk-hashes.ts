import { BencodeDictionary, type BencodeValue } from './bencode-dictionary.js';
import { MetainfoError, quote } from './errors.js';
import { merkleRootOfLayer } from './file-hasher.js';
import { asBytes, asDictionary } from './info-fields.js';
import { CHUNK_COUNT_MAX, LEAF_SIZE_BYTES, SHA1_SIZE_BYTES, SHA256_SIZE_BYTES } from './limits.js';
import type { ContentFile, Metainfo } from './metainfo.js';

export type ChunkLayout = Pick<Metainfo, 'format' | 'chunkSizeBytes' | 'files'>;

/**
 * The v2 hash of every chunk, end to end, from the files' roots and `piece layers`.
 * @throws MetainfoError for a layer that is missing, has a wrong length, or is not of its file's root.
 * @see https://www.bittorrent.org/beps/bep_0052.html
 */
export function chunkHashesOf({ chunkSizeBytes, files }: ChunkLayout, layersValue: BencodeValue | undefined): Buffer {
  const layers = layersValue === undefined ? BencodeDictionary.of([]) : asDictionary(layersValue, '"piece layers"');
  const hashes = Buffer.allocUnsafe(chunkCountOf(files, chunkSizeBytes) * SHA256_SIZE_BYTES);
  const verified = new Set<string>();
  let at = 0;
  for (const file of files) {
    if (file.piecesRoot === undefined) continue;
    const hash = file.sizeBytes <= chunkSizeBytes ? file.piecesRoot : layerOf(file, chunkSizeBytes, layers, verified);
    at += hash.copy(hashes, at);
  }
  return hashes;
}

function layerOf(
  { piecesRoot, path, sizeBytes }: ContentFile,
  chunkSizeBytes: number,
  layers: BencodeDictionary,
  verified: Set<string>,
): Buffer {
  const root = piecesRoot as Buffer;
  const key = root.toString('latin1');
  const where = `"piece layers" of ${quote(path.join('/'))}`;
  const value = layers.get(key);
  if (value === undefined) throw new MetainfoError('layer_missing', where, 'is missing');
  const layer = asBytes(value, where);
  const expectedLength = Math.ceil(sizeBytes / chunkSizeBytes) * SHA256_SIZE_BYTES;
  if (layer.length !== expectedLength) {
    throw new MetainfoError('wrong_length', where, `has ${layer.length} bytes, not ${expectedLength}`);
  }
  // Files with equal content share a layer, which is checked once.
  if (!verified.has(key) && !merkleRootOfLayer(layer, chunkSizeBytes / LEAF_SIZE_BYTES).equals(root)) {
    throw new MetainfoError('layer_mismatch', where, 'does not have the root that the file has');
  }
  verified.add(key);
  return layer;
}

function chunkCountOf(files: readonly ContentFile[], chunkSizeBytes: number): number {
  let count = 0;
  for (const { sizeBytes } of files) count += Math.ceil(sizeBytes / chunkSizeBytes);
  checkChunkCount(count);
  return count;
}

/**
 * The v1 `pieces`: exactly one SHA-1 for each chunk of `entries`, padding included.
 * @throws MetainfoError
 * @see https://www.bittorrent.org/beps/bep_0003.html
 */
export function piecesOf(
  info: BencodeDictionary,
  entries: readonly { readonly sizeBytes: number }[],
  chunkSizeBytes: number,
): Buffer {
  const pieces = asBytes(info.get('pieces'), 'info.pieces');
  const count = Math.ceil(totalSizeOf(entries, 'info.files') / chunkSizeBytes);
  checkChunkCount(count);
  if (pieces.length !== count * SHA1_SIZE_BYTES) {
    throw new MetainfoError(
      'wrong_length',
      'info.pieces',
      `has ${pieces.length} bytes, not ${count * SHA1_SIZE_BYTES}`,
    );
  }
  return pieces;
}

/** Sum of sizes. @throws MetainfoError above 2^53 - 1. */
export function totalSizeOf(entries: readonly { readonly sizeBytes: number }[], where: string): number {
  let total = 0;
  for (const { sizeBytes } of entries) {
    total += sizeBytes;
    if (!Number.isSafeInteger(total))
      throw new MetainfoError('out_of_range', where, 'has more than 2^53 - 1 bytes in all');
  }
  return total;
}

function checkChunkCount(count: number): void {
  if (count > CHUNK_COUNT_MAX) {
    throw new MetainfoError(
      'too_many_chunks',
      'info["piece length"]',
      `makes ${count} chunks, more than ${CHUNK_COUNT_MAX}`,
    );
  }
}
