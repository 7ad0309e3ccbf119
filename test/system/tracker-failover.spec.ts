import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { TrackerView } from '@panal/wire';
import { type PeerProcess, ProcessCluster, type ServerProcess } from '../cluster/process-cluster.js';

jest.setTimeout(120_000);

describe('a peer of a cluster of trackers', () => {
  let folder: string;
  let cluster: ProcessCluster;
  let trackers: ServerProcess[];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-failover-'));
    cluster = new ProcessCluster(path.join(folder, 'cluster'));
    trackers = [];
    for (const name of ['t1', 't2', 't3']) trackers.push(await cluster.startTracker(name));
  });

  afterEach(async () => {
    for (const { child } of trackers) child.kill('SIGCONT');
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const at = (...names: string[]): string => path.join(folder, ...names);
  const addressOf = (tracker: ServerProcess | undefined): string => tracker?.ready.rpc as string;

  /** Waits until the trackers, as the peer sees them, are as they should be. */
  async function until(peer: PeerProcess, isFit: (views: readonly TrackerView[]) => boolean): Promise<void> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const { trackers: views } = await peer.status();
      if (isFit(views)) return;
      if (performance.now() > deadline) throw new Error(`it never came to that: ${JSON.stringify(views)}`);
      await wait(20);
    }
  }

  const isSettled = (views: readonly TrackerView[]): boolean =>
    views.length === 3 && views.some(({ isSession }) => isSession);

  async function sessionOf(peer: PeerProcess): Promise<ServerProcess> {
    const { trackers: views } = await peer.status();
    const session = views.find(({ isSession }) => isSession)?.address;
    const tracker = trackers.find((known) => addressOf(known) === session);
    if (tracker === undefined) throw new Error(`no session tracker in ${JSON.stringify(views)}`);
    return tracker;
  }

  /** A peer that knows the first tracker only, and shares a file. */
  async function sharing(): Promise<{ peer: PeerProcess; hash: string; bytes: Buffer }> {
    const peer = await cluster.startPeer('provider', { trackers: [addressOf(trackers[0])] });
    await until(peer, isSettled);
    const bytes = randomBytes(300_000);
    await writeFile(at('content'), bytes);
    const { id } = await peer.share({ path: at('content') });
    return { peer, hash: (await peer.untilComplete(id)).hash as string, bytes };
  }

  async function fetchAt(peer: PeerProcess, hash: string, directory: string): Promise<Buffer> {
    const { id } = await peer.download({ hash, directory: at(directory) });
    await peer.untilComplete(id);
    return readFile(at(directory, 'content'));
  }

  it('learns of all from one, and goes on with another when its own is killed', async () => {
    const { peer, hash, bytes } = await sharing();
    await (await sessionOf(peer)).end('SIGKILL');
    const other = trackers.find(({ child }) => child.exitCode === null && child.signalCode === null);
    await until(peer, (views) => views.some(({ isSession, state }) => isSession && state === 'connected'));
    const downloader = await cluster.startPeer('downloader', { trackers: [addressOf(other)] });
    expect(await fetchAt(downloader, hash, 'got')).toEqual(bytes);
  });

  it('asks another when its own hangs', async () => {
    const { peer, hash, bytes } = await sharing();
    const downloader = await cluster.startPeer('downloader', { trackers: [addressOf(trackers[0])] });
    await until(downloader, isSettled);
    (await sessionOf(downloader)).child.kill('SIGSTOP');
    expect(await fetchAt(downloader, hash, 'got')).toEqual(bytes);
    expect((await peer.status()).trackers).toHaveLength(3);
  });

  it('finds the cluster after a restart though the one it was told of is gone', async () => {
    const { peer, hash, bytes } = await sharing();
    await peer.end();
    await trackers[0]?.end('SIGKILL');
    const again = await cluster.startPeer('provider', { trackers: [addressOf(trackers[0])] });
    await until(again, (views) => views.some(({ state }) => state === 'connected'));
    const downloader = await cluster.startPeer('downloader', { trackers: [addressOf(trackers[1])] });
    expect(await fetchAt(downloader, hash, 'got')).toEqual(bytes);
  });
});
