/**
 * One peer shares a directory of many small files, another fetches it: time to share and to fetch on running peers, and
 * each peer's peak RssAnon. Prints JSON.
 *
 *   npm run bench -- many-files --files 50000 --size-bytes 4096 --rounds 1 --folder /var/tmp
 */
import { createHash, randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type PeerProcess, ProcessCluster } from '../cluster/process-cluster.js';

const { values: options } = parseArgs({
  args: process.argv.slice(2),
  options: {
    files: { type: 'string', default: '50000' },
    'size-bytes': { type: 'string', default: '4096' },
    /** Files in one directory. */
    'per-directory': { type: 'string', default: '500' },
    rounds: { type: 'string', default: '1' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const MIB = 1024 * 1024;
/** Rarer than what a view costs. */
const POLL_MS = 50;

async function makeTree(root: string, fileCount: number, sizeBytes: number): Promise<void> {
  const perDirectory = Number(options['per-directory']);
  const bytes = Buffer.allocUnsafe(sizeBytes);
  for (let index = 0; index < fileCount; index += 1) {
    const directory = path.join(root, `d${String(Math.floor(index / perDirectory)).padStart(4, '0')}`);
    if (index % perDirectory === 0) await mkdir(directory, { recursive: true });
    await writeFile(path.join(directory, `f${String(index).padStart(6, '0')}.bin`), randomFillSync(bytes));
  }
}

/** One hash of all names and bytes. */
async function digestOf(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const entry of (await readdir(root, { recursive: true, withFileTypes: true })).sort(byPath)) {
    const file = path.join(entry.parentPath, entry.name);
    hash.update(path.relative(root, file));
    if (entry.isFile()) hash.update(await readFile(file));
  }
  return hash.digest('hex');
}

function byPath(a: { parentPath: string; name: string }, b: { parentPath: string; name: string }): number {
  return path.join(a.parentPath, a.name) < path.join(b.parentPath, b.name) ? -1 : 1;
}

async function untilComplete(peer: PeerProcess, id: string, onPoll: () => Promise<void>): Promise<string> {
  for (;;) {
    const view = await peer.view(id);
    await onPoll();
    if (view.state === 'complete') return view.hash as string;
    if (view.state === 'failed') throw new Error(view.reason?.message ?? 'failed');
    await wait(POLL_MS);
  }
}

async function round(folder: string, tree: string, digest: string): Promise<object> {
  const cluster = new ProcessCluster(path.join(folder, 'cluster'));
  try {
    await cluster.startTracker();
    const [provider, downloader] = [await cluster.startPeer('provider'), await cluster.startPeer('downloader')];
    const peaks = { provider: 0, downloader: 0 };
    const sample = async (): Promise<void> => {
      peaks.provider = Math.max(peaks.provider, await provider.rssAnonBytes());
      peaks.downloader = Math.max(peaks.downloader, await downloader.rssAnonBytes());
    };
    const shareStart = performance.now();
    const share = await provider.share({ path: tree });
    const hash = await untilComplete(provider, share.id, sample);
    const shareMs = performance.now() - shareStart;
    const cpuBefore = (await provider.cpuSeconds()) + (await downloader.cpuSeconds());
    const start = performance.now();
    const download = await downloader.download({ hash, directory: path.join(folder, 'got') });
    await untilComplete(downloader, download.id, sample);
    const fetchMs = performance.now() - start;
    const cpuSeconds = (await provider.cpuSeconds()) + (await downloader.cpuSeconds()) - cpuBefore;
    const isEqual = (await digestOf(path.join(folder, 'got', 'tree'))) === digest;
    if (!isEqual) throw new Error('the directory that arrived is another one');
    return {
      shareMs: Math.round(shareMs),
      fetchMs: Math.round(fetchMs),
      fetchCpuSeconds: Number(cpuSeconds.toFixed(2)),
      rssAnonPeakMib: {
        provider: Math.round(peaks.provider / MIB),
        downloader: Math.round(peaks.downloader / MIB),
      },
    };
  } finally {
    await cluster.stop();
    await rm(path.join(folder, 'cluster'), { recursive: true, force: true });
    await rm(path.join(folder, 'got'), { recursive: true, force: true });
  }
}

const folder = await mkdtemp(path.join(options.folder, 'panal-bench-'));
try {
  const [fileCount, sizeBytes] = [Number(options.files), Number(options['size-bytes'])];
  const tree = path.join(folder, 'tree');
  await makeTree(tree, fileCount, sizeBytes);
  const digest = await digestOf(tree);
  const rounds: object[] = [];
  for (let at = 0; at < Number(options.rounds); at += 1) rounds.push(await round(folder, tree, digest));
  console.log(JSON.stringify({ bench: 'many-files', fileCount, sizeBytes, node: process.version, rounds }, null, 2));
} finally {
  await rm(folder, { recursive: true, force: true });
}
