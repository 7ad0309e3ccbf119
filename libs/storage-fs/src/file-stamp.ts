import type { BigIntStats } from 'node:fs';

/**
 * What tells that a file is still the one that was hashed. Nanoseconds and inodes pass the safe integers, so they are
 * decimal text, which JSON keeps as it is.
 */
export interface FileStamp {
  readonly sizeBytes: number;
  readonly mtimeNs: string;
  readonly inode: string;
}

export function stampOf(stats: BigIntStats): FileStamp {
  return { sizeBytes: Number(stats.size), mtimeNs: String(stats.mtimeNs), inode: String(stats.ino) };
}

/** What differs between two stamps, as half a sentence; `undefined` when nothing does. */
export function stampDifference(before: FileStamp, after: FileStamp): string | undefined {
  if (before.sizeBytes !== after.sizeBytes) return `its size went from ${before.sizeBytes} to ${after.sizeBytes} bytes`;
  if (before.inode !== after.inode) return 'another file took its place';
  if (before.mtimeNs !== after.mtimeNs) return 'it was written to';
  return undefined;
}
