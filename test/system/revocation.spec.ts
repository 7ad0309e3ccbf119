import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { type ClientKey, parseClientKey } from '@panal/access';
import { parseAddress } from '@panal/runtime';
import { type PeerProcess, ProcessCluster, type ServerProcess } from '../cluster/process-cluster.js';
import { eventually, run } from './cli-process.js';
import { type KeyBearer, keyBearer } from './key-bearer.js';
import { SlowRoad } from './slow-road.js';

// Real processes on a machine that may have one slow core.
jest.setTimeout(120_000);

/** From the end of `panal keys revoke`. Heartbeats come each 30 s here: they would be too late. */
const REVOKED_WITHIN_MS = 5_000;
const SIZE_BYTES = 24 * 1024 * 1024;
/** What the download takes is several times REVOKED_WITHIN_MS. */
const BYTES_PER_SECOND = 1024 * 1024;

describe('a key that is revoked while its peer downloads', () => {
  let folder: string;
  let cluster: ProcessCluster;
  let trackers: ServerProcess[];
  let provider: PeerProcess;
  let share: { readonly hash: Buffer; readonly chunkCount: number };
  const road = new SlowRoad(BYTES_PER_SECOND);
  const bearers: KeyBearer[] = [];

  const at = (...names: string[]): string => path.join(folder, ...names);
  const keys = (command: string, ...rest: string[]) => {
    const flags = ['--tracker', trackers[0]?.ready.rpc as string, '--key-file', at('cluster', 'cluster.key')];
    return run(['keys', command, ...rest, ...flags], folder);
  };
  const makeKey = async (name: string): Promise<ClientKey> => {
    expect(await keys('client', name, '--out', at(`${name}.key`))).toMatchObject({ code: 0 });
    return parseClientKey(await readFile(at(`${name}.key`), 'utf8'));
  };
  /** Who has a key of that name, with a ticket from the tracker that is not told to revoke. */
  const bearerOf = async (key: ClientKey): Promise<KeyBearer> => {
    const bearer = await keyBearer(trackers[2] as ServerProcess, key);
    bearers.push(bearer);
    return bearer;
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-revocation-'));
    cluster = new ProcessCluster(at('cluster'));
    trackers = [await cluster.startTracker('t1')];
    trackers.push(...(await Promise.all(['t2', 't3'].map((name) => cluster.startTracker(name)))));
    await makeKey('ada');
    const advertise = ['--advertise', `127.0.0.1:${await road.listen()}`];
    provider = await cluster.startPeer('ada', { extra: ['--key-file', at('ada.key'), ...advertise] });
    road.target = parseAddress(provider.ready.data as string);
    await writeFile(at('content'), randomBytes(SIZE_BYTES));
    const { id } = await provider.share({ path: at('content'), name: 'content:1' });
    const { hash, chunkCount } = await provider.untilComplete(id);
    share = { hash: Buffer.from(hash as string, 'hex'), chunkCount };
  });
  afterAll(async () => {
    await Promise.all(bearers.map(({ client }) => client.close()));
    await cluster.stop();
    await road.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is refused by the other peer within five seconds: what runs is cut, what is new is refused, and it stops itself', async () => {
    const address = parseAddress(provider.ready.data as string);
    const [eve, good] = [await makeKey('eve'), await makeKey('good')];
    const peer = await cluster.startPeer('eve', { extra: ['--key-file', at('eve.key')] });
    // Beside the peer, which obeys, somebody with its key who does not; and one who has done nothing.
    const [thief, other] = [await bearerOf(eve), await bearerOf(good)];
    let isThiefCut = false;
    let isOtherCut = false;
    await thief.hold(address, share, () => {
      isThiefCut = true;
    });
    const endOther = await other.hold(address, share, () => {
      isOtherCut = true;
    });
    await mkdir(at('got'));
    const download = await peer.download({ name: 'content:1', directory: at('got') });
    await peer.until(download.id, ({ doneBytes }) => doneBytes > 0);
    expect([isThiefCut, road.connectionCount]).toEqual([false, 1]);

    expect(await keys('revoke', 'eve')).toMatchObject({ code: 0 });
    const startedMs = performance.now();
    await eventually(async () => isThiefCut && road.connectionCount === 0, REVOKED_WITHIN_MS);
    await expect(thief.fetch(address, share.hash)).rejects.toMatchObject({ code: 'key_revoked' });
    expect(performance.now() - startedMs).toBeLessThan(REVOKED_WITHIN_MS);

    // The peer was told itself, and neither serves nor fetches any more, even where nobody else would mind.
    const eves = parseAddress(peer.ready.data as string);
    await expect(other.fetch(eves, share.hash)).rejects.toMatchObject({ code: 'access_not_ready' });
    const ofItsOwn = ({ reason = '' }: { readonly reason?: string }) => reason.includes('key of this process has been');
    const { doneBytes } = await peer.until(download.id, ({ sources }) => sources.some(ofItsOwn));
    expect(doneBytes).toBeLessThan(SIZE_BYTES);
    expect(isOtherCut).toBe(false);
    expect((await other.fetch(address, share.hash)).length).toBeGreaterThan(100);
    endOther();
  });
  it('is refused by the other peer within five seconds, too, when nothing runs', async () => {
    const address = parseAddress(provider.ready.data as string);
    const carl = await bearerOf(await makeKey('carl'));
    expect((await carl.fetch(address, share.hash)).length).toBeGreaterThan(100);
    expect(await keys('revoke', 'carl')).toMatchObject({ code: 0 });
    const refused = async () =>
      (await carl.fetch(address, share.hash).catch(({ code }: { code?: string }) => code)) === 'key_revoked';
    await eventually(refused, REVOKED_WITHIN_MS);
    const metrics = await (await fetch(`${provider.ready.url}/metrics`)).text();
    expect(metrics).toMatch(/handshakes_refused_total\{reason="key_revoked"\} [1-9]/);
  });
  it('is left by who fetches from its peer, too, though that peer hears of nothing', async () => {
    await makeKey('bob');
    const bob = await cluster.startPeer('bob', { extra: ['--key-file', at('bob.key')] });
    await mkdir(at('bobs'));
    const download = await bob.download({ name: 'content:1', directory: at('bobs') });
    await bob.until(download.id, ({ doneBytes }) => doneBytes > 0);
    expect(road.connectionCount).toBe(1);
    provider.child.kill('SIGSTOP');
    try {
      expect(await keys('revoke', 'ada')).toMatchObject({ code: 0 });
      await eventually(() => road.connectionCount === 0, REVOKED_WITHIN_MS);
    } finally {
      provider.child.kill('SIGCONT');
    }
  });
});
