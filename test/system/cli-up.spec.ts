import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { CliInstallation, eventually, isRunning } from './cli-installation.js';

interface Server {
  readonly name: string;
  readonly pid: number;
  readonly address: string;
}

interface Cluster {
  readonly owner: { readonly pid: number };
  readonly trackers: readonly Server[];
  readonly peers: readonly Server[];
}

// Real processes on a shared machine: a restart waits, and waits longer when its port was taken meanwhile.
jest.setTimeout(30_000);

describe('panal up', () => {
  let cli: CliInstallation;

  beforeEach(async () => {
    cli = await CliInstallation.make();
  });
  afterEach(() => cli.remove());

  const recordFile = () => path.join(cli.dataDir, 'up/cluster.json');
  const readCluster = async (): Promise<Cluster> => JSON.parse(await readFile(recordFile(), 'utf8')) as Cluster;
  const start = async (...args: string[]) => {
    const up = cli.start(['up', ...args]);
    await up.until('Next, in another terminal');
    const cluster = await readCluster();
    return { up, cluster, servers: [...cluster.trackers, ...cluster.peers] };
  };
  const expectAllGone = (servers: readonly Server[]) => eventually(() => servers.every(({ pid }) => !isRunning(pid)));

  it('runs three trackers and three peers, prints where, and stops them all on Ctrl-C', async () => {
    const { up, servers } = await start();
    expect(servers.map(({ name }) => name)).toEqual(['t1', 't2', 't3', 'p1', 'p2', 'p3']);
    expect(servers.every(({ pid }) => isRunning(pid))).toBe(true);
    up.kill('SIGINT');
    const { code, stdout, stderr } = await up.ended;
    expect([code, stderr.includes('All stopped.')]).toEqual([0, true]);
    for (const { address } of servers) expect(stdout).toContain(address);
    expect(servers.some(({ pid }) => isRunning(pid))).toBe(false);
    expect((await readdir(path.join(cli.dataDir, 'up'))).sort()).toEqual([
      'cluster.key',
      'keys',
      'logs',
      'p1',
      'p2',
      'p3',
    ]);
  });

  it('is found by plain share and get, at different peers', async () => {
    const { up } = await start();
    await writeFile(path.join(cli.folder, 'file'), 'x');
    expect((await cli.run(['share', 'file', '--name', 'file:v1'])).stdout).toContain('Peer p1 shares');
    expect((await cli.run(['get', 'file:v1', '--to', 'there', '--as', 'copy'])).code).toBe(0);
    const { stdout } = await cli.run(['status', '--json']);
    const kinds = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { peer: { name: string }; torrents: { kind: string }[] });
    expect(kinds.map(({ peer, torrents }) => [peer.name, ...torrents.map(({ kind }) => kind)])).toEqual([
      ['p1', 'share'],
      ['p2', 'download'],
      ['p3'],
    ]);
    expect((await cli.run(['get', 'file:v1', '--peer', 'p3', '--to', 'elsewhere'])).code).toBe(0);
    up.kill('SIGTERM');
    await up.ended;
  });

  it('refuses to run twice on one folder, says how to stop the first, and `down` stops it', async () => {
    const { up, cluster, servers } = await start('--trackers', '1', '--peers', '1');
    const second = await cli.run(['up']);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`already (pid ${cluster.owner.pid}).`);
    expect(second.stderr).toContain('panal down');
    expect(await cli.run(['down'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 trackers and 1 peers') as string,
    });
    expect((await up.ended).code).toBe(0);
    await expectAllGone(servers);
    expect(await cli.run(['down'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('No cluster runs') as string,
    });
  });

  it('leaves no child behind when it is killed, and starts again over the stale record', async () => {
    const { up, servers } = await start('--trackers', '1', '--peers', '2');
    up.kill('SIGKILL');
    await up.ended;
    await expectAllGone(servers);
    expect((await readCluster()).owner.pid).toBe(up.pid);
    const again = await start('--trackers', '1', '--peers', '2');
    again.up.kill('SIGKILL');
    await again.up.ended;
    await expectAllGone(again.servers);
    expect((await cli.run(['down'])).stdout).toContain('Removed the record that one left');
  });

  it('reports a child that dies with the end of its log, and starts it again', async () => {
    const { up, servers } = await start('--trackers', '1', '--peers', '1');
    const peer = servers.find(({ name }) => name === 'p1');
    process.kill(peer?.pid ?? 0, 'SIGKILL');
    const text = await up.until('p1 serves again.');
    // Suites that run beside this one may take a port meanwhile: then its log names it, and it is tried again.
    const report = /p1 ended by itself: SIGKILL\. It is started again in 0\.50 s\.\n( {2}\| .+\n)* {2}\| ready\n/;
    expect(text).toMatch(report);
    await eventually(async () => (await readCluster()).peers[0]?.pid !== peer?.pid);
    const [revived] = (await readCluster()).peers;
    expect([revived?.address, isRunning(revived?.pid ?? 0)]).toEqual([peer?.address, true]);
    up.kill('SIGINT');
    await up.ended;
  });

  it('takes the next free port, but not for one that was named', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const named = await cli.run(['up', '--peer-port', String(port)]);
    expect(named).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`Port ${port} on 127.0.0.1 is taken.`) as string,
    });
    expect(named.stderr).toContain('--peer-port');
    taken.close();
    const { up, servers } = await start('--trackers', '1', '--peers', '1');
    const beside = await cli.run(['up', '--once', '--trackers', '1', '--peers', '1']);
    expect(beside.code).toBe(0);
    for (const { address } of servers) expect(beside.stdout).not.toMatch(new RegExp(`${address}\\b`));
    up.kill('SIGINT');
    await up.ended;
  });

  it('stops what it started when one of the servers does not come up', async () => {
    await mkdir(path.join(cli.dataDir, 'up'), { recursive: true });
    await writeFile(path.join(cli.dataDir, 'up/p2'), 'a file where a folder has to be');
    const { code, stderr } = await cli.run(['up']);
    expect(code).toBe(1);
    expect(stderr).toContain('p2 ended at once');
    expect(stderr).toContain('All stopped.');
    await expect(readCluster()).rejects.toThrow('ENOENT');
  });

  it('--once --demo shares, fetches, compares, leaves nothing behind', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('panal-up-'));
    const { code, stdout, stderr } = await cli.run(['up', '--once', '--demo']);
    expect([code, stderr.includes('All stopped.')]).toEqual([0, true]);
    expect(stdout).toMatch(/p2 +fetched .* from p1 +compared byte for byte: equal/);
    expect(stdout).toMatch(/p3 +fetched .* compared byte for byte: equal/);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('panal-up-'))).toEqual(before);
    await expect(readdir(cli.dataDir)).rejects.toThrow('ENOENT');
  });

  it('--once --share takes the path of the user, and fails for one that is not there', async () => {
    await writeFile(path.join(cli.folder, 'mine.bin'), 'mine');
    expect(await cli.run(['up', '--once', '--share', 'mine.bin'])).toMatchObject({ code: 0 });
    expect(await cli.run(['up', '--once', '--share', 'none'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no file or directory') as string,
    });
  });

  it('shows its demo again on the same data', async () => {
    const args = ['up', '--demo', '--once', '--data', 'again', '--peers', '2'];
    expect((await cli.run(args)).stdout).toContain('Made a sample');
    const second = await cli.run(args);
    expect(second.code).toBe(0);
    expect(second.stdout).toContain('Using the sample of an earlier run');
  });
});
