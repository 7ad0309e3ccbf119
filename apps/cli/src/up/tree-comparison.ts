import { type Stats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { COMPARE_BUFFER_BYTES, DIFFERENCES_SHOWN_MAX } from '../limits.js';

/** What a comparison saw. Equal means: `differenceCount` is 0. */
export interface TreeComparison {
  readonly fileCount: number;
  readonly linkCount: number;
  readonly directoryCount: number;
  readonly sizeBytes: number;
  readonly differenceCount: number;
  /** The first of them, as sentences. */
  readonly differences: readonly string[];
}

/** Reads two files or trees whole and compares names, kinds, bytes, executable bits, link targets and empty directories. */
export async function compareTrees(expected: string, actual: string, signal?: AbortSignal): Promise<TreeComparison> {
  const walk = new TreeWalk(signal);
  await walk.compare(expected, actual, '.');
  return walk.result();
}

class TreeWalk {
  #fileCount = 0;
  #linkCount = 0;
  #directoryCount = 0;
  #sizeBytes = 0;
  #differenceCount = 0;
  readonly #differences: string[] = [];
  readonly #buffers = [Buffer.allocUnsafe(COMPARE_BUFFER_BYTES), Buffer.allocUnsafe(COMPARE_BUFFER_BYTES)] as const;

  constructor(private readonly signal: AbortSignal | undefined) {}

  result(): TreeComparison {
    return {
      fileCount: this.#fileCount,
      linkCount: this.#linkCount,
      directoryCount: this.#directoryCount,
      sizeBytes: this.#sizeBytes,
      differenceCount: this.#differenceCount,
      differences: this.#differences,
    };
  }

  async compare(expected: string, actual: string, name: string): Promise<void> {
    this.signal?.throwIfAborted();
    const [a, b] = await Promise.all([statOf(expected), statOf(actual)]);
    if (a === undefined || b === undefined) {
      if (a !== b) this.#differ(name, a === undefined ? 'is only in the copy' : 'is missing in the copy');
      return;
    }
    const [kindA, kindB] = [kindOf(a), kindOf(b)];
    if (kindA !== kindB) this.#differ(name, `is a ${kindA}, and a ${kindB} in the copy`);
    else if (kindA === 'directory') await this.#compareDirectories(expected, actual, name);
    else if (kindA === 'link') await this.#compareLinks(expected, actual, name);
    else if (kindA === 'file') await this.#compareFiles([expected, a], [actual, b], name);
  }

  async #compareDirectories(expected: string, actual: string, name: string): Promise<void> {
    this.#directoryCount += 1;
    const [a, b] = await Promise.all([readdir(expected), readdir(actual)]);
    for (const entry of [...new Set([...a, ...b])].sort()) {
      await this.compare(path.join(expected, entry), path.join(actual, entry), path.join(name, entry));
    }
  }

  async #compareLinks(expected: string, actual: string, name: string): Promise<void> {
    this.#linkCount += 1;
    const [a, b] = await Promise.all([readlink(expected), readlink(actual)]);
    // `./x` and `x` are one target; the torrent keeps the path, not its spelling.
    if (path.normalize(a) !== path.normalize(b)) this.#differ(name, `points to ${a}, and to ${b} in the copy`);
  }

  async #compareFiles([expected, a]: [string, Stats], [actual, b]: [string, Stats], name: string): Promise<void> {
    this.#fileCount += 1;
    this.#sizeBytes += a.size;
    if (isExecutable(a) !== isExecutable(b))
      this.#differ(name, `is ${isExecutable(a) ? '' : 'not '}executable, the copy is otherwise`);
    if (a.size !== b.size) this.#differ(name, `has ${a.size} bytes, the copy ${b.size}`);
    else await this.#compareBytes(expected, actual, name);
  }

  async #compareBytes(expected: string, actual: string, name: string): Promise<void> {
    const [bufferA, bufferB] = this.#buffers;
    await using(await open(expected), async (fileA) =>
      using(await open(actual), async (fileB) => {
        for (let at = 0; ; ) {
          this.signal?.throwIfAborted();
          const [readA, readB] = await Promise.all([readFull(fileA, bufferA, at), readFull(fileB, bufferB, at)]);
          if (readA !== readB || bufferA.compare(bufferB, 0, readB, 0, readA) !== 0) {
            this.#differ(name, `differs within ${COMPARE_BUFFER_BYTES} bytes from byte ${at}`);
            return;
          }
          if (readA < bufferA.length) return;
          at += readA;
        }
      }),
    );
  }

  #differ(name: string, how: string): void {
    this.#differenceCount += 1;
    if (this.#differences.length < DIFFERENCES_SHOWN_MAX) this.#differences.push(`${name} ${how}`);
  }
}

type OpenFile = Awaited<ReturnType<typeof open>>;

async function using(file: OpenFile, work: (file: OpenFile) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

/** As much as the buffer holds, or up to the end: one read may give less than was asked. */
async function readFull(file: OpenFile, buffer: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function kindOf(stats: Stats): 'file' | 'directory' | 'link' | 'special file' {
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'link';
  return stats.isFile() ? 'file' : 'special file';
}

function isExecutable({ mode }: Stats): boolean {
  return (mode & 0o100) !== 0;
}
