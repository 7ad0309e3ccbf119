import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SeededRandom } from '@panal/runtime';
import { ChunkGeometry, type ContentFile, type Metainfo } from '@panal/torrent';

const made: string[] = [];

/** A fresh folder; `removeFolders` takes it away. */
export async function makeFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'panal-storage-'));
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
  for (const [name, entry] of Object.entries(entries)) {
    const path = join(root, name);
    await mkdir(entry === 'folder' ? path : dirname(path), { recursive: true });
    if (entry === 'folder') continue;
    if ('link' in entry) await symlink(entry.link, path);
    else await writeFile(path, 'program' in entry ? entry.program : entry);
    if ('program' in entry) await chmod(path, 0o755);
  }
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

/** The bytes of one chunk, and where they begin in the content. */
export function chunkOf(metainfo: Metainfo, content: Buffer, chunk: number): { start: number; bytes: Buffer } {
  const geometry = new ChunkGeometry(metainfo);
  const start = geometry.chunkStart(chunk);
  return { start, bytes: content.subarray(start, start + geometry.chunkSize(chunk)) };
}

async function fileBytes(metainfo: Metainfo, path: string, file: ContentFile): Promise<Buffer> {
  if (file.isPadding || file.sizeBytes === 0) return Buffer.alloc(file.sizeBytes);
  return readFile(metainfo.isDirectory ? join(path, ...file.path) : path);
}
