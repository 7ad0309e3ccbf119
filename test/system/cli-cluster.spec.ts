import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { ProcessCluster, type ServerProcess } from '../cluster/process-cluster.js';
import { CliInstallation, type Ended, eventually } from './cli-installation.js';

// Real processes on a machine that may have one slow core.
jest.setTimeout(120_000);

interface StatusJson {
  readonly trackers: readonly {
    readonly name: string;
    readonly isCordoned: boolean;
    readonly phase: string;
    readonly failure: string | null;
    readonly status: { readonly whyNotReady: string | null; readonly slots: { readonly owned: number } } | null;
  }[];
}

describe('panal cluster, with three real trackers', () => {
  let folder: string;
  let cluster: ProcessCluster;
  let cli: CliInstallation;
  let trackers: ServerProcess[];
  let flags: string[];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-cli-cluster-'));
    cluster = new ProcessCluster(path.join(folder, 'cluster'));
    cli = await CliInstallation.make();
    trackers = [];
    for (const name of ['t1', 't2', 't3']) trackers.push(await cluster.startTracker(name));
    const keyFile = path.join(folder, 'cluster', 'cluster.key');
    flags = ['--tracker', trackers[0]?.ready.rpc ?? '', '--key-file', keyFile];
    await eventually(async () => (await status()).trackers.every(({ status: one }) => one?.whyNotReady === null));
  });

  afterAll(async () => {
    await cluster.stop();
    await cli.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]): Promise<Ended> => cli.run(['cluster', ...args, ...flags]);

  async function json<Result>(...args: string[]): Promise<Result> {
    const { code, stdout, stderr } = await run(...args, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Result;
  }
  const status = (): Promise<StatusJson> => json<StatusJson>('status');

  it('shows how the trackers are, to people and as JSON', async () => {
    const { stdout, code } = await run('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/STATE +NAME +ADDRESS +ZONE +IN SYNC/);
    for (const name of ['t1', 't2', 't3']) expect(stdout).toMatch(new RegExp(`ready +${name} +127\\.0\\.0\\.1:\\d+ `));
    expect(stdout).toContain('3 trackers of 3 answer.');
    const told = await status();
    expect(told.trackers).toMatchObject(
      ['t1', 't2', 't3'].map((name) => ({
        name,
        phase: 'active',
        isCordoned: false,
        failure: null,
        status: { name, slots: { owned: 16_385, underReplicated: 0 }, diskTrouble: null },
      })),
    );
  });

  it('shows who keeps which slot, and the one that all keep', async () => {
    const { stdout } = await run('slots', '--from', '16384', '--count', '5');
    expect(stdout).toMatch(/SLOT +OWNERS +RECORDS HERE +COMPLETE HERE/);
    expect(stdout).toMatch(/16384 +t\d t\d t\d +\d+ +yes/);
    const told = await json<{ slots: { slot: number; owners: string[] }[] }>('slots', '--count', '2');
    expect(told.slots.map(({ slot, owners }) => ({ slot, owners: owners.toSorted() }))).toEqual([
      { slot: 0, owners: ['t1', 't2', 't3'] },
      { slot: 1, owners: ['t1', 't2', 't3'] },
    ]);
  });

  it('lets all of them compare their copies', async () => {
    const { stdout } = await run('repair');
    expect(stdout).toMatch(/t1 compares 16,385 slots\.\nt2 compares .*\nt3 compares /);
    const told = await json<{ trackers: object[] }>('repair');
    expect(told.trackers).toEqual(['t1', 't2', 't3'].map((name) => ({ name, slotCount: 16_385 })));
  });

  it('cordons a tracker, shows it, and ends it', async () => {
    expect((await run('cordon', 't2')).stdout).toContain('No record depends on t2');
    await eventually(async () => (await status()).trackers[1]?.isCordoned === true);
    expect((await run('status')).stdout).toMatch(/ready, cordoned +t2 /);
    expect(await json('uncordon', 't2')).toEqual({ name: 't2', isCordoned: false });
    expect(await json('cordon', 't2')).toEqual({ name: 't2', isCordoned: true });
    expect((await run('uncordon', 't2')).stdout).toBe('t2 takes part as before.\n');
  });

  it('lets a tracker copy what it keeps, and says where', async () => {
    const made = await json<{ folder: string; sizeBytes: number }>('snapshot', 't1', '--as', 'first');
    expect(made).toMatchObject({ tracker: 't1', name: 'first' });
    expect(made.folder).toBe(path.join(folder, 'cluster', 't1', 'snapshots', 'first'));
    await access(path.join(made.folder, 'records', 'durable.mdb'));
    const { stdout } = await run('snapshot', 't1');
    const [, later] = /wrote \d[\d.]* KiB to (\S+) on its machine/.exec(stdout) ?? [];
    expect(path.basename(later ?? '')).toMatch(/^\d{8}T\d{6}Z$/);
    expect(await readdir(path.dirname(later ?? ''))).toHaveLength(2);
  });

  it('takes tokens of programs, and is told when they are too old', async () => {
    await json('repair', '--fence', '7');
    const { code, stderr } = await run('cordon', 't3', '--fence', '6');
    expect(code).toBe(1);
    expect(stderr).toContain('fencing token 6');
    expect((await status()).trackers[2]?.isCordoned).toBe(false);
  });

  it.each([
    [['cordon', 't9'], 2, 'No tracker of the cluster is called "t9"'],
    [['cordon'], 2, 'missing required argument'],
    [['snapshot', 't1', '--as', '../../etc'], 1, 'name must be'],
    [['snapshot', 't1', '--as', 'first'], 1, 'already'],
    [['slots', '--from', '16385'], 2, 'whole number from 0 to 16384'],
    [['repair', '--fence', '-1'], 2, 'whole number'],
    [['explode'], 2, 'unknown command'],
  ])('refuses %j and says why', async (args, exitCode, text) => {
    const { code, stderr } = await run(...args);
    expect({ code, stderr }).toEqual({ code: exitCode, stderr: expect.stringContaining(text) as string });
  });

  it('says which cluster is meant when it is not clear, or does not answer, or has another key', async () => {
    const nowhere = await cli.run(['cluster', 'status', '--data', path.join(folder, 'nothing')]);
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('No cluster runs from') as string });
    const [, , ...key] = flags;
    const dead = await cli.run(['cluster', 'status', '--tracker', '127.0.0.1:1', ...key]);
    expect(dead).toMatchObject({ code: 1, stderr: expect.stringContaining('127.0.0.1:1') as string });
  });

  // Last: the tracker is gone then.
  it('lets a tracker hand over and go', async () => {
    expect(await json('drain', 't3')).toEqual({ name: 't3', phase: 'leaving' });
    await eventually(async () => (await status()).trackers.length === 2, 60_000);
    expect((await run('status')).stdout).toContain('2 trackers of 2 answer.');
  });
});
