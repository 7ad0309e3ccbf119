import { hash } from 'node:crypto';
import { LEAF_SIZE_BYTES, SHA256_SIZE_BYTES } from './limits.js';

/*
 * The Merkle tree of BEP 52: SHA-256 over leaves of 16 KiB, a missing leaf counts as 32 zero bytes, and a parent is the
 * hash of its two children. A tree has a power of two of leaves, its "width".
 */

/** SHA-256 of `bytes`, in one call: for 64 bytes twice as fast as a hash object. */
export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** The smallest power of two that is at least `count`; 1 for 0. `count` is at most 2^30. */
export function nextPowerOfTwo(count: number): number {
  return count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1));
}

/** Leaves of `sizeBytes` bytes of content; the last one may be short. */
export function leafCountOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / LEAF_SIZE_BYTES);
}

/**
 * Root of the tree over `bytes`, padded to `width` leaves.
 * @param width A power of two, at least the leaves of `bytes`.
 * @returns 32 bytes.
 */
export function merkleRootOf(bytes: Uint8Array, width: number): Buffer {
  const leafCount = leafCountOf(bytes.length);
  if (leafCount === 1 && width === 1) return sha256(bytes);
  const nodes = Buffer.allocUnsafe(leafCount * SHA256_SIZE_BYTES);
  for (let leaf = 0; leaf < leafCount; leaf += 1) {
    hashInto(nodes, leaf, bytes.subarray(leaf * LEAF_SIZE_BYTES, (leaf + 1) * LEAF_SIZE_BYTES));
  }
  return merkleRootOfNodes({ nodes, width, level: 0 });
}

/** A row of a tree: hashes end to end, all at one level (0: leaves), of which `width` make the whole row. */
export interface MerkleRow {
  readonly nodes: Buffer;
  readonly width: number;
  readonly level: number;
}

/**
 * Root of a tree of which one row is known. The row is overwritten: give it a copy to keep it.
 * Hashes that are missing at the row's end are those of empty trees.
 */
export function merkleRootOfNodes({ nodes, width, level }: MerkleRow): Buffer {
  let count = nodes.length / SHA256_SIZE_BYTES;
  if (count === 0) return merklePadding(level + Math.log2(width));
  let rowLevel = level;
  for (let rowWidth = width; rowWidth > 1; rowWidth /= 2, rowLevel += 1) {
    for (let at = 0; at + 1 < count; at += 2) {
      hashInto(nodes, at / 2, nodes.subarray(at * SHA256_SIZE_BYTES, (at + 2) * SHA256_SIZE_BYTES));
    }
    if (count % 2 === 1) {
      const last = nodes.subarray((count - 1) * SHA256_SIZE_BYTES, count * SHA256_SIZE_BYTES);
      merkleParent(last, merklePadding(rowLevel)).copy(nodes, ((count - 1) / 2) * SHA256_SIZE_BYTES);
    }
    count = Math.ceil(count / 2);
  }
  return Buffer.from(nodes.subarray(0, SHA256_SIZE_BYTES));
}

/**
 * Puts the hash of `bytes` into place `index` of `nodes`. By way of a string of bytes, which costs a third of a buffer: of
 * the 127 hashes of a MiB each would allocate one.
 */
function hashInto(nodes: Buffer, index: number, bytes: Uint8Array): void {
  nodes.write(hash('sha256', bytes, 'binary'), index * SHA256_SIZE_BYTES, SHA256_SIZE_BYTES, 'latin1');
}

/** Hash of two children. */
export function merkleParent(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.concat([left, right], 2 * SHA256_SIZE_BYTES));
}

const paddings: Buffer[] = [Buffer.alloc(SHA256_SIZE_BYTES)];

/** Root of a tree of 2^`level` missing leaves. Shared: do not change it. */
export function merklePadding(level: number): Buffer {
  for (let known = paddings.length; known <= level; known += 1) {
    const below = paddings[known - 1] as Buffer;
    paddings.push(merkleParent(below, below));
  }
  return paddings[level] as Buffer;
}
