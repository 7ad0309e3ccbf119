import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { SeededRandom } from '@panal/runtime';
import { type PeerProcess, ProcessCluster, type ServerProcess } from '../cluster/process-cluster.js';

const MIB = 1024 * 1024;
const TRACKER_COUNT = 5;
// Real processes on a machine that may have one slow core.
jest.setTimeout(120_000);
const seed = Date.now() % 1_000_000;

describe(`five trackers as one cluster (seed ${seed})`, () => {
  let folder: string;
  let cluster: ProcessCluster;
  const trackers: ServerProcess[] = [];
  const random = new SeededRandom(seed);

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-cluster-'));
    cluster = new ProcessCluster(path.join(folder, 'cluster'));
    trackers.length = 0;
    // The first one knows nobody; the others join it, all at once.
    trackers.push(await cluster.startTracker('t1'));
    const others = Array.from({ length: TRACKER_COUNT - 1 }, (_, at) => cluster.startTracker(`t${at + 2}`));
    trackers.push(...(await Promise.all(others)));
  });

  afterEach(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function shared(peer: PeerProcess, name: string, sizeBytes: number): Promise<Buffer> {
    const bytes = randomBytes(sizeBytes);
    await writeFile(path.join(folder, name), bytes);
    const { id } = await peer.share({ path: path.join(folder, name), name: `${name}:1` });
    await peer.untilComplete(id);
    return bytes;
  }

  function got(who: string, name: string): Promise<Buffer> {
    return readFile(path.join(folder, who, name));
  }

  it('survives kill -9 of any two while one download runs and another starts', async () => {
    const provider = await cluster.startPeer('provider');
    const large = await shared(provider, 'large', 256 * MIB);
    const small = await shared(provider, 'small', MIB);
    const early = await cluster.startPeer('early');
    const late = await cluster.startPeer('late');
    const running = await early.download({ name: 'large:1', directory: path.join(folder, 'early') });
    await early.until(running.id, ({ doneBytes }) => doneBytes > 0);

    const first = random.below(TRACKER_COUNT);
    const second = (first + 1 + random.below(TRACKER_COUNT - 1)) % TRACKER_COUNT;
    await Promise.all([trackers[first]?.end('SIGKILL'), trackers[second]?.end('SIGKILL')]);
    const starting = await late.download({ name: 'small:1', directory: path.join(folder, 'late') });

    await Promise.all([early.untilComplete(running.id), late.untilComplete(starting.id)]);
    expect((await got('early', 'large')).equals(large)).toBe(true);
    expect((await got('late', 'small')).equals(small)).toBe(true);
  });

  it('knows after a restart of every tracker what it knew before', async () => {
    const provider = await cluster.startPeer('provider');
    const bytes = await shared(provider, 'kept', MIB);
    await Promise.all(trackers.map((tracker) => tracker.end('SIGKILL')));
    await Promise.all(
      trackers.map(({ ready }, at) => {
        const flags = ['--listen', ready.rpc as string, '--cluster-listen', ready.cluster as string];
        return cluster.startTracker(`t${at + 1}`, flags);
      }),
    );
    const late = await cluster.startPeer('late');
    const { id } = await late.download({ name: 'kept:1', directory: path.join(folder, 'late') });
    await late.untilComplete(id);
    expect((await got('late', 'kept')).equals(bytes)).toBe(true);
  });
});
