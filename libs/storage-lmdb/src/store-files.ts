import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { RecordClass } from '@panal/cluster';
import { CORRUPT_KEPT_MAX } from './limits.js';

/** Two files, so that the big one, of what is heard again, can neither ruin nor hold up the small one. */
export const STORE_NAMES: Readonly<Record<RecordClass, string>> = { durable: 'durable.mdb', soft: 'soft.mdb' };

export const STATE_NAME = 'state.json';

/** LMDB's own, beside its file. */
const LOCK_SUFFIX = '-lock';

export function storePath(folder: string, recordClass: RecordClass): string {
  return join(folder, STORE_NAMES[recordClass]);
}

/**
 * Moves a store, closed before, to `<folder>.corrupt-<n>`, where someone can look at it. The newest CORRUPT_KEPT_MAX stay.
 * @returns Where it is now.
 */
export function moveAside(folder: string, names: readonly string[]): string {
  const earlier = corruptNumbers(folder);
  const target = `${folder}.corrupt-${(earlier.at(-1) ?? 0) + 1}`;
  mkdirSync(target, { mode: 0o700 });
  for (const name of names) {
    renameIfThere(join(folder, name), join(target, name));
    rmSync(join(folder, name + LOCK_SUFFIX), { force: true });
  }
  for (const number of earlier.slice(0, 1 - CORRUPT_KEPT_MAX)) {
    rmSync(`${folder}.corrupt-${number}`, { recursive: true, force: true });
  }
  return target;
}

/** Removes a store that is not trusted and not worth a look. @returns Whether there was one. */
export function removeStore(folder: string, recordClass: RecordClass): boolean {
  const path = storePath(folder, recordClass);
  const isThere = readdirSync(folder).includes(STORE_NAMES[recordClass]);
  rmSync(path, { force: true });
  rmSync(path + LOCK_SUFFIX, { force: true });
  return isThere;
}

function corruptNumbers(folder: string): readonly number[] {
  const prefix = `${basename(folder)}.corrupt-`;
  const numbers = readdirSync(dirname(folder))
    .filter((name) => name.startsWith(prefix) && /^\d{1,6}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
  return numbers.sort((one, other) => one - other);
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
