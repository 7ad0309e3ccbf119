import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import path from 'node:path';
import { inspect } from 'node:util';
import { formatClientKey, makeClientKey } from '@panal/access';
import { type RunningServer, SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { type LogFields, type Logger, parseAddress, silentLogger } from '@panal/runtime';
import { HybridClock, TRACKER_PATTERNS as patterns } from '@panal/wire';
import { readTrackerConfig, type TrackerConfig } from './config.js';
import { startTracker } from './start-tracker.js';
import { configOf, makeKeyFolder, makeTrackerFixture, type TrackerFixture } from './tracker.fixture.js';

const makePorts = () => ({
  clock: new SystemClock(),
  timers: new SystemTimers(),
  random: new SystemRandom(),
  hybridClock: new HybridClock(),
});

describe('startTracker', () => {
  let folder: string;
  let keyFile: string;
  beforeEach(async () => {
    ({ folder, keyFile } = await makeKeyFolder());
  });
  afterEach(() => rm(folder, { recursive: true }));

  const start = (argv: readonly string[], logger: Logger = silentLogger): Promise<RunningServer> =>
    startTracker(configOf('--listen', '127.0.0.1:0', ...argv), { ports: makePorts(), logger });
  const withKey = (...argv: string[]) => start(['--key-file', keyFile, ...argv]);

  async function onTakenPort(run: (address: string) => Promise<void>): Promise<void> {
    const other: Server = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    await run(`127.0.0.1:${(other.address() as AddressInfo).port}`).finally(() => other.close());
  }

  it('refuses to run without a key and prints the command that makes one', async () => {
    const command = expect.stringContaining('panal keys init --key-file') as string;
    await expect(start([])).rejects.toMatchObject({ code: 'key_file_missing', action: command });
    const missing = path.join(folder, 'no.key');
    await expect(start(['--key-file', missing])).rejects.toMatchObject({
      code: 'key_file_missing',
      action: expect.stringContaining(`panal keys init --key-file ${missing}`) as string,
    });
  });

  it('takes the key from the data folder when no other file is named', async () => {
    const tracker = await start(['--data', folder, '--name', 't9']);
    expect(tracker.addresses.name).toBe('t9');
    await tracker.close();
  });

  it('refuses a key file that holds no key, and does not show what it holds', async () => {
    await writeFile(keyFile, 'my password');
    const failed = withKey();
    await expect(failed).rejects.toMatchObject({ code: 'cluster_key_unreadable' });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('my password') as string });
  });

  it('refuses a key file that others can read, and says what to do', async () => {
    await chmod(keyFile, 0o644);
    const action = expect.stringContaining(`chmod 600 ${keyFile}`) as string;
    await expect(withKey()).rejects.toMatchObject({ code: 'key_file_exposed', action });
  });

  it('takes the key itself from the environment, unless a file is named', async () => {
    const text = await readFile(keyFile, 'utf8');
    const argv = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--cluster-listen', '127.0.0.1:0'];
    const config = readTrackerConfig(argv, { PANAL_KEY: text }, () => undefined) as TrackerConfig;
    expect(inspect(config, { depth: 9 })).not.toContain(text.slice(22, 40));
    await (await startTracker(config, { ports: makePorts(), logger: silentLogger })).close();
    const named = readTrackerConfig([...argv, '--key-file', '/nowhere'], { PANAL_KEY: text }, () => undefined);
    await expect(
      startTracker(named as TrackerConfig, { ports: makePorts(), logger: silentLogger }),
    ).rejects.toMatchObject({ code: 'key_file_missing' });
  });

  it('refuses the key of a client', async () => {
    const client = makeClientKey(
      { cluster: 'panal', name: 'ci', signingPublicKey: Buffer.alloc(32) },
      new SystemRandom(),
    );
    await writeFile(keyFile, formatClientKey(client), { mode: 0o600 });
    await expect(withKey()).rejects.toMatchObject({ code: 'client_key_misplaced' });
  });

  it('names the RPC port that is taken, and leaves nothing behind', async () => {
    await onTakenPort(async (address) => {
      const data = path.join(folder, 'data');
      const failed = withKey('--listen', address, '--http', '127.0.0.1:0', '--data', data);
      const message = expect.stringContaining(address) as string;
      await expect(failed).rejects.toMatchObject({ code: 'port_taken', message });
      // The folder is free again: a second start gets as far as the first.
      await (await withKey('--data', data)).close();
    });
  });

  it('names the HTTP port that is taken, and the flag that chose it', async () => {
    await onTakenPort(async (address) => {
      const message = expect.stringContaining(address) as string;
      const action = expect.stringContaining('--http') as string;
      await expect(withKey('--http', address)).rejects.toMatchObject({ code: 'port_taken', message, action });
    });
  });

  it('is the same tracker after a restart when it has a data folder, and another one without', async () => {
    const ids: unknown[] = [];
    const data = ['--data', path.join(folder, 'data')];
    for (const argv of [data, data, []]) {
      const logger = { ...silentLogger, info: (_: string, { id }: LogFields = {}) => void ids.push(id) };
      await (await start(['--key-file', keyFile, ...argv], logger)).close();
    }
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('tells the address others shall use: as advertised, and never "everywhere"', async () => {
    const everywhere = await withKey('--listen', '0.0.0.0:0');
    expect(everywhere.addresses).toMatchObject({
      rpc: expect.not.stringContaining('0.0.0.0') as string,
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
    });
    await everywhere.close();
    const published = await withKey('--advertise', 'tracker.example:5555');
    expect(published.addresses.rpc).toBe('tracker.example:5555');
    await published.close();
  });
});

describe('what watches over a tracker', () => {
  let fixture: TrackerFixture;
  beforeAll(async () => {
    fixture = await makeTrackerFixture();
  });
  afterAll(() => fixture.close());

  it('finds it alive and ready', async () => {
    expect(await fixture.get('/health/live')).toEqual({ status: 200, text: '{"status":"live"}' });
    expect(await fixture.get('/health/ready')).toEqual({
      status: 200,
      text: '{"status":"ready","checks":[{"name":"rpc","isReady":true},{"name":"cluster","isReady":true}]}',
    });
  });

  it('reads its metrics', async () => {
    await fixture.client.call(patterns.status, { namespace: 'default' });
    const { status, text } = await fixture.get('/metrics');
    expect(status).toBe(200);
    for (const line of [
      'panal_tracker_messages_total{message="status"} 1',
      'panal_tracker_torrents 0',
      'panal_tracker_peers 0',
      'panal_tracker_entries 0',
      'panal_tracker_names 0',
      'panal_tracker_metadata_bytes 0',
      'panal_tracker_expired_total{kind="peer"} 0',
      'process_cpu_seconds_total',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('gets an error in our form for a route there is not', async () => {
    const { status, text } = await fixture.get('/nothing');
    expect(status).toBe(404);
    expect(JSON.parse(text)).toMatchObject({ code: 'route_unknown', retryable: false });
  });

  it.each(['rpc', 'url'] as const)('does not mind garbage on its %s port', async (port) => {
    const text = fixture.tracker.addresses[port] ?? '';
    const { host, port: number } = parseAddress(text.replace('http://', ''));
    const socket = connect(number, host);
    const closed = new Promise((resolve) => {
      socket.on('close', resolve);
    });
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(Buffer.alloc(64 * 1024, 0xa5));
    await closed;
    expect(await fixture.client.call(patterns.status, { namespace: 'default' })).toMatchObject({ name: 't1' });
  });
});
