import { cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { EVERYWHERE, SLOT_COUNT } from '@panal/cluster';
import { type RunningServer, SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { parseAddress, silentLogger } from '@panal/runtime';
import { TcpRpcClient } from '@panal/transport-tcp';
import {
  type ClusterMembersReply,
  type ClusterSlotsReply,
  type ClusterStatusReply,
  type CordonReply,
  HybridClock,
  type NameGetReply,
  TRACKER_PATTERNS as patterns,
  type SnapshotReply,
} from '@panal/wire';
import { SNAPSHOTS_MAX } from '../limits.js';
import { startTracker } from '../start-tracker.js';
import { configOf, makeKeyFolder } from '../tracker.fixture.js';

// Processes start here and wait for the disk, on a machine that may have other things to do.
jest.setTimeout(60_000);

const outdated = { code: 'order_outdated' };

describe('what an operator asks of a tracker', () => {
  let folder: string;
  let secret: Buffer;
  let keyFile: string;
  let running: RunningServer[];
  beforeEach(async () => {
    ({ folder, keyFile, secret } = await makeKeyFolder());
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((tracker) => tracker.close()));
    await rm(folder, { recursive: true });
  });

  const makePorts = () => ({
    clock: new SystemClock(),
    timers: new SystemTimers(),
    random: new SystemRandom(),
    hybridClock: new HybridClock(),
  });

  async function start(name: string, ...argv: string[]): Promise<RunningServer> {
    const data = ['--data', path.join(folder, name)];
    const flags = ['--listen', '127.0.0.1:0', '--key-file', keyFile, '--name', name, ...data, ...argv];
    const server = await startTracker(configOf(...flags), { ports: makePorts(), logger: silentLogger });
    running.push(server);
    return server;
  }

  async function stop(server: RunningServer): Promise<void> {
    running = running.filter((one) => one !== server);
    await server.close();
  }

  async function call<Reply>(server: RunningServer, pattern: string, data: object = {}): Promise<Reply> {
    const client = new TcpRpcClient({
      address: parseAddress(server.addresses.rpc ?? ''),
      identity: { role: 'client', cluster: 'panal', principal: 'client:cli' },
      secret,
      ports: makePorts(),
    });
    try {
      return await client.call<Reply>(pattern, { namespace: 'default', ...data });
    } finally {
      await client.close();
    }
  }
  const status = (server: RunningServer) => call<ClusterStatusReply>(server, patterns.clusterStatus);
  const setName = (server: RunningServer, name: string) =>
    call(server, patterns.namePut, { name, hash: Buffer.alloc(32, 7), setAt: new HybridClock().tick(Date.now()) });
  const meaning = (server: RunningServer, name: string) => call<NameGetReply>(server, patterns.nameGet, { name });

  it('is told how the tracker is and who else there is', async () => {
    const first = await start('t1', '--zone', 'a');
    await start('t2', '--join', first.addresses.cluster ?? '');
    await setName(first, 'n');
    const reply = await status(first);
    expect(reply).toMatchObject({
      name: 't1',
      whyNotReady: null,
      diskTrouble: null,
      pendingWrites: 0,
      slots: { owned: SLOT_COUNT + 1, pending: 0, underReplicated: SLOT_COUNT + 1 },
      counters: { writtenWith1Copies: expect.any(Number) as number },
    });
    expect(reply.recordCount).toBeGreaterThan(0);
    expect(reply.members).toMatchObject([
      { name: 't1', isSelf: true, zone: 'a', phase: 'active', health: 'alive', isCordoned: false, protocol: 3 },
      { name: 't2', isSelf: false, zone: '', health: 'alive', isCordoned: false, protocol: 3 },
    ]);
  });

  it('is told of slots who owns them and what is here, to the last one and not beyond', async () => {
    const first = await start('t1');
    await setName(first, 'n');
    const reply = await call<ClusterSlotsReply>(first, patterns.clusterSlots, { from: SLOT_COUNT - 1, countMax: 10 });
    expect(reply.slotCount).toBe(SLOT_COUNT);
    expect(reply.slots).toMatchObject([
      { slot: SLOT_COUNT - 1, owners: ['t1'], recordCount: 0, isAuthoritative: true },
      { slot: EVERYWHERE, owners: ['t1'], isAuthoritative: true },
    ]);
    expect(reply.slots[1]?.recordCount).toBeGreaterThan(0);
  });

  it.each([
    [patterns.clusterDrain, {}],
    [patterns.clusterRepair, {}],
    [patterns.clusterCordon, {}],
    [patterns.clusterUncordon, {}],
    [patterns.clusterSnapshot, { name: 's' }],
  ])('is refused by %s after a later commander, whatever restarts in between', async (pattern, data) => {
    const before = await start('t1');
    await call(before, patterns.clusterRepair, { fence: 7 });
    await stop(before);
    const after = await start('t1');
    await expect(call(after, pattern, { ...data, fence: 6 })).rejects.toMatchObject(outdated);
    await expect(call(after, pattern, { ...data, fence: 7 })).resolves.toBeDefined();
  });

  it('cordons a tracker and ends that; in between a restart changes nothing', async () => {
    const first = await start('t1');
    const join = ['--join', first.addresses.cluster ?? ''];
    const second = await start('t2', ...join);
    expect(await call<CordonReply>(second, patterns.clusterCordon, { fence: 1 })).toEqual({ isCordoned: true });
    await stop(second);
    const again = await start('t2', ...join);
    const members = async () => (await call<ClusterMembersReply>(again, patterns.clusterMembers)).members;
    expect((await members()).flatMap(({ name, isCordoned }) => (isCordoned ? [name] : []))).toEqual(['t2']);
    expect((await status(again)).whyNotReady).toBeNull();
    expect(await call<CordonReply>(again, patterns.clusterUncordon, { fence: 1 })).toEqual({ isCordoned: false });
    expect((await members()).filter(({ isCordoned }) => isCordoned)).toEqual([]);
  });

  it('is refused a cordon while a tracker does not know of cordons, and told which', async () => {
    const first = await start('t1');
    await start('t2', '--protocol-max', '2', '--join', first.addresses.cluster ?? '');
    const refusal = { code: 'cluster_mixed', message: expect.stringMatching(/cordons: t2 speak/) as string };
    await expect(call(first, patterns.clusterCordon, { fence: 0 })).rejects.toMatchObject(refusal);
    expect(await call(first, patterns.clusterUncordon, { fence: 0 })).toEqual({ isCordoned: false });
  });

  it('gets a snapshot that starts as the tracker it was, with its records and what it was told', async () => {
    const before = await start('t1');
    await setName(before, 'early');
    await call(before, patterns.clusterCordon, { fence: 9 });
    const reply = await call<SnapshotReply>(before, patterns.clusterSnapshot, { fence: 9, name: 's1' });
    await setName(before, 'late');
    const { id } = await status(before);
    await stop(before);

    expect(reply).toEqual({
      name: 's1',
      folder: path.join(folder, 't1', 'snapshots', 's1'),
      sizeBytes: expect.any(Number) as number,
    });
    expect((await stat(path.join(reply.folder, 'records', 'durable.mdb'))).size).toBeLessThan(reply.sizeBytes);
    expect(await readdir(reply.folder)).toEqual(['format', 'id', 'records']);
    expect((await readFile(path.join(reply.folder, 'id'), 'utf8')).trim()).toBe(id);
    await cp(reply.folder, path.join(folder, 'restored'), { recursive: true });
    const restored = await start('restored', '--name', 't1');
    expect(await status(restored)).toMatchObject({ id, name: 't1', members: [{ isCordoned: true }] });
    await expect(meaning(restored, 'early')).resolves.toBeDefined();
    await expect(meaning(restored, 'late')).rejects.toMatchObject({ code: 'name_unknown' });
    await expect(call(restored, patterns.clusterRepair, { fence: 8 })).rejects.toMatchObject(outdated);
  });

  it('is refused a snapshot that would replace one, run beside one, or be one too many; nothing half made stays', async () => {
    const tracker = await start('t1');
    const snapshot = (name: string) => call<SnapshotReply>(tracker, patterns.clusterSnapshot, { fence: 0, name });
    const parent = path.join(folder, 't1', 'snapshots');
    const outcomes = await Promise.allSettled([snapshot('a'), snapshot('b')]);
    const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'made'));
    expect(new Set(codes)).toEqual(new Set(['made', 'snapshot_busy']));
    const made = await readdir(parent);
    await expect(snapshot(made[0] ?? '')).rejects.toMatchObject({ code: 'snapshot_exists' });
    for (let count = made.length; count < SNAPSHOTS_MAX; count += 1) await mkdir(path.join(parent, `old-${count}`));
    await expect(snapshot('c')).rejects.toMatchObject({ code: 'snapshot_limit' });
    expect((await readdir(parent)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('is refused a snapshot by a tracker that keeps nothing', async () => {
    const flags = ['--listen', '127.0.0.1:0', '--key-file', keyFile, '--name', 'forgetful'];
    const server = await startTracker(configOf(...flags), { ports: makePorts(), logger: silentLogger });
    running.push(server);
    const order = { fence: 0, name: 's' };
    await expect(call(server, patterns.clusterSnapshot, order)).rejects.toMatchObject({ code: 'snapshot_impossible' });
  });
});
