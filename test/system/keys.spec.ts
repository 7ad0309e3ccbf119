import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { type ClientKey, parseClientKey, parseClusterKeyring } from '@panal/access';
import type { TcpRpcClient } from '@panal/transport-tcp';
import { TRACKER_PATTERNS } from '@panal/wire';
import { ProcessCluster, type ServerProcess } from '../cluster/process-cluster.js';
import { eventually, type Running, run, start } from './cli-process.js';
import { connect } from './key-bearer.js';

// Real processes on a machine that may have one slow core.
jest.setTimeout(240_000);

const REVOKED_WITHIN_MS = 5_000;

describe('keys of clients in a cluster of three trackers', () => {
  let folder: string;
  let cluster: ProcessCluster;
  let trackers: ServerProcess[];
  const clients: TcpRpcClient[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-keys-'));
    cluster = new ProcessCluster(path.join(folder, 'cluster'));
    trackers = [await cluster.startTracker('t1', ['--peer-ttl', '3s'])];
    trackers.push(...(await Promise.all(['t2', 't3'].map((name) => cluster.startTracker(name, ['--peer-ttl', '3s'])))));
  });
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
  afterAll(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const at = (...names: string[]) => path.join(folder, ...names);
  const keys = (...args: string[]) => {
    const [command = '', ...rest] = args;
    const flags = ['--tracker', trackers[0]?.ready.rpc as string, '--key-file', at('cluster', 'cluster.key')];
    return run(['keys', command, ...rest, ...flags], folder);
  };
  const makeKey = async (name: string, ...flags: string[]): Promise<ClientKey> => {
    expect(await keys('client', name, '--out', at(`${name}.key`), ...flags)).toMatchObject({ code: 0 });
    return parseClientKey(await readFile(at(`${name}.key`), 'utf8'));
  };
  const client = (tracker: ServerProcess, key: ClientKey): TcpRpcClient => {
    const made = connect(tracker, key);
    clients.push(made);
    return made;
  };

  it('lets a peer with a key of its own fetch from others, with a key or with the cluster key, and them from it', async () => {
    await Promise.all(['ada', 'bob'].map((name) => makeKey(name)));
    expect((await stat(at('ada.key'))).mode & 0o777).toBe(0o600);
    const ada = await cluster.startPeer('ada', { extra: ['--key-file', at('ada.key')] });
    const bob = await cluster.startPeer('bob', { extra: ['--key-file', at('bob.key')] });
    const member = await cluster.startPeer('member');
    const bytes = randomBytes(3_000_000);
    await writeFile(at('file'), bytes);
    const { id } = await ada.share({ path: at('file'), name: 'file:1' });
    await ada.untilComplete(id);
    for (const [name, peer] of Object.entries({ bob, member })) {
      await mkdir(at(name));
      const download = await peer.download({ name: 'file:1', directory: at(name) });
      await peer.untilComplete(download.id);
      expect((await readFile(at(name, 'file'))).equals(bytes)).toBe(true);
    }
  });

  it('is revoked everywhere within five seconds: new connections refused, open ones closed, by every tracker', async () => {
    const key = await makeKey('eve');
    const open = trackers.map((tracker) => client(tracker, key));
    await Promise.all(open.map((one) => one.call(TRACKER_PATTERNS.clusterMembers, { namespace: 'default' })));
    const lost = open.map((one) => new Promise<number>((resolve) => one.onStatus(() => resolve(performance.now()))));
    const startedMs = performance.now();
    expect(await keys('revoke', 'eve')).toMatchObject({ code: 0 });
    const closedMs = (await Promise.all(lost)).map((ms) => ms - startedMs);
    for (const ms of closedMs) expect(ms).toBeLessThan(REVOKED_WITHIN_MS);
    for (const tracker of trackers) {
      await expect(client(tracker, key).connect()).rejects.toMatchObject({ code: 'key_revoked' });
    }
    expect(performance.now() - startedMs).toBeLessThan(REVOKED_WITHIN_MS);
    const listed = await keys('list', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject({
      keys: expect.arrayContaining([
        expect.objectContaining({ name: 'eve', revokedAt: expect.any(Number) as number }),
      ]) as unknown,
    });
  });

  it('has two secrets at once while one is replaced, and one after that', async () => {
    const old = await makeKey('ci');
    expect(await keys('rotate', 'ci', '--out', at('ci.key'))).toMatchObject({ code: 0 });
    const renewed = parseClientKey(await readFile(at('ci.key'), 'utf8'));
    expect([renewed.id, renewed.secret.equals(old.secret)]).toEqual([old.id, false]);
    for (const tracker of trackers) for (const key of [old, renewed]) await client(tracker, key).connect();
    expect(await keys('rotate', 'ci', '--finish')).toMatchObject({ code: 0 });
    await client(trackers[0] as ServerProcess, renewed).connect();
    await expect(client(trackers[0] as ServerProcess, old).connect()).rejects.toMatchObject({ code: 'key_mismatch' });
  });

  it('shows itself in no output of the command line, and refuses a key file that others can read', async () => {
    const key = await makeKey('quiet');
    const { stdout, stderr } = await keys('list');
    for (const text of [stdout, stderr]) expect(text).not.toContain(key.secret.toString('base64url').slice(0, 12));
    await chmod(at('quiet.key'), 0o644);
    await expect(cluster.startPeer('exposed', { extra: ['--key-file', at('quiet.key')] })).rejects.toThrow(
      'key_file_exposed',
    );
  });
});

describe('the keys of a cluster', () => {
  it('are replaced step by step while trackers and clients go on', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'panal-rotation-'));
    const cluster = new ProcessCluster(folder);
    const keyFile = path.join(folder, 'cluster.key');
    const rotate = (...flags: string[]) => run(['keys', 'rotate', '--key-file', keyFile, ...flags], folder);
    const clientFile = path.join(folder, 'ci.key');
    try {
      const names = ['t1', 't2', 't3'];
      let trackers = [await cluster.startTracker('t1')];
      trackers.push(...(await Promise.all(['t2', 't3'].map((name) => cluster.startTracker(name)))));
      const rpc = trackers[0]?.ready.rpc as string;
      const made = await run(
        ['keys', 'client', 'ci', '--tracker', rpc, '--key-file', keyFile, '--out', clientFile],
        folder,
      );
      expect(made).toMatchObject({ code: 0 });
      const client = parseClientKey(await readFile(clientFile, 'utf8'));
      const before = parseClusterKeyring(await readFile(keyFile, 'utf8'));
      for (const step of [[], ['--use'], ['--finish']]) {
        expect(await rotate(...step)).toMatchObject({ code: 0 });
        const restarted: ServerProcess[] = [];
        // One at a time, as an upgrade does it: those that have the new file and those that have not must understand each other.
        for (const [number, name] of names.entries()) {
          const { ready } = trackers[number] as ServerProcess;
          await trackers[number]?.end();
          const flags = ['--listen', ready.rpc as string, '--cluster-listen', ready.cluster as string];
          restarted.push(await cluster.startTracker(name, flags));
          await eventually(async () => {
            const status = await fetch(`${restarted.at(-1)?.ready.url}/health/ready`);
            return status.ok;
          }, 30_000);
          const key = connect(restarted.at(-1) as ServerProcess, client);
          await key.connect();
          await key.close();
        }
        trackers = restarted;
      }
      const after = parseClusterKeyring(await readFile(keyFile, 'utf8'));
      expect(after.secrets).toHaveLength(1);
      expect(after.key.fingerprint).not.toBe(before.key.fingerprint);
      expect(after.origin).toEqual(before.origin);
    } finally {
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('panal up', () => {
  it('makes keys by itself, and no secret is on a command line, in an environment, a log, or a record', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'panal-up-keys-'));
    let up: Running | undefined;
    try {
      up = start(['up', '--trackers', '3', '--peers', '2', '--data', folder], folder);
      await up.until('Next, in another terminal');
      await writeFile(path.join(folder, 'sample'), 'x'.repeat(100_000));
      await run(['share', path.join(folder, 'sample'), '--name', 's:1', '--data', folder], folder);
      expect(
        await run(['get', 's:1', '--peer', 'p2', '--to', path.join(folder, 'got'), '--data', folder], folder),
      ).toMatchObject({
        code: 0,
      });
      const upFolder = path.join(folder, 'up');
      const ring = parseClusterKeyring(await readFile(path.join(upFolder, 'cluster.key'), 'utf8'));
      const clients = await Promise.all(
        ['p1', 'p2'].map(async (name) =>
          parseClientKey(await readFile(path.join(upFolder, 'keys', `${name}.key`), 'utf8')),
        ),
      );
      const record = JSON.parse(await readFile(path.join(upFolder, 'cluster.json'), 'utf8')) as {
        trackers: { pid: number }[];
        peers: { pid: number; url: string }[];
      };
      const secrets = [...ring.secrets, ring.signingKey.seed, ...clients.map(({ secret }) => secret)].flatMap(
        (secret) => [
          secret.toString('base64url'),
          secret.toString('base64').replace(/=+$/, ''),
          secret.toString('hex'),
        ],
      );
      const pids = [up.pid, ...[...record.trackers, ...record.peers].map(({ pid }) => pid)];
      const shown = [
        ...(await Promise.all(
          pids.flatMap((pid) => ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1'))),
        )),
        ...(await textsIn(path.join(upFolder, 'logs'))),
        await readFile(path.join(upFolder, 'cluster.json'), 'utf8'),
        ...(await Promise.all(record.peers.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()))),
      ];
      expect(shown.length).toBeGreaterThan(15);
      for (const text of shown) for (const secret of secrets) expect(text.includes(secret)).toBe(false);
      // The trackers keep the keys on disk, sealed.
      for (const name of ['t1', 't2', 't3']) {
        for (const bytes of await bytesIn(path.join(upFolder, name))) {
          for (const { secret } of clients) {
            expect(bytes.includes(secret)).toBe(false);
            expect(bytes.includes(secret.toString('base64url'))).toBe(false);
          }
        }
      }
      // And what was fetched went between peers that have tickets, not the cluster key.
      expect((await readdir(path.join(upFolder, 'p1'))).includes('cluster.key')).toBe(false);
      up.kill('SIGINT');
      const { stdout, stderr } = await up.ended;
      for (const secret of secrets) expect((stdout + stderr).includes(secret)).toBe(false);
    } finally {
      up?.kill('SIGKILL');
      await up?.ended;
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  });
});

async function textsIn(folder: string): Promise<string[]> {
  return (await bytesIn(folder)).map((bytes) => bytes.toString('latin1'));
}

/** All files below a folder. */
async function bytesIn(folder: string): Promise<Buffer[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map((entry) => readFile(path.join(entry.parentPath ?? entry.path, entry.name))));
}
