import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { parseAddress } from '@panal/runtime';
import { parseTorrent } from '@panal/torrent';
import { LyingPeer } from '../cluster/lying-peer.js';
import { type PeerProcess, ProcessCluster } from '../cluster/process-cluster.js';

const MIB = 1024 * 1024;
// Real processes on a machine that may have one slow core.
jest.setTimeout(60_000);

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('skipped: disk full and read-only mounts need root (a tmpfs is mounted)');

describe('faults', () => {
  let folder: string;
  let cluster: ProcessCluster;
  let tracker: string;
  let mounts: string[];
  let liars: LyingPeer[];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-faults-'));
    cluster = new ProcessCluster(path.join(folder, 'cluster'));
    mounts = [];
    liars = [];
    tracker = (await cluster.startTracker()).ready.rpc as string;
  });

  afterEach(async () => {
    for (const liar of liars) await liar.stop();
    await cluster.stop();
    for (const mount of mounts) execFileSync('umount', [mount]);
    await rm(folder, { recursive: true, force: true });
  });

  const at = (...names: string[]): string => path.join(folder, ...names);

  async function shareFile(
    sizeBytes: number,
  ): Promise<{ provider: PeerProcess; file: string; hash: string; id: string }> {
    const file = at('model');
    await writeFile(file, randomBytes(sizeBytes));
    const provider = await cluster.startPeer('provider');
    const { id } = await provider.share({ path: file });
    const { hash } = await provider.untilComplete(id);
    return { provider, file, hash: hash as string, id };
  }

  async function startLiar(provider: PeerProcess, id: string, file: string): Promise<void> {
    const bytes = await provider.metainfo(id);
    const keyText = await readFile(at('cluster', 'cluster.key'), 'utf8');
    liars.push(await LyingPeer.start({ name: 'liar', keyText, tracker, metainfo: parseTorrent(bytes), file }));
  }

  async function mountTmpfs(target: string, sizeMib: number): Promise<void> {
    await mkdir(target);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', target]);
    mounts.push(target);
  }

  it('throws a damaged chunk away, asks another peer for it, and avoids the liar', async () => {
    const { provider, file, hash, id } = await shareFile(48 * MIB);
    await startLiar(provider, id, file);
    const downloader = await cluster.startPeer('downloader');
    const got = await downloader.download({ hash, directory: at('got') });
    const view = await downloader.untilComplete(got.id);
    expect((await readFile(at('got', 'model'))).equals(await readFile(file))).toBe(true);
    expect(view.sources.find(({ name }) => name === 'liar')).toMatchObject({ state: 'avoided', chunksDone: 0 });
    expect(view.sources.find(({ name }) => name === 'liar')?.badChunks).toBeGreaterThan(0);
    expect(view.wastedBytes).toBeGreaterThan(0);
  });

  it('never completes from a liar alone', async () => {
    const { provider, file, hash, id } = await shareFile(4 * MIB);
    await startLiar(provider, id, file);
    await provider.end();
    const downloader = await cluster.startPeer('downloader');
    const got = await downloader.download({ hash, directory: at('got') });
    const view = await downloader.until(got.id, ({ sources }) => sources.some(({ badChunks }) => badChunks > 0));
    expect(view.chunksDone).toBe(0);
    await cluster.startPeer('provider');
    await downloader.untilComplete(got.id);
  });

  (isRoot ? describe : describe.skip)('on a disk of its own', () => {
    it('pauses on a full disk with the reason, and goes on when there is room', async () => {
      const { file, hash } = await shareFile(24 * MIB);
      await mountTmpfs(at('small'), 12);
      const downloader = await cluster.startPeer('downloader');
      const { id } = await downloader.download({ hash, directory: at('small') });
      const paused = await downloader.until(id, ({ state }) => state === 'paused');
      expect(paused.reason).toMatchObject({ code: 'disk_full', retryable: true });
      execFileSync('mount', ['-o', 'remount,size=64m', at('small')]);
      await downloader.untilComplete(id);
      expect((await readFile(at('small', 'model'))).equals(await readFile(file))).toBe(true);
    });

    it('pauses on a disk that turned read-only, and goes on when it is writable again', async () => {
      const { hash } = await shareFile(96 * MIB);
      await mountTmpfs(at('moody'), 200);
      const downloader = await cluster.startPeer('downloader');
      const { id } = await downloader.download({ hash, directory: at('moody') });
      await downloader.until(id, ({ chunksDone }) => chunksDone > 0);
      await downloader.end('SIGKILL');
      execFileSync('mount', ['-o', 'remount,ro', at('moody')]);
      const again = await cluster.startPeer('downloader');
      const refused = await again.until(id, ({ reason }) => reason !== null);
      expect(refused.reason?.code).toMatch(/read_only|target_unwritable/);
      execFileSync('mount', ['-o', 'remount,rw', at('moody')]);
      await again.untilComplete(id);
    });
  });

  it('refuses a target it may not write to, and says where', async () => {
    const { hash } = await shareFile(MIB);
    const downloader = await cluster.startPeer('downloader');
    await mkdir(at('closed'));
    await chmod(at('closed'), 0o555);
    // Root passes every mode; a file in the place of the folder stops it as well.
    await writeFile(at('no-folder'), '');
    const directory = isRoot ? at('no-folder', 'below') : at('closed');
    const { id } = await downloader.download({ hash, directory });
    const { reason } = await downloader.until(id, (view) => view.reason !== null);
    expect(reason).toMatchObject({ code: 'target_unwritable' });
    expect(reason?.message).toContain(directory.slice(0, 20));
  });

  it.each([
    ['nothing', ''],
    ['cut short', 'd4:infod6:lengthi5'],
    ['deeply nested', `d4:info${'l'.repeat(5000)}${'e'.repeat(5000)}e`],
    [
      'an absolute path',
      'd4:infod5:filesld6:lengthi1e4:pathl1:/3:etceee4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee',
    ],
    [
      'a way out',
      'd4:infod5:filesld6:lengthi1e4:pathl2:..3:etceee4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee',
    ],
  ])('refuses a torrent file that is %s, and goes on', async (_what, text) => {
    const downloader = await cluster.startPeer('downloader');
    const torrent = Buffer.from(text).toString('base64');
    await expect(downloader.download({ torrent, directory: at('got') })).rejects.toThrow(/torrent_|request_invalid/);
    expect((await downloader.status()).downloadCount).toBe(0);
  });

  it('says which port is taken, by a peer as by a tracker', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as { port: number };
    const listen = ['--listen', `127.0.0.1:${port}`];
    await expect(cluster.startPeer('unlucky', { extra: listen })).rejects.toThrow(/port_taken.*:\d+/s);
    await expect(cluster.startTracker('t2', listen)).rejects.toThrow(/port_taken.*:\d+/s);
    await expect(cluster.startPeer('unlucky', { extra: ['--api', `127.0.0.1:${port}`] })).rejects.toThrow(/port_taken/);
    squatter.close();
  });

  it('shrugs off garbage and slow bytes on every port', async () => {
    const { provider, hash } = await shareFile(2 * MIB);
    const api = new URL(provider.ready.url as string);
    const ports = [tracker, provider.ready.data as string, `${api.hostname}:${api.port}`];
    const attacks = ports.flatMap((address) =>
      [randomBytes(4096), Buffer.from('GET / HTTP/1.1\r\n'), Buffer.from([0xff]), Buffer.alloc(100_000, 0x50)].map(
        (bytes) => {
          const socket = connect(parseAddress(address));
          socket.on('error', () => undefined);
          socket.write(bytes);
          return socket;
        },
      ),
    );
    const downloader = await cluster.startPeer('downloader');
    const { id } = await downloader.download({ hash, directory: at('got') });
    expect(await downloader.untilComplete(id)).toMatchObject({ state: 'complete', wastedBytes: 0 });
    for (const socket of attacks) socket.destroy();
  });

  it('tells a peer with the wrong key what is wrong', async () => {
    await writeFile(at('other.key'), `panal-cluster-key:1:${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
    const stranger = await cluster.startPeer('stranger', { extra: ['--key-file', at('other.key')] });
    for (;;) {
      const { trackers } = await stranger.status();
      if (trackers[0]?.reason === undefined) continue;
      expect(trackers[0]).toMatchObject({ state: 'refused', reason: { code: 'key_mismatch', retryable: false } });
      break;
    }
  });

  it('lets only one peer have a name, and tells the second who has it', async () => {
    const { file } = await shareFile(MIB);
    const second = await cluster.startPeer('second', { extra: ['--name', 'provider'] });
    const { id } = await second.share({ path: file });
    const { reason } = await second.until(id, (view) => view.reason !== null);
    expect(reason).toMatchObject({ code: 'peer_name_taken' });
  });

  it('asks for the token of the API', async () => {
    const peer = await cluster.startPeer('peer');
    const response = await fetch(`${peer.ready.url}/api/v1/torrents`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'unauthorized' });
    const live = await fetch(`${peer.ready.url}/health/live`);
    expect(live.status).toBe(200);
  });

  it('refuses unknown fields and says which', async () => {
    const peer = await cluster.startPeer('peer');
    await expect(peer.call('POST', '/shares', { path: '/x', colour: 'red' })).rejects.toThrow(/400.*colour/s);
    await expect(peer.call('POST', '/shares', { path: 'relative' })).rejects.toThrow(/400.*absolute/s);
  });
});
