/**
 * How long a small file takes: from `get` on running peers until its first byte can be read under its name, which is when
 * all of it is verified, and until the peer says complete. The first file of a fresh process and the ones after it.
 * Prints JSON.
 *
 *   npm run bench -- first-byte --size-kib 1024 --files 20 --folder /var/tmp
 */
import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type PeerProcess, ProcessCluster } from '../cluster/process-cluster.js';

const { values: options } = parseArgs({
  args: process.argv.slice(2),
  options: {
    'size-kib': { type: 'string', default: '1024' },
    files: { type: 'string', default: '20' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const POLL_MS = 1;
const WAIT_MS_MAX = 10_000;

interface Delays {
  readonly firstByteMs: number;
  readonly completeMs: number;
}

/** @throws when nothing comes for 10 s */
async function readFirstByte(file: string): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  for (;;) {
    const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' || performance.now() > deadlineMs) throw error;
    });
    if (handle !== undefined) {
      const { bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, 0);
      await handle.close();
      if (bytesRead !== 1) throw new Error(`${file} is empty`);
      return;
    }
    await wait(POLL_MS);
  }
}

async function fetchOne(peer: PeerProcess, hash: string, directory: string): Promise<Delays> {
  await mkdir(directory);
  const start = performance.now();
  const { id } = await peer.download({ hash, directory });
  await readFirstByte(path.join(directory, 'content'));
  const firstByteMs = performance.now() - start;
  await peer.untilComplete(id);
  return { firstByteMs, completeMs: performance.now() - start };
}

async function measure(folder: string, fileCount: number, sizeBytes: number): Promise<Delays[]> {
  const cluster = new ProcessCluster(path.join(folder, 'cluster'));
  try {
    await cluster.startTracker();
    const [provider, downloader] = [await cluster.startPeer('provider'), await cluster.startPeer('downloader')];
    const hashes: string[] = [];
    for (let at = 0; at < fileCount; at += 1) {
      const file = path.join(folder, String(at), 'content');
      await mkdir(path.dirname(file));
      await writeFile(file, randomFillSync(Buffer.allocUnsafe(sizeBytes)));
      hashes.push((await provider.untilComplete((await provider.share({ path: file })).id)).hash as string);
    }
    const delays: Delays[] = [];
    for (const [at, hash] of hashes.entries())
      delays.push(await fetchOne(downloader, hash, path.join(folder, `got-${at}`)));
    return delays;
  } finally {
    await cluster.stop();
  }
}

function summaryOf(delays: readonly Delays[], key: keyof Delays): object {
  const [first = 0, ...later] = delays.map((delay) => Math.round(delay[key]));
  const sorted = later.toSorted((a, b) => a - b);
  return { first, medianOfLater: sorted[Math.floor(sorted.length / 2)], highestOfLater: sorted.at(-1) };
}

const folder = await mkdtemp(path.join(options.folder, 'panal-bench-'));
try {
  const [fileCount, sizeKib] = [Number(options.files), Number(options['size-kib'])];
  const delays = await measure(folder, fileCount, sizeKib * 1024);
  const [firstByteMs, completeMs] = [summaryOf(delays, 'firstByteMs'), summaryOf(delays, 'completeMs')];
  console.log(
    JSON.stringify({ bench: 'first-byte', sizeKib, fileCount, node: process.version, firstByteMs, completeMs }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
