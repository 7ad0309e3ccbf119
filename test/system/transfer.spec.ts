import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { SeededRandom } from '@panal/runtime';
import { type PeerProcess, ProcessCluster } from '../cluster/process-cluster.js';
import { describeTree, makeSampleTree } from '../cluster/sample-content.js';

const MIB = 1024 * 1024;
// Real processes on a machine that may have one slow core.
jest.setTimeout(60_000);
const seed = Date.now() % 1_000_000;

/** The content is at its place when a download is complete; its staging folder goes when it is synced, a moment later. */
async function untilSettled(folder: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ((await readdir(folder)).includes('.panal') && performance.now() < deadline) await wait(20);
}

describe(`one peer shares, another fetches (seed ${seed})`, () => {
  let folder: string;
  let cluster: ProcessCluster;
  const random = new SeededRandom(seed);

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-system-'));
    cluster = new ProcessCluster(path.join(folder, 'cluster'));
  });

  afterEach(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const at = (...names: string[]): string => path.join(folder, ...names);

  async function makeFile(name: string, sizeBytes: number): Promise<string> {
    await writeFile(at(name), randomBytes(sizeBytes));
    return at(name);
  }

  /** A tracker and peers that share `file`; the hash it has. */
  async function sharedBy(names: readonly string[], file: string, name?: string): Promise<[PeerProcess[], string]> {
    await cluster.startTracker();
    const peers = await Promise.all(names.map((peer) => cluster.startPeer(peer)));
    const views = await Promise.all(peers.map((peer) => peer.share({ path: file, ...(name ? { name } : {}) })));
    const done = await Promise.all(peers.map((peer, index) => peer.untilComplete(views[index]?.id as string)));
    return [peers, done[0]?.hash as string];
  }

  it('carries a directory by name, with its modes, links, empty files and directories, and serves it on', async () => {
    await mkdir(at('tree'));
    await makeSampleTree(at('tree'), random);
    const [[first]] = await sharedBy(['first'], at('tree'), 'llm:v3');
    const second = await cluster.startPeer('second');
    const got = await second.download({ name: 'llm:v3', directory: at('two') });
    await second.untilComplete(got.id);
    expect(await describeTree(at('two', 'tree'))).toEqual(await describeTree(at('tree')));
    await untilSettled(at('two'));
    expect(await readdir(at('two'))).toEqual(['tree']);
    await first?.end('SIGKILL');
    const third = await cluster.startPeer('third');
    const again = await third.download({ name: 'llm:v3', directory: at('three') });
    const view = await third.untilComplete(again.id);
    expect(view.sources.filter(({ chunksDone }) => chunksDone > 0).map(({ name }) => name)).toEqual(['second']);
    expect(await describeTree(at('three', 'tree'))).toEqual(await describeTree(at('tree')));
  });

  it('takes chunks from several sources at once, and goes on when one is killed in the middle', async () => {
    const file = await makeFile('big', 192 * MIB);
    const [[doomed], hash] = await sharedBy(['doomed', 'steady'], file);
    const downloader = await cluster.startPeer('downloader');
    const { id } = await downloader.download({ hash, directory: at('got') });
    await downloader.until(id, ({ sources }) => sources.filter(({ chunksDone }) => chunksDone > 0).length === 2);
    await doomed?.end('SIGKILL');
    await downloader.untilComplete(id);
    expect((await readFile(at('got', 'big'))).equals(await readFile(file))).toBe(true);
  });

  it('goes on after kill -9 with what it had', async () => {
    const file = await makeFile('big', 192 * MIB);
    const [, hash] = await sharedBy(['provider'], file);
    const before = await cluster.startPeer('downloader');
    const { id } = await before.download({ hash, directory: at('got') });
    const journal = async (): Promise<boolean> => {
      const [staging] = await readdir(at('got', '.panal')).catch(() => []);
      return staging !== undefined && (await readdir(at('got', '.panal', staging))).includes('journal');
    };
    await before.until(id, ({ chunksDone, chunkCount }) => chunkCount > 0 && chunksDone > chunkCount / 4);
    while (!(await journal())) await before.until(id, () => true);
    await before.end('SIGKILL');
    const after = await cluster.startPeer('downloader');
    const view = await after.untilComplete(id);
    expect(view.downloadedBytes).toBeLessThan(view.sizeBytes);
    expect((await readFile(at('got', 'big'))).equals(await readFile(file))).toBe(true);
    await untilSettled(at('got'));
    expect(await readdir(at('got'))).toEqual(['big']);
  });

  it('does not hash a share again after a restart, and says so when the content changed meanwhile', async () => {
    const file = await makeFile('model', 3 * MIB);
    const [[provider], hash] = await sharedBy(['provider'], file);
    const [{ id }] = await (provider as PeerProcess).call<[{ id: string }]>('GET', '/torrents');
    await provider?.end();
    const again = await cluster.startPeer('provider');
    expect(await again.untilComplete(id)).toMatchObject({ hash, state: 'complete' });
    await again.end();
    await appendFile(file, 'more');
    const late = await cluster.startPeer('provider');
    const view = await late.until(id, ({ state }) => state === 'failed');
    expect(view.reason).toMatchObject({ code: 'content_changed' });
  });

  it('stops serving content that changed after it was shared', async () => {
    const file = await makeFile('model', 8 * MIB);
    const [[provider], hash] = await sharedBy(['provider'], file);
    const [{ id }] = await (provider as PeerProcess).call<[{ id: string }]>('GET', '/torrents');
    await writeFile(file, randomBytes(8 * MIB));
    await utimes(file, 1, 1);
    const downloader = await cluster.startPeer('downloader');
    const got = await downloader.download({ hash, directory: at('got') });
    const failed = await (provider as PeerProcess).until(id, ({ state }) => state === 'failed');
    expect(failed.reason).toMatchObject({ code: 'content_changed', retryable: false });
    const view = await downloader.until(got.id, ({ state }) => state === 'waiting');
    expect(view.chunksDone).toBe(0);
    await writeFile(file, randomBytes(8 * MIB));
  });

  it('waits where nobody has it, and goes on when somebody comes', async () => {
    const file = await makeFile('model', 2 * MIB);
    const [[provider], hash] = await sharedBy(['provider'], file, 'late:v1');
    // Hashed is not yet announced; with the name, which comes last, the tracker has the torrent file too.
    const isNamed = async (): Promise<boolean> => {
      const catalog = await provider?.call<{ torrents: { names: string[] }[] }>('GET', '/catalog');
      return catalog?.torrents.some(({ names }) => names.includes('late:v1')) ?? false;
    };
    while (!(await isNamed())) await wait(20);
    await provider?.end();
    const downloader = await cluster.startPeer('downloader');
    const { id } = await downloader.download({ hash, directory: at('got') });
    await downloader.until(id, ({ state }) => state === 'waiting');
    await cluster.startPeer('provider');
    expect((await downloader.untilComplete(id)).state).toBe('complete');
  });

  it('waits for a name nobody gave yet', async () => {
    const file = await makeFile('model', MIB);
    await cluster.startTracker();
    const downloader = await cluster.startPeer('downloader');
    const { id } = await downloader.download({ name: 'soon:v1', directory: at('got') });
    const waiting = await downloader.until(id, ({ reason }) => reason !== null);
    expect(waiting).toMatchObject({ state: 'resolving', reason: { code: 'name_unknown' } });
    const provider = await cluster.startPeer('provider');
    await provider.share({ path: file, name: 'soon:v1' });
    await downloader.untilComplete(id);
  });

  it('waits while no tracker answers, says so, and goes on when one does', async () => {
    const file = await makeFile('model', MIB);
    const tracker = await cluster.startTracker();
    const trackers = [tracker.ready.rpc as string];
    await tracker.end('SIGKILL');
    const provider = await cluster.startPeer('provider', { trackers });
    const share = await provider.share({ path: file, name: 'model:v1' });
    const { reason } = await provider.until(share.id, (view) => view.state === 'complete' && view.reason !== null);
    expect(reason).toMatchObject({ code: 'no_tracker', retryable: true });
    await cluster.startTracker('t1', ['--listen', trackers[0] as string]);
    const downloader = await cluster.startPeer('downloader', { trackers });
    const { id } = await downloader.download({ name: 'model:v1', directory: at('got') });
    expect((await downloader.untilComplete(id)).name).toBe('model:v1');
  });

  it('keeps a running transfer alive when every tracker is gone', async () => {
    const file = await makeFile('big', 128 * MIB);
    const tracker = await cluster.startTracker();
    const [provider, downloader] = [await cluster.startPeer('provider'), await cluster.startPeer('downloader')];
    const { hash } = await provider.untilComplete((await provider.share({ path: file })).id);
    const { id } = await downloader.download({ hash: hash as string, directory: at('got') });
    await downloader.until(id, ({ chunksDone }) => chunksDone > 0);
    await tracker.end('SIGKILL');
    expect((await downloader.untilComplete(id)).doneBytes).toBe(128 * MIB);
  });

  it('refuses a target that is something else, replaces it when told to, and knows its own content', async () => {
    const file = await makeFile('model', 2 * MIB);
    const [, hash] = await sharedBy(['provider'], file);
    const downloader = await cluster.startPeer('downloader');
    await mkdir(at('got'));
    await writeFile(at('got', 'model'), 'precious');
    const refused = await downloader.download({ hash, directory: at('got') });
    const view = await downloader.until(refused.id, ({ state }) => state === 'failed');
    expect(view.reason).toMatchObject({ code: 'target_exists' });
    expect(await readFile(at('got', 'model'), 'utf8')).toBe('precious');
    const forced = await downloader.download({ hash, directory: at('got'), force: true });
    await downloader.untilComplete(forced.id);
    const { ino } = await stat(at('got', 'model'));
    const known = await downloader.download({ hash, directory: at('got') });
    expect((await downloader.untilComplete(known.id)).downloadedBytes).toBe(0);
    expect((await stat(at('got', 'model'))).ino).toBe(ino);
    const listed = async (): Promise<string[]> =>
      (await downloader.call<{ id: string }[]>('GET', '/torrents')).map(({ id }) => id);
    // The one before makes way when its content is synced, which a busy disk may take long for.
    const deadline = performance.now() + 20_000;
    while ((await listed()).length > 1 && performance.now() < deadline) await wait(20);
    expect(await listed()).toEqual([known.id]);
  });

  it('puts what it shares itself to another place', async () => {
    const file = await makeFile('model', 5 * MIB);
    const [[provider], hash] = await sharedBy(['provider'], file);
    const { id } = await (provider as PeerProcess).download({ hash, directory: at('copy'), verify: 'reread' });
    await provider?.untilComplete(id);
    expect((await readFile(at('copy', 'model'))).equals(await readFile(file))).toBe(true);
  });

  it.each(['v1', 'hybrid'] as const)('carries a %s torrent', async (format) => {
    await mkdir(at('tree'));
    await makeSampleTree(at('tree'), random);
    await cluster.startTracker();
    const [provider, downloader] = [await cluster.startPeer('provider'), await cluster.startPeer('downloader')];
    const share = await provider.untilComplete((await provider.share({ path: at('tree'), format })).id);
    const { id } = await downloader.download({ magnet: share.magnet as string, directory: at('got') });
    await downloader.untilComplete(id);
    expect(await describeTree(at('got', 'tree'))).toEqual(await describeTree(at('tree')));
  });
});
