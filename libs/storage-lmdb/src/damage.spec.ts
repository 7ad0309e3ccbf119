import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { type Logger, SeededRandom, silentLogger } from '@panal/runtime';
import { contentOf, durableOf, makeFolder, recordOf, removeFolders, TrialLog } from './record-log.fixture.js';

// Processes start here and wait for the disk, on a machine that may have other things to do.
jest.setTimeout(60_000);

const PAGE = 4096;
const RECORD_COUNT = 2000;

afterEach(removeFolders);

/** A folder with records of both kinds, in a folder of its own since stores are moved beside it. */
async function filledFolder(): Promise<string> {
  const folder = join(await makeFolder(), 'records');
  const trial = await TrialLog.open(folder);
  await trial.load();
  for (let from = 0; from < RECORD_COUNT; from += 200) {
    await trial.keep(...Array.from({ length: 200 }, (_, index) => recordOf(`soft ${from + index}`)));
  }
  await trial.keep(...Array.from({ length: 100 }, (_, index) => durableOf(`durable ${index}`)));
  await trial.log.close(0);
  return folder;
}

async function change(path: string, edit: (bytes: Buffer) => Buffer | void): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(path, edit(bytes) ?? bytes);
}

function countOf(names: Iterable<string>, kind: string): number {
  return [...names].filter((name) => name.startsWith(kind)).length;
}

describe('a store that is damaged', () => {
  it.each<[string, (bytes: Buffer) => Buffer | void]>([
    ['is cut off in the middle', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['is cut off after its first bytes', (bytes) => bytes.subarray(0, 100)],
    ['lost its last page', (bytes) => bytes.subarray(0, bytes.length - PAGE)],
    ['is something else', (bytes) => void bytes.fill(0x5a)],
    ['is all zeros', (bytes) => void bytes.fill(0)],
    ['lost its roots', (bytes) => void bytes.fill(0, 0, 2 * PAGE)],
  ])(
    'and %s is moved aside; the tracker starts with what the other store has, and fills it again',
    async (_what, edit) => {
      const folder = await filledFolder();
      await change(join(folder, 'soft.mdb'), edit);
      const errors: [string, unknown][] = [];
      const logger: Logger = { ...silentLogger, error: (message, fields) => void errors.push([message, fields]) };
      const trial = await TrialLog.open(folder, { logger });
      trial.table.take([durableOf('durable 1'), recordOf('in the table')]);
      const summary = await trial.log.load(() => undefined);
      expect(summary.corruptClasses).toEqual(['soft']);
      expect(trial.log.counters.corruptStores).toBe(1);
      expect(errors).toEqual([
        [expect.stringContaining('moved aside'), expect.objectContaining({ movedTo: `${folder}.corrupt-1` })],
      ]);
      expect(await readdir(`${folder}.corrupt-1`)).toEqual(['soft.mdb']);
      await trial.keep(recordOf('afterwards'));
      await trial.log.close(0);
      const content = await contentOf(folder);
      expect(countOf(content.keys(), 'durable')).toBe(100);
      expect(countOf(content.keys(), 'soft')).toBe(0);
      expect(content.has('in the table')).toBe(true);
      expect(content.has('afterwards')).toBe(true);
    },
  );

  it('does not keep the other one from being read, whichever it is', async () => {
    const folder = await filledFolder();
    await truncate(join(folder, 'durable.mdb'), 3 * PAGE);
    const content = await contentOf(folder);
    expect(countOf(content.keys(), 'durable')).toBe(0);
    expect(countOf(content.keys(), 'soft')).toBe(RECORD_COUNT);
  });

  it('twice is moved aside twice', async () => {
    const folder = await filledFolder();
    for (const name of ['durable.mdb', 'soft.mdb']) await truncate(join(folder, name), 3 * PAGE);
    expect((await contentOf(folder)).size).toBe(0);
    expect((await readdir(join(folder, '..'))).sort()).toEqual(['records', 'records.corrupt-1', 'records.corrupt-2']);
  });

  it('loses single records whose bytes turned, and nothing else', async () => {
    const folder = await filledFolder();
    await change(join(folder, 'soft.mdb'), (bytes) => {
      // Pages are copied when they change, so a value is in the file more than once.
      for (let at = bytes.indexOf('value of soft 77'); at >= 0; at = bytes.indexOf('value of soft 77', at + 1))
        bytes[at] = 0;
    });
    const trial = await TrialLog.open(folder);
    const content = await trial.load();
    expect(trial.log.counters.damagedRecords).toBeGreaterThanOrEqual(1);
    expect(content.has('soft 77')).toBe(false);
    expect(content.size).toBe(RECORD_COUNT + 100 - trial.log.counters.damagedRecords);
    await trial.log.close(0);
    const again = await TrialLog.open(folder);
    expect((await again.load()).size).toBe(content.size);
    expect(again.log.counters.damagedRecords).toBe(0);
    await again.log.close(0);
  });

  it.each([1, 2, 3, 4])('anywhere never ends the tracker and never invents a record (seed %i)', async (seed) => {
    const folder = await filledFolder();
    const random = new SeededRandom(seed);
    await change(join(folder, 'soft.mdb'), (bytes) => {
      for (let hit = 0; hit < 5; hit += 1) {
        const page = 2 + random.below(bytes.length / PAGE - 2);
        const kind = random.below(3);
        const noise = kind === 0 ? Buffer.alloc(PAGE) : kind === 1 ? Buffer.alloc(PAGE, 0xff) : random.bytes(PAGE);
        noise.copy(bytes, page * PAGE);
      }
    });
    const trial = await TrialLog.open(folder);
    const content = await trial.load();
    for (const [name, record] of content) {
      expect(record).toEqual(name.startsWith('durable') ? durableOf(name) : recordOf(name));
    }
    expect(countOf(content.keys(), 'durable')).toBe(100);
    await trial.keep(recordOf('afterwards'));
    await trial.log.close(0);
    expect((await contentOf(folder)).has('afterwards')).toBe(true);
  });
});
