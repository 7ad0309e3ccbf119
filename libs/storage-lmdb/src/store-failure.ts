import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PanalError } from '@panal/runtime';
import { RecordDiskError, RecordDiskFullError, RecordDiskReadOnlyError } from './errors.js';

/**
 * full, readOnly: what the disk is. corrupt: the store contradicts itself. failed: anything else; the store is opened
 * anew before the next try.
 */
type FailureKind = 'full' | 'readOnly' | 'corrupt' | 'failed';

/** What went wrong in the store, in a form that crosses threads and processes. */
export interface StoreFailure {
  readonly kind: FailureKind;
  /** The file. */
  readonly path: string;
  readonly reason: string;
  /** Not an error of the system: the store itself complained. */
  readonly isOfStore: boolean;
}

const [EPERM, EIO, EACCES, ENOSPC, EROFS] = [1, 5, 13, 28, 30];
/** EDQUOT has another number on each system. */
const EDQUOT = [122, 69, 1133];
/** MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_INVALID, MDB_INCOMPATIBLE, MDB_BAD_DBI, MDB_PROBLEM: never in a store that is sound. */
const CORRUPT_CODES = [-30797, -30796, -30793, -30784, -30780, -30779];

/** @param error What the store threw; its `code` is a number of the system (above 0) or of LMDB (below). */
export function storeFailure(error: unknown, path: string): StoreFailure {
  const code = codeOf(error);
  const reason =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  return { kind: kindOf(code, path), path, reason, isOfStore: code < 0 };
}

/** The error an owner is told. */
export function failureError({ kind, path, reason }: StoreFailure): PanalError {
  const cause = new Error(reason);
  if (kind === 'full') return new RecordDiskFullError(path, cause);
  if (kind === 'readOnly') return new RecordDiskReadOnlyError(path, cause);
  return new RecordDiskError(path, reason, cause);
}

function kindOf(code: number, path: string): FailureKind {
  if (code === ENOSPC || EDQUOT.includes(code)) return 'full';
  if (code === EROFS || code === EACCES || code === EPERM) return 'readOnly';
  if (CORRUPT_CODES.includes(code)) return 'corrupt';
  // The write that fills the disk is cut short, and LMDB calls that an I/O error.
  return code === EIO && isFull(path) ? 'full' : 'failed';
}

function isFull(path: string): boolean {
  try {
    const { bavail, bsize, blocks } = statfsSync(dirname(path));
    // What was given back by the failed commit may be free again: a disk that is all but full counts.
    return bavail * bsize < 4 * 1024 * 1024 || bavail < blocks / 100;
  } catch {
    // A disk that does not even say this much is broken, not full.
    return false;
  }
}

const SYSTEM_CODES: Readonly<Record<string, number>> = { EPERM, EIO, EACCES, ENOSPC, EROFS, EDQUOT: 122 };

/** LMDB gives numbers, Node names. */
function codeOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 0;
  return typeof error.code === 'number' ? error.code : (SYSTEM_CODES[String(error.code)] ?? 0);
}
