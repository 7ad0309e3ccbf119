import { ContentSizeError } from './errors.js';
import { LEAF_SIZE_BYTES, SHA256_SIZE_BYTES } from './limits.js';
import { leafCountOf, merkleRootOfNodes, nextPowerOfTwo, sha256 } from './merkle.js';

/** What a torrent says of one file's bytes. */
export interface FileDigest {
  /** 32 bytes; undefined for an empty file, which has no tree. */
  readonly piecesRoot: Buffer | undefined;
  /** One hash of 32 bytes for each chunk, end to end; empty when the file fits one chunk, whose hash is the root. */
  readonly layer: Buffer;
}

export interface FileHasherOptions {
  /** Size of the file; `push` gets exactly that many bytes in all. */
  readonly sizeBytes: number;
  /** A power of two, at least 16 KiB. */
  readonly chunkSizeBytes: number;
}

/**
 * Merkle hashes of one file for v2, from a stream of its bytes in any portions.
 * Portions in multiples of 16 KiB are fastest: nothing is copied. Keeps one leaf and the hashes.
 * @see https://www.bittorrent.org/beps/bep_0052.html
 */
export class FileHasher {
  readonly #sizeBytes: number;
  readonly #leavesPerChunk: number;
  readonly #layer: Buffer;
  readonly #leaves: Buffer;
  /** Made when a portion ends inside a leaf and the file does not: of many small files none needs it. */
  #partLeaf: Buffer | undefined;
  #partSizeBytes = 0;
  #leafCount = 0;
  #chunkCount = 0;
  #pushedSizeBytes = 0;

  constructor({ sizeBytes, chunkSizeBytes }: FileHasherOptions) {
    this.#sizeBytes = sizeBytes;
    this.#leavesPerChunk = chunkSizeBytes / LEAF_SIZE_BYTES;
    const chunkCount = Math.ceil(sizeBytes / chunkSizeBytes);
    this.#layer = Buffer.allocUnsafe(chunkCount > 1 ? chunkCount * SHA256_SIZE_BYTES : 0);
    this.#leaves = Buffer.allocUnsafe(Math.min(this.#leavesPerChunk, leafCountOf(sizeBytes)) * SHA256_SIZE_BYTES);
  }

  /**
   * Takes the next bytes of the file; they are not kept.
   * @throws ContentSizeError when they are more than the file's size.
   */
  push(bytes: Uint8Array): void {
    this.#pushedSizeBytes += bytes.length;
    if (this.#pushedSizeBytes > this.#sizeBytes) throw new ContentSizeError(this.#sizeBytes, this.#pushedSizeBytes);
    let at = 0;
    if (this.#partSizeBytes > 0) at = this.#fillPart(bytes, 0);
    for (; at + LEAF_SIZE_BYTES <= bytes.length; at += LEAF_SIZE_BYTES) {
      this.#addLeaf(bytes.subarray(at, at + LEAF_SIZE_BYTES));
    }
    if (at === bytes.length) return;
    if (this.#pushedSizeBytes === this.#sizeBytes) this.#addLeaf(bytes.subarray(at));
    else this.#fillPart(bytes, at);
  }

  /**
   * The file's hashes, once every byte was pushed.
   * @throws ContentSizeError when bytes are missing.
   */
  finish(): FileDigest {
    if (this.#pushedSizeBytes !== this.#sizeBytes) throw new ContentSizeError(this.#sizeBytes, this.#pushedSizeBytes);
    if (this.#partLeaf !== undefined && this.#partSizeBytes > 0) {
      this.#addLeaf(this.#partLeaf.subarray(0, this.#partSizeBytes));
    }
    if (this.#sizeBytes === 0) return { piecesRoot: undefined, layer: this.#layer };
    if (this.#layer.length === 0) {
      // The last leaf of a file of exactly one chunk must not be folded away: `#addLeaf` keeps a lone chunk's leaves.
      const nodes = this.#leaves.subarray(0, this.#leafCount * SHA256_SIZE_BYTES);
      const piecesRoot = merkleRootOfNodes({ nodes, width: nextPowerOfTwo(this.#leafCount), level: 0 });
      return { piecesRoot, layer: this.#layer };
    }
    if (this.#leafCount > 0) this.#endChunk();
    const piecesRoot = merkleRootOfLayer(this.#layer, this.#leavesPerChunk);
    return { piecesRoot, layer: this.#layer };
  }

  #fillPart(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + LEAF_SIZE_BYTES - this.#partSizeBytes);
    this.#partLeaf ??= Buffer.allocUnsafe(LEAF_SIZE_BYTES);
    this.#partLeaf.set(bytes.subarray(at, end), this.#partSizeBytes);
    this.#partSizeBytes += end - at;
    if (this.#partSizeBytes === LEAF_SIZE_BYTES) {
      this.#addLeaf(this.#partLeaf);
      this.#partSizeBytes = 0;
    }
    return end;
  }

  #addLeaf(leaf: Uint8Array): void {
    sha256(leaf).copy(this.#leaves, this.#leafCount * SHA256_SIZE_BYTES);
    this.#leafCount += 1;
    if (this.#leafCount === this.#leavesPerChunk && this.#layer.length > 0) this.#endChunk();
  }

  #endChunk(): void {
    const nodes = this.#leaves.subarray(0, this.#leafCount * SHA256_SIZE_BYTES);
    const root = merkleRootOfNodes({ nodes, width: this.#leavesPerChunk, level: 0 });
    root.copy(this.#layer, this.#chunkCount * SHA256_SIZE_BYTES);
    this.#chunkCount += 1;
    this.#leafCount = 0;
  }
}

/** Root of a file from its piece layer (two hashes or more), whose chunks have `leavesPerChunk` leaves. */
export function merkleRootOfLayer(layer: Buffer, leavesPerChunk: number): Buffer {
  const width = nextPowerOfTwo(layer.length / SHA256_SIZE_BYTES);
  return merkleRootOfNodes({ nodes: Buffer.from(layer), width, level: Math.log2(leavesPerChunk) });
}
