import { createHash } from 'node:crypto';
import type { ChunkGeometry } from './geometry.js';
import { LEAF_SIZE_BYTES, SHA1_SIZE_BYTES, SHA256_SIZE_BYTES } from './limits.js';
import { leafCountOf, merklePadding, merkleParent, merkleRootOf, nextPowerOfTwo } from './merkle.js';
import type { Metainfo } from './metainfo.js';

/** Checks one chunk, block by block as they arrive. */
export interface ChunkVerifier {
  /**
   * Takes a block: in any order, each byte of the chunk once.
   * v2 and hybrid: `begin` is a multiple of the block's length rounded up to a power of two from 16 KiB, and only the
   * chunk's last block may be shorter than that; the bytes are hashed now and not kept. v1: any blocks; those that come
   * before their turn are copied and kept.
   * @returns When the block is hashed and its bytes are the caller's again; undefined: now.
   * @throws RangeError for a block outside the chunk, misaligned, or given twice: bugs of the caller.
   */
  addBlock(begin: number, bytes: Uint8Array): Promise<void> | undefined;
  /** Whether the chunk's hash is the torrent's. @throws RangeError while bytes are missing. */
  isValid(): boolean;
}

/** What a verifier needs of a torrent. */
export type VerifiableContent = Pick<Metainfo, 'format' | 'chunkHashes' | 'chunkSizeBytes' | 'files'>;

/**
 * Computes `merkleRootOf`, here or elsewhere. A promise never rejects, and the bytes do not change before it settles.
 */
export type RootOf = (bytes: Uint8Array, leafCount: number) => Buffer | Promise<Buffer>;

/** A verifier of chunk number `chunk` (0 to `geometry.chunkCount` - 1). `rootOf` hashes the blocks of v2 and hybrid. */
export function createChunkVerifier(
  content: VerifiableContent,
  geometry: ChunkGeometry,
  chunk: number,
  rootOf: RootOf = merkleRootOf,
): ChunkVerifier {
  const sizeBytes = geometry.chunkSize(chunk);
  if (content.format === 'v1') {
    const expected = content.chunkHashes.subarray(chunk * SHA1_SIZE_BYTES, (chunk + 1) * SHA1_SIZE_BYTES);
    return new SequentialVerifier(sizeBytes, expected);
  }
  const expected = content.chunkHashes.subarray(chunk * SHA256_SIZE_BYTES, (chunk + 1) * SHA256_SIZE_BYTES);
  const fitsOneChunk = geometry.chunksOf(geometry.fileOf(chunk)).count === 1;
  const width = fitsOneChunk ? nextPowerOfTwo(leafCountOf(sizeBytes)) : content.chunkSizeBytes / LEAF_SIZE_BYTES;
  return new MerkleVerifier(sizeBytes, width, expected, rootOf);
}

const NOT_HASHED_YET = Buffer.alloc(0);

/** v2: each block is a subtree; its root is all that is kept. */
class MerkleVerifier implements ChunkVerifier {
  readonly #nodes = new Map<string, Buffer>();
  #addedSizeBytes = 0;

  constructor(
    private readonly sizeBytes: number,
    private readonly width: number,
    private readonly expected: Buffer,
    private readonly rootOf: RootOf,
  ) {}

  addBlock(begin: number, bytes: Uint8Array): Promise<void> | undefined {
    checkRange(begin, bytes, this.sizeBytes);
    const blockWidth = nextPowerOfTwo(leafCountOf(bytes.length));
    const isWhole = bytes.length === blockWidth * LEAF_SIZE_BYTES || begin + bytes.length === this.sizeBytes;
    if (!isWhole || begin % (blockWidth * LEAF_SIZE_BYTES) !== 0) {
      throw new RangeError(`a block of ${bytes.length} bytes at ${begin} is no subtree`);
    }
    const key = nodeKey(Math.log2(blockWidth), begin / LEAF_SIZE_BYTES / blockWidth);
    if (this.#nodes.has(key)) throw new RangeError(`the block at ${begin} was added twice`);
    const root = this.rootOf(bytes, blockWidth);
    if (root instanceof Promise) {
      this.#nodes.set(key, NOT_HASHED_YET);
      return root.then((hashed) => this.#take(key, hashed, bytes.length));
    }
    this.#take(key, root, bytes.length);
    return undefined;
  }

  #take(key: string, root: Buffer, sizeBytes: number): void {
    this.#nodes.set(key, root);
    this.#addedSizeBytes += sizeBytes;
  }

  isValid(): boolean {
    if (this.#addedSizeBytes !== this.sizeBytes) throw new RangeError('a chunk was checked with blocks missing');
    return this.#root(Math.log2(this.width), 0).equals(this.expected);
  }

  /** Depth is at most log2 of the chunk's leaves, 13. */
  #root(level: number, index: number): Buffer {
    const known = this.#nodes.get(nodeKey(level, index));
    if (known !== undefined) return known;
    if (index * 2 ** level * LEAF_SIZE_BYTES >= this.sizeBytes) return merklePadding(level);
    if (level === 0) throw new RangeError('a chunk was checked with blocks missing and others added twice');
    return merkleParent(this.#root(level - 1, index * 2), this.#root(level - 1, index * 2 + 1));
  }
}

function nodeKey(level: number, index: number): string {
  return `${level}/${index}`;
}

/** v1: one SHA-1 over the chunk, which can only be computed in order. */
class SequentialVerifier implements ChunkVerifier {
  readonly #hash = createHash('sha1');
  readonly #early = new Map<number, Buffer>();
  #hashedSizeBytes = 0;

  constructor(
    private readonly sizeBytes: number,
    private readonly expected: Buffer,
  ) {}

  addBlock(begin: number, bytes: Uint8Array): undefined {
    checkRange(begin, bytes, this.sizeBytes);
    if (begin < this.#hashedSizeBytes || this.#early.has(begin)) {
      throw new RangeError(`the block at ${begin} was added twice`);
    }
    if (begin > this.#hashedSizeBytes) {
      this.#early.set(begin, Buffer.from(bytes));
      return;
    }
    this.#take(bytes);
    for (let next = this.#early.get(this.#hashedSizeBytes); next; next = this.#early.get(this.#hashedSizeBytes)) {
      this.#early.delete(this.#hashedSizeBytes);
      this.#take(next);
    }
  }

  isValid(): boolean {
    if (this.#hashedSizeBytes !== this.sizeBytes) throw new RangeError('a chunk was checked with blocks missing');
    return this.#hash.copy().digest().equals(this.expected);
  }

  #take(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#hashedSizeBytes += bytes.length;
  }
}

function checkRange(begin: number, bytes: Uint8Array, sizeBytes: number): void {
  if (!Number.isInteger(begin) || begin < 0 || bytes.length === 0 || begin + bytes.length > sizeBytes) {
    throw new RangeError(`a block of ${bytes.length} bytes at ${begin} is not inside a chunk of ${sizeBytes}`);
  }
}
