import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { jest } from '@jest/globals';
import { SeededRandom } from '@panal/runtime';
import { builtFile } from './built-file.js';
import { contentOf, IDENTITY, LIVES, makeFolder, removeFolders } from './record-log.fixture.js';

// Processes start here and wait for the disk, on a machine that may have other things to do.
jest.setTimeout(60_000);

/** A tracker that writes and says what was reported as persisted, until it is killed. */
const WRITER = `
const { RecordLog } = await import(process.argv[1]);
const silent = () => undefined;
const log = await RecordLog.open(process.argv[2], {
  identity: ${JSON.stringify(IDENTITY)},
  lives: ${JSON.stringify(LIVES)},
  source: { records: () => [], recordCountIn: () => 0 },
  clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
  onTrouble: (error) => { throw error; },
  timers: { after: (ms, call) => { const timer = setTimeout(call, ms); return () => clearTimeout(timer); } },
  logger: { debug: silent, info: silent, warn: silent, error: silent },
  onPersisted: (upTo) => process.stdout.write(upTo + '\\n'),
  isSoftSynced: process.argv[4] === 'synced',
});
let sequence = 0;
let found = 0;
await log.load(() => { found += 1; });
const write = () => {
  for (let call = 0; call < 20; call += 1) {
    sequence += 1;
    const isDurable = sequence % 7 === 0;
    const recordClass = isDurable ? 'durable' : 'soft';
    const key = Buffer.from(process.argv[3] + ' ' + sequence);
    const record = { key, slot: sequence % 16384, recordClass, clock: Date.now() * 4096, origin: 1, isDead: false, serveUntilMs: Infinity, value: Buffer.alloc(sequence % 400, sequence) };
    log.append([record], { isDurable });
  }
  setTimeout(write, 1);
};
write();
`;

const writers: ChildProcess[] = [];

afterEach(async () => {
  for (const writer of writers.splice(0)) writer.kill('SIGKILL');
  await removeFolders();
});

/** Runs a writer, kills it once it has reported `untilReports` times. @returns The last number it reported. */
async function killedWriter(folder: string, prefix: string, mode: string, untilReports: number): Promise<number> {
  const library = builtFile('index.js', import.meta.url).href;
  const child: ChildProcess = spawn(
    process.execPath,
    ['--input-type=module', '-e', WRITER, library, folder, prefix, mode],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  writers.push(child);
  let reported = 0;
  let reports = 0;
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const closed = once(lines, 'close');
  lines.on('line', (line) => {
    reported = Number(line);
    reports += 1;
    if (reports === untilReports) child.kill('SIGKILL');
  });
  await closed;
  expect(reports).toBeGreaterThanOrEqual(untilReports);
  return reported;
}

describe('a tracker that is killed while it writes', () => {
  it.each(['synced', 'unsynced'])(
    'has after each of several kills what was reported as persisted (soft records %s)',
    async (mode) => {
      const folder = await makeFolder();
      const random = new SeededRandom(7);
      const promised: string[] = [];
      for (let life = 0; life < 3; life += 1) {
        const reported = await killedWriter(folder, `life ${life}`, mode, 3 + random.below(40));
        for (let sequence = 1; sequence <= reported; sequence += 1) promised.push(`life ${life} ${sequence}`);
        const content = await contentOf(folder);
        const lost = promised.filter((name) => !content.has(name));
        expect({ mode, life, lost }).toEqual({ mode, life, lost: [] });
      }
    },
    60_000,
  );
});
