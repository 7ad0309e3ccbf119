import { lstat, mkdir, readdir, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StagingLockedError, StagingUnsafeError, systemCodeOf, TargetUnwritableError } from './errors.js';
import { makeFolders, syncFolder } from './folders.js';
import { LOCK_ATTEMPTS_MAX } from './limits.js';
import { ProcessLock } from './process-lock.js';
import type { StagingPaths } from './staging-names.js';

/** The folder of one unfinished download, locked, and the folders made in it. */
export class Staging {
  /** Folders that surely exist and are folders, not links someone put there. */
  readonly #known = new Set<string>();
  /** Folders with names that are not durable yet. */
  #unsynced = new Set<string>();
  #isMoved = false;

  private constructor(
    readonly paths: StagingPaths,
    private readonly lock: ProcessLock,
  ) {}

  /**
   * Makes what is missing, from the target's directory down, and locks the staging folder. A replacement that a crash
   * cut in two is undone or ended.
   * @throws StagingLockedError, StagingUnsafeError, TargetUnwritableError
   */
  static async open(paths: StagingPaths): Promise<Staging> {
    await makeFolders(paths.directory).catch((error: unknown) => failUnwritable(paths.directory, error));
    for (let attempt = 1; ; attempt += 1) {
      try {
        await makeFolder(paths.parent, 0o777);
        await makeFolder(paths.staging, 0o700);
        const lock = await ProcessLock.acquire(paths.lock, (pid) => new StagingLockedError(paths.staging, pid));
        return await Staging.#locked(paths, lock);
      } catch (error) {
        // The download that was here just finished and took its folders away.
        if (systemCodeOf(error) === 'ENOENT' && attempt < LOCK_ATTEMPTS_MAX) continue;
        failUnwritable(paths.staging, error);
      }
    }
  }

  static async #locked(paths: StagingPaths, lock: ProcessLock): Promise<Staging> {
    try {
      await makeFolder(paths.dataFolder, 0o777);
      await settleReplacement(paths);
      const staging = new Staging(paths, lock);
      staging.#known.add(paths.dataFolder);
      for (const path of [dirname(paths.directory), paths.directory, paths.parent, paths.staging, paths.dataFolder]) {
        staging.#unsynced.add(path);
      }
      return staging;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Makes a folder inside the data, and those above it. Never goes through a link. */
  async makeFolder(path: string): Promise<void> {
    if (this.#known.has(path)) return;
    await this.makeFolder(dirname(path));
    await makeFolder(path, 0o777);
    this.#known.add(path);
    this.#unsynced.add(dirname(path));
  }

  /** Makes a link inside the data; one that is there from an earlier try stays when it says the same. */
  async makeLink(path: string, text: string): Promise<void> {
    await this.makeFolder(dirname(path));
    try {
      await symlink(text, path);
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
      if ((await readlink(path).catch(() => undefined)) !== text) {
        throw new StagingUnsafeError(path, 'a link of the content should be here');
      }
    }
    this.#unsynced.add(dirname(path));
  }

  /** A name was added to the folder. */
  noteEntry(folderPath: string): void {
    this.#unsynced.add(folderPath);
  }

  /** The content moved to its target, and with it the folders that are to be synced. */
  followMove(): void {
    this.#isMoved = true;
  }

  /** Makes all names noted so far durable; those that fail are tried again next time. */
  async syncFolders(): Promise<void> {
    const folders = this.#unsynced;
    this.#unsynced = new Set();
    try {
      for (const path of folders) {
        await syncFolder(this.#placeOf(path)).catch((error: unknown) => {
          // Folders above the target may be closed to us, and their names are none of our making then.
          if (!path.startsWith(this.paths.parent) && systemCodeOf(error) === 'EACCES') return;
          throw error;
        });
      }
    } catch (error) {
      for (const path of folders) this.#unsynced.add(path);
      throw error;
    }
  }

  /** Where a folder that was noted under its staging path is now. */
  #placeOf(path: string): string {
    const { data, target } = this.paths;
    const isInside = path === data || path.startsWith(`${data}/`);
    return this.#isMoved && isInside ? target + path.slice(data.length) : path;
  }

  async release(): Promise<void> {
    await this.lock.release();
  }

  /** Gives up what was opened in vain: bytes of an earlier try stay, empty folders do not. */
  async abandon(): Promise<void> {
    const { dataFolder, journal, replaced } = this.paths;
    const isUnused = (await readdir(dataFolder)).length === 0 && !(await exists(journal)) && !(await exists(replaced));
    if (isUnused) await this.remove();
    else await this.release();
  }

  /** Removes the folder and everything in it, and `.panal` when it is empty then. */
  async remove(): Promise<void> {
    const { dataFolder, replaced, journal, placed, staging, parent } = this.paths;
    for (const path of [dataFolder, replaced, journal, placed]) await rm(path, { recursive: true, force: true });
    await this.lock.release();
    // Only when empty: from here on another download may have begun in it.
    for (const path of [staging, parent]) {
      await rmdir(path).catch((error: unknown) => {
        if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(systemCodeOf(error) ?? '')) throw error;
      });
    }
  }
}

async function makeFolder(path: string, modeBits: number): Promise<void> {
  try {
    await mkdir(path, { mode: modeBits });
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
    if (!(await lstat(path)).isDirectory()) throw new StagingUnsafeError(path, 'a folder should be here');
  }
}

/** See `placeContent`: the old folder waits in `replaced` between the two renames. */
async function settleReplacement({ replaced, target, data }: StagingPaths): Promise<void> {
  if (!(await exists(replaced))) return;
  if (!(await exists(target))) {
    await rename(replaced, target);
    await syncFolder(dirname(target));
    return;
  }
  if (!(await exists(data))) await rm(replaced, { recursive: true, force: true });
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

const UNWRITABLE_CODES = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ELOOP'];

function failUnwritable(path: string, error: unknown): never {
  const code = systemCodeOf(error) ?? '';
  if (!UNWRITABLE_CODES.includes(code)) throw error;
  throw new TargetUnwritableError((error as NodeJS.ErrnoException).path ?? path, error);
}
