import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Random } from '@panal/runtime';
import { readStateFile, replaceFile, TEMPORARY_SUFFIX } from './atomic-file.js';
import {
  DataFileInvalidError,
  DataFolderLockedError,
  DataFolderNewerError,
  DataFolderUnusableError,
} from './data-folder-errors.js';
import { systemCodeOf } from './errors.js';
import { makeFolders, syncFolder } from './folders.js';
import { ProcessLock } from './process-lock.js';

/** Format of the folder as a whole. Raised with every change an older Panal could not read; `open` migrates. */
const DATA_FOLDER_FORMAT = 1;

const ID_SIZE_BYTES = 16;
const TOKEN_SIZE_BYTES = 32;
const OWNER_ONLY = 0o600;

/**
 * The folder of one server process: its identity, its token and whatever it must know after a restart. Names are
 * relative (`peer.json`, `torrents/ab12.torrent`); every write replaces the whole file and is durable when it settles.
 */
export class DataFolder {
  readonly #writing = new Map<string, Promise<void>>();

  private constructor(
    /** Absolute. */
    readonly path: string,
    /** 16 bytes, made on the first start and the same ever after. */
    readonly id: Buffer,
    private readonly random: Random,
    private readonly lock: ProcessLock,
  ) {}

  /**
   * Makes the folder (0700) when it is missing and locks it until `close`.
   * @throws DataFolderLockedError (with the pid), DataFolderNewerError, DataFolderUnusableError, DataFileInvalidError
   */
  static async open(path: string, { random }: { random: Random }): Promise<DataFolder> {
    const folder = resolve(path);
    let lock: ProcessLock | undefined;
    try {
      await makeFolders(folder, 0o700);
      lock = await ProcessLock.acquire(join(folder, 'lock'), (pid) => new DataFolderLockedError(folder, pid));
      await checkFormat(folder);
      await removeTemporaryFiles(folder);
      return new DataFolder(folder, await readOrMakeId(folder, random), random, lock);
    } catch (error) {
      await lock?.release();
      throw isSystemError(error) ? new DataFolderUnusableError(folder, error) : error;
    }
  }

  /** Where a file of this folder is, for code that needs the path itself. */
  pathOf(name: string): string {
    const parts = name.split('/');
    const isSafe = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
    if (!isSafe) throw new TypeError(`"${name}" is no name inside a data folder`);
    return join(this.path, ...parts);
  }

  /** The bearer token of the local API, made on first use; the file is readable for its owner only. */
  async apiToken(): Promise<string> {
    const known = (await this.readBytes('api-token'))?.toString().trim();
    if (known !== undefined && known !== '') {
      await chmod(this.pathOf('api-token'), OWNER_ONLY);
      return known;
    }
    const token = this.random.bytes(TOKEN_SIZE_BYTES).toString('base64url');
    await this.writeBytes('api-token', Buffer.from(`${token}\n`), { isSecret: true });
    return token;
  }

  /** `undefined` when there is no such file. */
  async readBytes(name: string): Promise<Buffer | undefined> {
    const path = this.pathOf(name);
    return readStateFile(path).catch((error: unknown) => {
      throw new DataFolderUnusableError(path, error);
    });
  }

  /** What `writeJson` wrote; `undefined` when there is no such file. Check its shape: people edit files. */
  async readJson(name: string): Promise<unknown> {
    const bytes = await this.readBytes(name);
    if (bytes === undefined) return undefined;
    try {
      return JSON.parse(bytes.toString()) as unknown;
    } catch (error) {
      throw new DataFileInvalidError(this.pathOf(name), 'it is not JSON', error);
    }
  }

  async writeJson(name: string, value: unknown, options?: { isSecret?: boolean }): Promise<void> {
    await this.writeBytes(name, Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`), options);
  }

  /** Writes to one name happen in the order of the calls: the last one stays. */
  async writeBytes(name: string, bytes: Uint8Array, { isSecret = false }: { isSecret?: boolean } = {}): Promise<void> {
    const path = this.pathOf(name);
    await this.#inOrder(path, async () => {
      await makeFolders(dirname(path), 0o700);
      await replaceFile(path, bytes, isSecret ? OWNER_ONLY : 0o644);
    });
  }

  /** A file that is not there is as good as removed. */
  async remove(name: string): Promise<void> {
    const path = this.pathOf(name);
    await this.#inOrder(path, () => rm(path, { force: true }));
  }

  /** Names of the files in a folder below this one, sorted; none when there is no such folder. */
  async list(folderName: string): Promise<readonly string[]> {
    const path = this.pathOf(folderName);
    try {
      const names = await readdir(path);
      return names.filter((name) => !name.endsWith(TEMPORARY_SUFFIX)).sort();
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return [];
      throw new DataFolderUnusableError(path, error);
    }
  }

  /**
   * Makes a folder below this one that is a data folder with the same identity, and nothing else of this one. It appears with
   * all that `fill` wrote into it, or not at all.
   * @param name Of a folder that is not there.
   * @returns Its path. @throws DataFolderUnusableError; what `fill` throws
   */
  async makeTwin(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
    const path = this.pathOf(name);
    const parent = dirname(path);
    // No name of ours begins with a dot.
    const unfinished = join(parent, `.${basename(path)}${TEMPORARY_SUFFIX}`);
    try {
      await rm(unfinished, { recursive: true, force: true });
      await makeFolders(unfinished, 0o700);
      await replaceFile(join(unfinished, 'format'), Buffer.from(`${DATA_FOLDER_FORMAT}\n`));
      await replaceFile(join(unfinished, 'id'), Buffer.from(`${this.id.toString('hex')}\n`));
      await fill(unfinished);
      await rename(unfinished, path);
      await syncFolder(parent);
      return path;
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
      throw isSystemError(error) ? new DataFolderUnusableError(path, error) : error;
    }
  }

  /** Waits for the writes under way and gives up the lock. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#writing.values());
    await this.lock.release();
  }

  async #inOrder(path: string, task: () => Promise<void>): Promise<void> {
    const before = this.#writing.get(path) ?? Promise.resolve();
    // The writer before has its own caller to tell of a failure; this one only waits for it.
    const mine = before.catch(() => undefined).then(task);
    this.#writing.set(path, mine);
    try {
      await mine;
    } catch (error) {
      throw new DataFolderUnusableError(path, error);
    } finally {
      if (this.#writing.get(path) === mine) this.#writing.delete(path);
    }
  }
}

async function checkFormat(folder: string): Promise<void> {
  const path = join(folder, 'format');
  const bytes = await readStateFile(path);
  if (bytes === undefined) return replaceFile(path, Buffer.from(`${DATA_FOLDER_FORMAT}\n`));
  const text = bytes.toString().trim();
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new DataFileInvalidError(path, 'it does not hold a format number');
  if (Number(text) > DATA_FOLDER_FORMAT) throw new DataFolderNewerError(folder, Number(text), DATA_FOLDER_FORMAT);
}

async function readOrMakeId(folder: string, random: Random): Promise<Buffer> {
  const path = join(folder, 'id');
  const bytes = await readStateFile(path);
  if (bytes === undefined) {
    const id = random.bytes(ID_SIZE_BYTES);
    await replaceFile(path, Buffer.from(`${id.toString('hex')}\n`));
    return id;
  }
  const text = bytes.toString().trim();
  // A fresh id in place of a damaged one would be a second identity for the same content: a person decides.
  if (!/^[0-9a-f]{32}$/.test(text)) throw new DataFileInvalidError(path, 'it does not hold an id of 32 hex digits');
  return Buffer.from(text, 'hex');
}

/** What a crash left half written. Only the top level: subfolders overwrite theirs on the next write. */
async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith(TEMPORARY_SUFFIX)) await rm(join(folder, name), { force: true, recursive: true });
  }
}

function isSystemError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
