import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { forEachBounded } from './bounded-tasks.js';
import { readLink } from './content-link.js';
import {
  ContentMissingError,
  ContentUnreadableError,
  ContentUnsuitableError,
  type EntryProblem,
  systemCodeOf,
} from './errors.js';
import { type FileStamp, stampOf } from './file-stamp.js';
import { SCAN_DEPTH_MAX, SCAN_ENTRIES_MAX, SCAN_STATS_IN_FLIGHT } from './limits.js';
import { STAGING_PARENT_NAME } from './staging-names.js';

/** A regular file, or a link to something in the same tree, as the scan found it. */
export interface ScannedFile {
  /** Names from the root of the content down; for a single file its own name. */
  readonly path: readonly string[];
  readonly absolutePath: string;
  readonly sizeBytes: number;
  readonly isExecutable: boolean;
  /** Of a link: what it says, split at `/`, relative to the folder it is in. */
  readonly symlinkTarget?: readonly string[];
  /** Of a link: nothing, its bytes are never read. */
  readonly stamp?: FileStamp;
}

export interface ScannedContent {
  /** Absolute path of the file or directory. */
  readonly path: string;
  readonly name: string;
  readonly isDirectory: boolean;
  /** In the order of a v2 file tree: names compared byte by byte, level by level. */
  readonly files: readonly ScannedFile[];
  readonly emptyDirectories: readonly (readonly string[])[];
  readonly sizeBytes: number;
}

/**
 * Lists what is at `path`: a file, or a directory with everything in it except `.panal` folders (unfinished downloads).
 * Only names and sizes are read, no content.
 * @throws ContentMissingError, ContentUnreadableError, ContentUnsuitableError (names the entry and what to do)
 */
export async function scanContent(path: string, options: { signal?: AbortSignal } = {}): Promise<ScannedContent> {
  const root = resolve(path);
  const name = basename(root);
  if (name === '') throw unsuitable(root, 'no_name');
  // The root may be a link, for its user named it; what is below it is never reached through one.
  const stats = await stat(root, { bigint: true }).catch((error: unknown) => fail(root, error));
  if (stats.isFile()) {
    const file = scannedFile({ path: [name], absolutePath: root }, stats);
    return { path: root, name, isDirectory: false, files: [file], emptyDirectories: [], sizeBytes: file.sizeBytes };
  }
  if (!stats.isDirectory()) throw unsuitable(root, kindProblem(stats));
  const scan = new TreeScan(root, options.signal);
  await scan.visit([]);
  if (scan.files.every((file) => file.symlinkTarget !== undefined)) throw unsuitable(root, 'no_files');
  const sizeBytes = scan.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const { files, emptyDirectories } = scan;
  return { path: root, name, isDirectory: true, files, emptyDirectories, sizeBytes };
}

class TreeScan {
  readonly files: ScannedFile[] = [];
  readonly emptyDirectories: (readonly string[])[] = [];
  #entryCount = 0;

  constructor(
    private readonly root: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async visit(folder: readonly string[]): Promise<void> {
    this.signal?.throwIfAborted();
    const folderPath = join(this.root, ...folder);
    if (folder.length >= SCAN_DEPTH_MAX) throw unsuitable(folderPath, 'too_deep');
    const entries = await this.#entries(folderPath);
    if (entries.length === 0 && folder.length > 0) this.emptyDirectories.push(folder);
    const found: (ScannedFile | undefined)[] = entries.map(() => undefined);
    await forEachBounded(entries, SCAN_STATS_IN_FLIGHT, async ({ name, isDirectory }, index) => {
      if (!isDirectory) found[index] = await this.#look([...folder, name]);
    });
    for (const [index, { name }] of entries.entries()) {
      const file = found[index];
      if (file === undefined) await this.visit([...folder, name]);
      else this.files.push(file);
    }
  }

  async #entries(folderPath: string): Promise<readonly { name: string; isDirectory: boolean }[]> {
    const entries = (await readdir(folderPath, { withFileTypes: true, encoding: 'buffer' }).catch((error: unknown) =>
      fail(folderPath, error),
    )) as unknown as Dirent<Buffer>[];
    this.#entryCount += entries.length;
    if (this.#entryCount > SCAN_ENTRIES_MAX) throw unsuitable(this.root, 'too_many_entries');
    return entries
      .sort((one, other) => Buffer.compare(one.name, other.name))
      .map((entry) => ({ name: decodeName(folderPath, entry.name), isDirectory: entry.isDirectory() }))
      .filter((entry) => !(entry.isDirectory && entry.name === STAGING_PARENT_NAME));
  }

  async #look(path: readonly string[]): Promise<ScannedFile> {
    const absolutePath = join(this.root, ...path);
    const stats = await lstat(absolutePath, { bigint: true }).catch((error: unknown) => fail(absolutePath, error));
    if (stats.isFile()) return scannedFile({ path, absolutePath }, stats);
    if (!stats.isSymbolicLink()) throw unsuitable(absolutePath, kindProblem(stats));
    const target = await readLink(this.root, path).catch((error: unknown) => fail(absolutePath, error));
    if (typeof target === 'string') throw unsuitable(absolutePath, target);
    return { path, absolutePath, sizeBytes: 0, isExecutable: false, symlinkTarget: target };
  }
}

function scannedFile(place: Pick<ScannedFile, 'path' | 'absolutePath'>, stats: BigIntStats): ScannedFile {
  const stamp = stampOf(stats);
  return { ...place, sizeBytes: stamp.sizeBytes, isExecutable: (stats.mode & 0o100n) !== 0n, stamp };
}

function kindProblem(stats: BigIntStats): EntryProblem {
  if (stats.isSocket()) return 'socket';
  return stats.isFIFO() ? 'fifo' : 'device';
}

/** A torrent file holds UTF-8: a name of other bytes would come out as another name on the other side. */
function decodeName(folderPath: string, name: Buffer): string {
  const text = name.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(name)) return text;
  const shown = name.toString('latin1').replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
  throw unsuitable(join(folderPath, shown), 'name_not_utf8');
}

function fail(path: string, error: unknown): never {
  const code = systemCodeOf(error);
  throw code === 'ENOENT' || code === 'ENOTDIR'
    ? new ContentMissingError(path, error)
    : new ContentUnreadableError(path, error);
}

function unsuitable(path: string, problem: EntryProblem): ContentUnsuitableError {
  const [why, action] = PROBLEMS[problem];
  return new ContentUnsuitableError(path, problem, why, action);
}

const PROBLEMS: Readonly<Record<EntryProblem, readonly [why: string, action: string]>> = {
  name_not_utf8: ['its name is not valid UTF-8', 'Rename it, for example with convmv, and share again.'],
  link_leaves_tree: [
    'it is a link to something outside the shared directory',
    'Replace it by a relative link inside the directory or by a copy (cp -rL copies a tree that way), or share the directory that holds both.',
  ],
  link_through_link: ['it leads through another link', 'Make it point to the real place, without a link on the way.'],
  link_to_parent: ['it points to a folder it lies in, which makes a tree without end', 'Remove the link.'],
  device: ['it is a device', 'Share regular files, directories and links between them; move it elsewhere.'],
  socket: ['it is a socket', 'Stop the program that made it, or move it elsewhere; sockets have no content.'],
  fifo: ['it is a named pipe', 'Write what comes out of it to a file and share that, or move it elsewhere.'],
  too_many_entries: [
    `it holds more than ${SCAN_ENTRIES_MAX} files and folders`,
    'Pack it into one archive (tar), or share its parts one by one.',
  ],
  too_deep: [`it lies more than ${SCAN_DEPTH_MAX} folders deep`, 'Pack that part of the tree into an archive (tar).'],
  no_name: ['it has no name of its own', 'Share a directory below it.'],
  no_files: ['there is no file in it', 'Put at least one file into it.'],
};
