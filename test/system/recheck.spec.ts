import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { ProcessCluster } from '../cluster/process-cluster.js';

// Real processes on a machine that may have one slow core.
jest.setTimeout(60_000);
const SIZE = 8 * 1024 * 1024;

describe('a recheck', () => {
  let folder: string;
  let cluster: ProcessCluster;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-system-'));
    cluster = new ProcessCluster(path.join(folder, 'cluster'));
  });

  afterEach(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('mends what was damaged on the disk, fetching that and nothing else', async () => {
    const bytes = randomBytes(SIZE);
    await writeFile(path.join(folder, 'model'), bytes);
    await cluster.startTracker();
    const [provider, downloader] = [await cluster.startPeer('provider'), await cluster.startPeer('downloader')];
    const share = await provider.share({ path: path.join(folder, 'model') });
    const { hash } = await provider.untilComplete(share.id);
    const { id } = await downloader.download({ hash: hash as string, directory: path.join(folder, 'got') });
    await downloader.untilComplete(id);
    const target = path.join(folder, 'got', 'model');
    const handle = await open(target, 'r+');
    await handle.write(Buffer.from('rotten'), 0, 6, SIZE / 2);
    await handle.close();
    await downloader.call('POST', `/torrents/${id}/recheck`, {});
    const view = await downloader.untilComplete(id);
    expect((await readFile(target)).equals(bytes)).toBe(true);
    expect(view.downloadedBytes).toBe(view.chunkSizeBytes);
  });
});
