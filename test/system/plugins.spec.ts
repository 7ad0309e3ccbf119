import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { parseClusterKey } from '@panal/access';
import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { parseAddress } from '@panal/runtime';
import { TcpRpcClient } from '@panal/transport-tcp';
import { HybridClock } from '@panal/wire';
import { type PeerProcess, ProcessCluster, type ServerProcess } from '../cluster/process-cluster.js';
import { eventually } from './cli-installation.js';
import { PackedProduct } from './packed-product.js';

// Compilers, npm and real processes on a machine that may have one slow core.
jest.setTimeout(90_000);

const EXAMPLE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../plugin-example');
const GUIDE = path.resolve(EXAMPLE, '../../docs/plugins.md');
const PACKAGE = 'panal-plugin-example';

let folder: string;
let product: PackedProduct;
/** Where the example is installed, from its tarball. */
let plugins: string;
const at = (...names: string[]): string => path.join(folder, ...names);

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'panal-plugins-')));
  product = await PackedProduct.make(folder);
  const author = await product.author(EXAMPLE);
  // Its tsconfig checks the declarations it imports, too: "skipLibCheck": false.
  const built = await product.tsc(author);
  if (built.code !== 0) throw new Error(`the example does not build:\n${built.stdout}`);
  plugins = at('plugins');
  await product.install(author, plugins);
});

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

/** The files of a folder by their path, but what is made from others. */
async function filesIn(own: string): Promise<Record<string, string>> {
  const entries = await readdir(own, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const texts = files.map(async (file) => [path.relative(own, file), await readFile(file, 'utf8')] as const);
  return Object.fromEntries(
    (await Promise.all(texts)).filter(([name]) => !/^(dist|node_modules)[\\/]|^\.gitignore$/.test(name)),
  );
}

/** A plugin of one file, installed as it is. */
async function write(name: string, code: string): Promise<string> {
  const own = at('bad', name, 'node_modules', name);
  await mkdir(own, { recursive: true });
  await writeFile(path.join(own, 'package.json'), JSON.stringify({ name, type: 'module', exports: './index.js' }));
  await writeFile(path.join(own, 'index.js'), code);
  return at('bad', name);
}

describe('a plugin from its own package', () => {
  let cluster: ProcessCluster;
  let tracker: ServerProcess;
  let peer: PeerProcess;
  const flags = (): string[] => ['--plugin', PACKAGE, '--plugin-dir', plugins];

  beforeAll(async () => {
    cluster = new ProcessCluster(at('cluster'), product.root);
    tracker = await cluster.startTracker('t1', flags());
    peer = await cluster.startPeer('p1', { extra: flags() });
  });
  afterAll(() => cluster.stop());

  const text = async (server: ServerProcess, route: string): Promise<string> =>
    (await fetch(`${server.ready.url}${route}`)).text();

  it('hands out peers by its policy, and fetches by its scheduler', async () => {
    await writeFile(at('content'), randomBytes(1024 * 1024));
    const share = await peer.untilComplete((await peer.share({ path: at('content'), name: 'content' })).id);
    const other = await cluster.startPeer('p2', { extra: flags() });
    const got = await other.download({ name: 'content', directory: at('got'), scheduler: 'last-first' });
    await other.untilComplete(got.id);
    expect((await readFile(at('got/content'))).equals(await readFile(at('content')))).toBe(true);
    expect(share.hash).toBeDefined();
    expect(await text(tracker, '/metrics')).toMatch(/panal_plugin_example_handouts_total [1-9]/);
    expect(await text(other, '/metrics')).toMatch(
      /panal_plugins_calls_total\{[^}]*chunkScheduler\.last-first"\} [1-9]/,
    );
    const nobodys = other.download({ name: 'content', directory: at('got'), scheduler: 'nobodys' });
    await expect(nobodys).rejects.toThrow('Use one of rarest-first, sequential, random, last-first.');
  });

  it('takes messages of its own, and only as its DTO says', async () => {
    const { secret } = parseClusterKey(await readFile(at('cluster/cluster.key'), 'utf8'));
    const client = new TcpRpcClient({
      address: parseAddress(tracker.ready.rpc as string),
      identity: { role: 'peer', cluster: 'panal', principal: 'peer:asker' },
      secret,
      ports: {
        clock: new SystemClock(),
        timers: new SystemTimers(),
        random: new SystemRandom(),
        hybridClock: new HybridClock(),
      },
    });
    try {
      const census = await client.call('plugin.example.census', { namespace: 'default', extra: 1 });
      expect(census).toMatchObject({ peerCount: expect.any(Number), askedBy: 'peer:asker' });
      // With a second copy of class-validator, this would be let through.
      await expect(client.call('plugin.example.census', { namespace: 7 })).rejects.toMatchObject({
        code: 'message_invalid',
        message: expect.stringContaining('namespace'),
      });
    } finally {
      await client.close();
    }
  });

  it('answers at its own route, behind the token of the peer', async () => {
    const token = (await readFile(at('cluster/p1/api-token'), 'utf8')).trim();
    const url = `${peer.ready.url}/plugins/example/progress`;
    expect((await fetch(url)).status).toBe(401);
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    expect(await answer.json()).toMatchObject({ doneBytes: expect.any(Number) });
  });

  it('is well, and its servers say so', async () => {
    for (const server of [tracker, peer]) {
      expect(JSON.parse(await text(server, '/health/ready'))).toMatchObject({
        status: 'ready',
        plugins: [{ name: 'example', state: 'ok', faultCount: 0 }],
      });
    }
  });
});

describe('docs/plugins.md', () => {
  it('makes the example, from an empty folder', async () => {
    const text = await readFile(GUIDE, 'utf8');
    expect(text).toContain('panal plugins new example');
    await mkdir(at('walk'));
    expect(await product.panal(['plugins', 'new', 'example'], {}, at('walk'))).toMatchObject({ code: 0 });
    const own = at('walk', PACKAGE);
    const told = [...text.matchAll(/`((?:src|test)\/[^`]+)`:\n\n```[a-z]+\n(.*?)```/gs)];
    expect(told.map(([, file]) => file)).toHaveLength(5);
    for (const [, file = '', code = ''] of told) await writeFile(path.join(own, file), code);
    // What its `npm install` adds is of that machine alone.
    expect(await filesIn(own)).toEqual(await filesIn(EXAMPLE));
  });
});

describe('a plugin that is not as it should be', () => {
  let cluster: ProcessCluster;
  beforeEach(async () => {
    cluster = new ProcessCluster(await mkdtemp(at('cluster-')), product.root);
  });
  afterEach(() => cluster.stop());

  it.each<[string, string, string]>([
    [
      'throws-early',
      'throw new Error("no licence")',
      'plugin_invalid: The plugin "throws-early" cannot be used: importing it failed: no licence.',
    ],
    [
      'makes-none',
      'export default { name: "makes-none", apiVersion: 1, contributes: { handoutPolicy: () => 7 } }',
      'plugin_failed: The plugin "makes-none" failed at handoutPolicy',
    ],
  ])('%s keeps a tracker from starting, and is named', async (name, code, reason) => {
    const extra = ['--plugin', name, '--plugin-dir', await write(name, code)];
    await expect(cluster.startTracker('t1', extra)).rejects.toThrow(reason);
  });

  it('keeps `panal up` from starting as well: it gives its plugins to its servers', async () => {
    const dir = await write('stops-up', 'throw new Error("no licence")');
    const alone = ['up', '--once', '--trackers', '1', '--peers', '1'];
    const up = await product.panal(alone, { PANAL_PLUGINS: 'stops-up', PANAL_PLUGIN_DIR: dir });
    expect(up.code).not.toBe(0);
    expect(up.stderr).toContain('The plugin "stops-up" cannot be used: importing it failed: no licence.');
  });

  it('is refused with a second copy of Nest or class-validator', async () => {
    const dir = await write('brings-own', 'export default { name: "brings-own", apiVersion: 1, contributes: {} }');
    const extra = ['--plugin', 'brings-own', '--plugin-dir', dir];
    const start = {
      '@nestjs/common': () => cluster.startTracker('t1', extra),
      'class-validator': () => cluster.startPeer('p1', { extra }),
    };
    for (const [name, begin] of Object.entries(start)) {
      const copy = path.join(dir, 'node_modules', name);
      await mkdir(copy, { recursive: true });
      await writeFile(path.join(copy, 'package.json'), '{"version":"0.0.1"}');
      await expect(begin()).rejects.toThrow(
        `plugin_second_copy: The plugin "brings-own" would load a second copy of ${name}`,
      );
      await rm(copy, { recursive: true });
    }
  });

  it('does not end its tracker with an error nobody catches, and health names it', async () => {
    const dir = await write(
      'leaks',
      `export default { name: 'leaks', apiVersion: 1, contributes: {} };
       process.once('SIGUSR2', () => {
         setTimeout(() => { throw new Error('thrown'); });
         setTimeout(() => void Promise.reject(new Error('rejected')));
       });`,
    );
    const tracker = await cluster.startTracker('t1', ['--plugin', 'leaks', '--plugin-dir', dir]);
    const health = async () =>
      (await (await fetch(`${tracker.ready.url}/health/ready`)).json()) as { plugins: { faultCount: number }[] };
    tracker.child.kill('SIGUSR2');
    await eventually(async () => (await health()).plugins[0]?.faultCount === 2);
    expect(await health()).toMatchObject({ status: 'ready', plugins: [{ name: 'leaks', state: 'degraded' }] });
    expect(tracker.child.exitCode).toBeNull();
  });
});

describe('panal plugins', () => {
  const configured = () => ({ PANAL_PLUGINS: PACKAGE, PANAL_PLUGIN_DIR: plugins });

  it('lists what is configured and what it brings, also beside one that is not there', async () => {
    const { code, stdout } = await product.panal(['plugins', 'list'], {
      ...configured(),
      PANAL_PLUGINS: `missing,${PACKAGE}`,
    });
    expect(code).toBe(1);
    expect(stdout).toContain('There is no package "missing"');
    expect(stdout).toContain(
      `example 0.1.0 (${PACKAGE})\n  port handoutPolicy\n  chunk scheduler last-first\n  module of the tracker\n  module of the peer`,
    );
  });

  it('checks the promises of a plugin, and says which one is not kept', async () => {
    const good = await product.panal(['plugins', 'check', PACKAGE], configured());
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/example 0\.1\.0: (\d+) of \1 checks passed/),
    });
    const dir = await write(
      'greedy',
      `export default { name: 'greedy', apiVersion: 1,
      contributes: { handoutPolicy: () => ({ choose: ({ sources }) => sources }) }, module: { tracker: class { constructor(x) {} } } }`,
    );
    const bad = await product.panal(['plugins', 'check', 'greedy', '--plugin-dir', dir]);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('handoutPolicy: gives at most what was asked for (1)');
    expect(bad.stderr).toContain('of the checks of "greedy" failed');
  });

  it('begins a plugin that builds, keeps its promises and loads', async () => {
    expect(await product.panal(['plugins', 'new', 'fresh'])).toMatchObject({ code: 0 });
    expect((await product.panal(['plugins', 'new', 'fresh'])).stderr).toContain('is there already');
    const author = await product.author(at('panal-plugin-fresh'));
    expect(await product.tsc(author)).toMatchObject({ code: 0, stdout: '' });
    await product.install(author, at('fresh-plugins'));
    const checked = await product.panal([
      'plugins',
      'check',
      'panal-plugin-fresh',
      '--plugin-dir',
      at('fresh-plugins'),
    ]);
    expect(checked).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/fresh 0\.1\.0: (\d+) of \1 checks passed/),
    });
  });
});
