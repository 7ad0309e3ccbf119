import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { parseTorrent } from '@panal/torrent';
import { METADATA_SIZE_MAX } from '@panal/wire';
import { LyingPeer } from '../cluster/lying-peer.js';
import { ProcessCluster } from '../cluster/process-cluster.js';

// Real processes on a machine that may have one slow core.
jest.setTimeout(60_000);

/** Long names make a large torrent file of little content. */
const FILE_COUNT = 4_500;
const nameOf = (index: number): string => `${String(index).padStart(6, '0')}${'x'.repeat(220)}`;

describe('a torrent file that is too large for a tracker', () => {
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

  it('comes from a peer that has it, by hash or by name, also when another peer lies', async () => {
    const tree = path.join(folder, 'tree');
    await mkdir(tree);
    for (let index = 0; index < FILE_COUNT; index += 1) await writeFile(path.join(tree, nameOf(index)), '');
    await writeFile(path.join(tree, 'content'), 'hello');
    const tracker = await cluster.startTracker();
    const provider = await cluster.startPeer('provider');
    const share = await provider.share({ path: tree, name: 'llm:v3' });
    const { hash } = await provider.untilComplete(share.id);
    const torrentFile = await provider.metainfo(share.id);
    expect(torrentFile.length).toBeGreaterThan(METADATA_SIZE_MAX);
    const liars = await Promise.all(
      ['liar', 'other'].map(async (name) =>
        LyingPeer.start({
          name,
          keyText: await readFile(path.join(cluster.folder, 'cluster.key'), 'utf8'),
          tracker: tracker.ready.rpc as string,
          metainfo: parseTorrent(torrentFile),
          file: path.join(tree, 'content'),
        }),
      ),
    );
    try {
      const downloader = await cluster.startPeer('downloader');
      for (const [target, wanted] of Object.entries({ one: { hash: hash as string }, two: { name: 'llm:v3' } })) {
        const { id } = await downloader.download({ ...wanted, directory: path.join(folder, target) });
        await downloader.untilComplete(id);
        expect((await downloader.metainfo(id)).equals(torrentFile)).toBe(true);
        expect(await readdir(path.join(folder, target, 'tree'))).toHaveLength(FILE_COUNT + 1);
      }
    } finally {
      for (const liar of liars) await liar.stop();
    }
  });
});
