import { execFileSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

const MIB = 1024 * 1024;
const BLOCK_BYTES = 4 * MIB;
/** Less than a disk of 100 MB/s writes in a third of a second; a machine in use never gets to nothing. */
const DIRTY_BYTES_MAX = 32 * MIB;
const SETTLE_MS_MAX = 60_000;
const SETTLE_POLL_MS = 250;
const REST_MS = 1000;

/** What `settle` does, for the report. */
export const SETTLE_NOTE =
  'before each run: sync of the file system, then until Dirty + Writeback of /proc/meminfo are under 32 MiB (60 s at most), ' +
  'then the source is read once (so that it is in the page cache for everyone), then 1 s of rest';

/** Random bytes, on disk when it returns. */
export async function makeContent(file: string, sizeBytes: number): Promise<void> {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  const handle = await open(file, 'w');
  for (let written = 0; written < sizeBytes; written += BLOCK_BYTES) {
    randomFillSync(block);
    await handle.write(block, 0, Math.min(BLOCK_BYTES, sizeBytes - written));
  }
  await handle.sync();
  await handle.close();
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(file, { highWaterMark: MIB })) hash.update(bytes as Buffer);
  return hash.digest('hex');
}

/** Lets the disk come to rest, so that no run pays for what the one before it wrote. @returns Seconds it took. */
export async function settle(folder: string, source: string): Promise<number> {
  const start = performance.now();
  execFileSync('sync', ['-f', folder]);
  while ((await dirtyBytes()) > DIRTY_BYTES_MAX && performance.now() - start < SETTLE_MS_MAX) {
    await wait(SETTLE_POLL_MS);
  }
  await sha256Of(source);
  await wait(REST_MS);
  return (performance.now() - start) / 1000;
}

async function dirtyBytes(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8');
  const kilobytes = [...text.matchAll(/^(?:Dirty|Writeback):\s+(\d+) kB/gm)].map(([, value]) => Number(value));
  return kilobytes.reduce((sum, value) => sum + value, 0) * 1024;
}

/** Source, mount point, type and options of the file system that `folder`, an absolute path, is on. */
export async function fileSystemOf(folder: string): Promise<string> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).trim().split('\n');
  const holds = (line: string): boolean => {
    const point = line.split(' ')[1] as string;
    return folder === point || folder.startsWith(point.endsWith('/') ? point : `${point}/`);
  };
  // The longest mount point; of several mounts on one point, the last one covers the others.
  const pointLength = (line = ''): number => line.split(' ')[1]?.length ?? 0;
  return mounts.filter(holds).reduce((best, line) => (pointLength(line) >= pointLength(best) ? line : best), '');
}
