import { rm } from 'node:fs/promises';
import path from 'node:path';
import { type RunningServer, SystemRandom, SystemTimers } from '@panal/nest';
import { parseAddress, silentLogger } from '@panal/runtime';
import { TcpRpcClient } from '@panal/transport-tcp';
import { HybridClock, type NameGetReply, TRACKER_PATTERNS as patterns } from '@panal/wire';
import { DURABLE_TOMBSTONE_MS } from './limits.js';
import { startTracker } from './start-tracker.js';
import { configOf, JumpingClock, makeKeyFolder } from './tracker.fixture.js';

const DAY_MS = 24 * 60 * 60_000;
const name = { namespace: 'default', name: 'llm:v3' };
const refusal = { code: 'data_folder_stale', retryable: false };

describe('a tracker whose data folder was away', () => {
  let folder: string;
  let secret: Buffer;
  let keyFile: string;
  let clock: JumpingClock;
  let running: RunningServer[];
  beforeEach(async () => {
    ({ folder, keyFile, secret } = await makeKeyFolder());
    clock = new JumpingClock();
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((tracker) => tracker.close()));
    await rm(folder, { recursive: true });
  });

  const makePorts = () => ({
    clock,
    timers: new SystemTimers(),
    random: new SystemRandom(),
    hybridClock: new HybridClock(),
  });

  async function start(tracker: string, ...argv: string[]): Promise<RunningServer> {
    const flags = ['--listen', '127.0.0.1:0', '--key-file', keyFile, '--data', path.join(folder, tracker), ...argv];
    const server = await startTracker(configOf(...flags), { ports: makePorts(), logger: silentLogger });
    running.push(server);
    return server;
  }

  async function stop(server: RunningServer): Promise<void> {
    running = running.filter((one) => one !== server);
    await server.close();
  }

  async function call<Reply>(server: RunningServer, pattern: string, data: object): Promise<Reply> {
    const client = new TcpRpcClient({
      address: parseAddress(server.addresses.rpc ?? ''),
      identity: { role: 'peer', cluster: 'panal', principal: 'peer:p1' },
      secret,
      ports: makePorts(),
    });
    try {
      return await client.call<Reply>(pattern, data);
    } finally {
      await client.close();
    }
  }
  const setName = (server: RunningServer, fill: number) => {
    const setAt = new HybridClock().tick(clock.nowMs());
    return call(server, patterns.namePut, { ...name, hash: Buffer.alloc(32, fill), setAt });
  };
  const meaning = async (server: RunningServer) => (await call<NameGetReply>(server, patterns.nameGet, name)).hash;

  it('uses it when deletions of that time are still remembered', async () => {
    const before = await start('t1');
    await setName(before, 1);
    await stop(before);
    clock.jump(0.8 * DURABLE_TOMBSTONE_MS);
    expect(await meaning(await start('t1'))).toEqual(Buffer.alloc(32, 1));
  });

  it('does not start with one that is older, however often it is started, and says what to do', async () => {
    await stop(await start('t1'));
    clock.jump(DURABLE_TOMBSTONE_MS + DAY_MS);
    const message = expect.stringMatching(/last up 11 days ago/) as string;
    const action = expect.stringMatching(/empty data folder.*--accept-stale yes/) as string;
    await expect(start('t1')).rejects.toMatchObject({ ...refusal, message, action });
    await expect(start('t1')).rejects.toMatchObject({ ...refusal, message, action });
  });

  it('uses an older one when it is told to, and from then on without being told', async () => {
    const before = await start('t1');
    await setName(before, 1);
    await stop(before);
    clock.jump(DURABLE_TOMBSTONE_MS + DAY_MS);
    const accepted = await start('t1', '--accept-stale', 'yes');
    expect(await meaning(accepted)).toEqual(Buffer.alloc(32, 1));
    await stop(accepted);
    expect(await meaning(await start('t1'))).toEqual(Buffer.alloc(32, 1));
  });

  it('learns from the others what it missed before it is ready', async () => {
    const first = await start('t1');
    const join = ['--join', first.addresses.cluster ?? ''];
    const second = await start('t2', ...join);
    await setName(second, 1);
    await stop(second);
    clock.jump(DURABLE_TOMBSTONE_MS + DAY_MS);
    await setName(first, 2);
    await expect(start('t2', ...join)).rejects.toMatchObject(refusal);
    expect(await meaning(await start('t2', ...join, '--accept-stale', 'yes'))).toEqual(Buffer.alloc(32, 2));
  });
});
