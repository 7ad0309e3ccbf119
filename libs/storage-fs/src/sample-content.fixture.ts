import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SeededRandom } from '@panal/runtime';
import { Bitfield, ChunkGeometry, type ContentFile, type Metainfo, type TorrentFormat } from '@panal/torrent';
import type { ChunkStore } from '@panal/transfer';
import { shareContent } from './share-content.js';

const made: string[] = [];

/** A folder in memory where the system has one: for thousands of files, which would keep a busy disk for seconds. */
export const MEMORY_FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A fresh folder; `removeFolders` takes it away. */
export async function makeFolder(parent = tmpdir()): Promise<string> {
  const path = await mkdtemp(join(parent, 'panal-storage-'));
  made.push(path);
  return path;
}

/** For `afterEach`. */
export async function removeFolders(): Promise<void> {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true });
}

/** What a tree holds: bytes of a file, `{ link }`, `{ program }` (executable bytes), or `'folder'` for an empty one. */
export type TreeEntry = Uint8Array | { readonly link: string } | { readonly program: Uint8Array } | 'folder';

export async function makeTree(root: string, entries: Readonly<Record<string, TreeEntry>>): Promise<void> {
  const paths = Object.entries(entries).map(([name, entry]) => ({ path: join(root, name), entry }));
  const folders = new Set(paths.map(({ path, entry }) => (entry === 'folder' ? path : dirname(path))));
  for (const path of folders) await mkdir(path, { recursive: true });
  await Promise.all(paths.map(({ path, entry }) => makeEntry(path, entry)));
}

async function makeEntry(path: string, entry: TreeEntry): Promise<void> {
  if (entry === 'folder') return;
  if ('link' in entry) return symlink(entry.link, path);
  await writeFile(path, 'program' in entry ? entry.program : entry);
  if ('program' in entry) await chmod(path, 0o755);
}

/** Repeatable bytes, different for each seed. */
export function randomBytes(sizeBytes: number, seed = 1): Buffer {
  const block = new SeededRandom(seed).bytes(Math.min(sizeBytes, 4096));
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 4096) {
    block.copy(bytes, at);
    if (at + 4 <= sizeBytes) bytes.writeUInt32LE(at / 4096, at);
  }
  return bytes;
}

/** All bytes of a content end to end, as its torrent orders them. */
export async function contentBytes(metainfo: Metainfo, path: string): Promise<Buffer> {
  const parts = metainfo.files.map((file) => fileBytes(metainfo, path, file));
  return Buffer.concat(await Promise.all(parts));
}

/** Content in memory, and where its chunks lie in it. */
export class SampleContent {
  readonly geometry: ChunkGeometry;

  constructor(
    readonly metainfo: Metainfo,
    readonly bytes: Buffer,
  ) {
    this.geometry = new ChunkGeometry(metainfo);
  }

  get all(): Bitfield {
    return Bitfield.full(this.geometry.chunkCount);
  }

  some(...chunks: readonly number[]): Bitfield {
    const some = new Bitfield(this.geometry.chunkCount);
    for (const chunk of chunks) some.add(chunk);
    return some;
  }

  async write(store: Pick<ChunkStore, 'write'>, chunks: Iterable<number>): Promise<void> {
    await Promise.all([...chunks].map((chunk) => store.write(this.geometry.chunkStart(chunk), this.chunk(chunk))));
  }

  chunk(chunk: number): Buffer {
    const start = this.geometry.chunkStart(chunk);
    return this.bytes.subarray(start, start + this.geometry.chunkSize(chunk));
  }
}

/** A torrent of what lies at `path`, in chunks of 16 KiB. */
export async function sampleOf(path: string, format: TorrentFormat = 'v2'): Promise<SampleContent> {
  const { metainfo } = await shareContent({ path, format, chunkSizeBytes: 16_384 });
  return new SampleContent(metainfo, await contentBytes(metainfo, path));
}

/** Everything a tree can have, in 10 chunks. */
export async function sampleTree(): Promise<SampleContent> {
  const source = join(await makeFolder(), 'model');
  await makeTree(source, {
    'bin/run': { program: randomBytes(40_000, 1) },
    'data/part': randomBytes(100_000, 2),
    'data/latest': { link: 'part' },
    'empty.txt': Buffer.alloc(0),
    'logs/old': 'folder',
    'ñandú 𐍈': randomBytes(10, 3),
    up: { link: 'data' },
  });
  return sampleOf(source);
}

/** A single file `one.bin`. */
export async function sampleFile(sizeBytes = 100_000): Promise<SampleContent> {
  const source = join(await makeFolder(), 'one.bin');
  await writeFile(source, randomBytes(sizeBytes));
  return sampleOf(source);
}

async function fileBytes(metainfo: Metainfo, path: string, file: ContentFile): Promise<Buffer> {
  if (file.isPadding || file.sizeBytes === 0) return Buffer.alloc(file.sizeBytes);
  return readFile(metainfo.isDirectory ? join(path, ...file.path) : path);
}
