/**
 * One peer shares random data, another fetches it: wall time from `get` on running peers, MB/s, and each peer's peak
 * RssAnon. Prints JSON.
 *
 *   npm run bench -- transfer --size-mib 1024 --rounds 3 --folder /var/tmp
 */
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type PeerProcess, ProcessCluster } from '../cluster/process-cluster.js';

const { values: options } = parseArgs({
  args: process.argv.slice(2),
  options: {
    'size-mib': { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const MIB = 1024 * 1024;
const POLL_MS = 20;

async function makeFile(file: string, sizeMib: number): Promise<void> {
  const block = Buffer.allocUnsafe(4 * MIB);
  const handle = await open(file, 'w');
  for (let written = 0; written < sizeMib; written += 4) {
    randomFillSync(block);
    await handle.write(block, 0, Math.min(4, sizeMib - written) * MIB);
  }
  await handle.sync();
  await handle.close();
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: MIB })) hash.update(piece as Buffer);
  return hash.digest('hex');
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

async function round(folder: string, file: string, sizeMib: number): Promise<object> {
  const cluster = new ProcessCluster(path.join(folder, 'cluster'));
  try {
    await cluster.startTracker();
    const [provider, downloader] = [await cluster.startPeer('provider'), await cluster.startPeer('downloader')];
    const idleBytes = await downloader.rssAnonBytes();
    const peaks = { provider: 0, downloader: 0 };
    const sample = async (): Promise<void> => {
      peaks.provider = Math.max(peaks.provider, await provider.rssAnonBytes());
      peaks.downloader = Math.max(peaks.downloader, await downloader.rssAnonBytes());
    };
    const shareStart = performance.now();
    const share = await provider.share({ path: file });
    const hash = await untilComplete(provider, share.id, sample);
    const shareMs = performance.now() - shareStart;
    const cpuBefore = (await provider.cpuSeconds()) + (await downloader.cpuSeconds());
    const start = performance.now();
    const download = await downloader.download({ hash, directory: path.join(folder, 'got') });
    await untilComplete(downloader, download.id, sample);
    const wallMs = performance.now() - start;
    const cpuSeconds = (await provider.cpuSeconds()) + (await downloader.cpuSeconds()) - cpuBefore;
    const isEqual = (await sha256(path.join(folder, 'got', 'content'))) === (await sha256(file));
    if (!isEqual) throw new Error('the file that arrived is another one');
    const sizeMb = (sizeMib * MIB) / 1e6;
    return {
      shareMs: Math.round(shareMs),
      wallMs: Math.round(wallMs),
      megabytesPerSecond: Math.round(sizeMb / (wallMs / 1000)),
      cpuSecondsPerGb: Number((cpuSeconds / (sizeMb / 1000)).toFixed(2)),
      rssAnonMib: {
        idle: Math.round(idleBytes / MIB),
        providerPeak: Math.round(peaks.provider / MIB),
        downloaderPeak: Math.round(peaks.downloader / MIB),
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
  const sizeMib = Number(options['size-mib']);
  const file = path.join(folder, 'content');
  await makeFile(file, sizeMib);
  const rounds: object[] = [];
  for (let at = 0; at < Number(options.rounds); at += 1) rounds.push(await round(folder, file, sizeMib));
  console.log(JSON.stringify({ bench: 'transfer', sizeMib, node: process.version, rounds }, null, 2));
} finally {
  await rm(folder, { recursive: true, force: true });
}
