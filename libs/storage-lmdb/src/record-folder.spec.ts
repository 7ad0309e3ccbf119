import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { RECORD_LOG_FORMAT, RecordFolder } from './record-folder.js';
import { contentOf, durableOf, IDENTITY, makeFolder, recordOf, removeFolders, TrialLog } from './record-log.fixture.js';

// Processes start here and wait for the disk, on a machine that may have other things to do.
jest.setTimeout(60_000);

afterEach(removeFolders);

const open = (folder: string, options: object = {}): Promise<RecordFolder> =>
  RecordFolder.open(folder, { identity: IDENTITY, isSoftSynced: true, ...options });

async function writeState(folder: string, change: (state: Record<string, unknown>) => void): Promise<void> {
  const path = join(folder, 'state.json');
  const state = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  change(state);
  await writeFile(path, JSON.stringify(state));
}

describe('RecordFolder', () => {
  it('counts its starts', async () => {
    const folder = await makeFolder();
    for (const count of [1, 2, 3]) expect((await open(folder)).state.startCount).toBe(count);
  });

  it.each([
    ['cluster name', { clusterName: 'other' }],
    ['cluster key', { clusterFingerprint: 'f2' }],
    ['tracker', { trackerId: 'ff'.repeat(16) }],
  ])('is refused by those it belongs not to: another %s', async (what, other) => {
    const folder = await makeFolder();
    await open(folder);
    const refusal = open(folder, { identity: { ...IDENTITY, ...other } });
    await expect(refusal).rejects.toMatchObject({ code: 'record_log_foreign', what, path: folder });
    expect((await open(folder)).state.startCount).toBe(2);
  });

  it('is refused when a newer Panal wrote it, however its state looks then', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'state.json'), JSON.stringify({ format: RECORD_LOG_FORMAT + 1, anything: [] }));
    await expect(open(folder)).rejects.toMatchObject({
      code: 'record_log_newer',
      format: RECORD_LOG_FORMAT + 1,
      knownFormat: RECORD_LOG_FORMAT,
    });
    expect(await readdir(folder)).toEqual(['state.json']);
  });

  it.each([
    ['no JSON', 'half a st'],
    ['empty', ''],
    ['of other fields', '{"format":1}'],
    ['of impossible numbers', '{"format":1,"clockMark":-1}'],
    ['a list', '[]'],
  ])('is moved aside as a whole when its state is %s', async (_what, text) => {
    const folder = join(await makeFolder(), 'records');
    await mkdir(folder);
    await writeFile(join(folder, 'state.json'), text);
    await writeFile(join(folder, 'soft.mdb'), 'what was there');
    const opened = await open(folder);
    expect(opened.notes.movedTo).toBe(`${folder}.corrupt-1`);
    expect((await readdir(`${folder}.corrupt-1`)).sort()).toEqual(['soft.mdb', 'state.json']);
    expect(opened.state.startCount).toBe(1);
  });

  it('is moved aside when nobody can say whose records they are', async () => {
    const folder = join(await makeFolder(), 'records');
    await mkdir(folder);
    await writeFile(join(folder, 'durable.mdb'), 'records of somebody');
    expect((await open(folder)).notes.movedTo).toBe(`${folder}.corrupt-1`);
  });

  it('keeps the newest three that were moved aside', async () => {
    const folder = join(await makeFolder(), 'records');
    for (let index = 0; index < 5; index += 1) {
      await open(folder);
      await writeFile(join(folder, 'state.json'), 'no state');
    }
    await open(folder);
    const names = await readdir(join(folder, '..'));
    expect(names.sort()).toEqual(['records', 'records.corrupt-3', 'records.corrupt-4', 'records.corrupt-5']);
  });

  it('brings an older folder to its own format, step by step, before anything reads it', async () => {
    const folder = await makeFolder();
    await open(folder);
    const steps: number[] = [];
    const step = (from: number) => async (_folder: string, text: string) => {
      steps.push(from);
      const state = JSON.parse(text) as Record<string, unknown>;
      return JSON.stringify({ ...state, format: from + 1, members: [`10.0.0.${from}:5560`] });
    };
    const opened = await open(folder, { format: 3, migrations: { 1: step(1), 2: step(2) } });
    expect(steps).toEqual([1, 2]);
    expect(opened.state).toMatchObject({ format: 3, startCount: 2, members: ['10.0.0.2:5560'] });
  });

  it('begins a migration again that was interrupted', async () => {
    const folder = await makeFolder();
    await open(folder);
    const interrupted = { format: 2, migrations: { 1: () => Promise.reject(new Error('the power went')) } };
    await expect(open(folder, interrupted)).rejects.toThrow('the power went');
    expect((await open(folder)).state).toMatchObject({ format: 1, startCount: 2 });
  });

  it('says what is wrong where no folder can be made', async () => {
    const file = join(await makeFolder(), 'file');
    await writeFile(file, '');
    await expect(open(join(file, 'records'))).rejects.toMatchObject({ code: 'record_disk_failed' });
  });

  it('takes members that nobody can parse for none', async () => {
    const folder = await makeFolder();
    await open(folder);
    await writeState(folder, (state) => {
      state['members'] = ['10.0.0.1:5560', 'no:address:at all', ''];
    });
    const trial = await TrialLog.open(folder);
    expect(trial.log.restored.members).toEqual([{ host: '10.0.0.1', port: 5560 }]);
    await trial.log.close(0);
  });
});

/** Written by the first version, kept as it was then: `npm run jest -- record-folder` says whether it can still be read. */
describe('a folder of format 1', () => {
  const kept = fileURLToPath(new URL('../fixtures/format-1', import.meta.url));

  it('is read by this version', async () => {
    const folder = await makeFolder();
    await cp(kept, folder, { recursive: true });
    const trial = await TrialLog.open(folder);
    expect(trial.log.restored).toEqual({
      startCount: 3,
      clock: 7_208_960_000_000_000,
      lastAliveMs: 1_760_000_000_000,
      members: [{ host: '10.0.0.1', port: 5560 }],
      // What that format did not know.
      orders: { fence: 0, isCordoned: false },
    });
    await trial.log.close(0);
    const records = await contentOf(folder);
    expect(records.get('soft')).toEqual(recordOf('soft'));
    expect(records.get('durable')).toEqual(durableOf('durable'));
    expect(records.get('gone')).toEqual(durableOf('gone', { isDead: true, serveUntilMs: 0, value: Buffer.alloc(0) }));
    expect(records.size).toBe(3);
  });
});
