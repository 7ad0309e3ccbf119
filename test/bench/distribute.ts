/**
 * One provider to N downloaders, Panal and its rivals in turn: wall time from `get` on running peers until the last
 * downloader is complete, CPU seconds of all processes, memory, medians, and ratios to the rivals of the same run.
 * Progress goes to standard error, JSON to standard output.
 *
 *   npm run bench -- distribute --size-mib 1024 --downloaders 4 --rounds 3 --folder /var/tmp
 *   npm run bench -- distribute --one-to-one
 *
 * As root everyone gets a network namespace of its own, behind one bridge (198.18.0.0/15, nothing leaves the machine);
 * else an address of loopback. Linux only. Rivals that are not installed are left out and named in `missing`:
 *
 *   apt-get install iproute2 aria2 python3-libtorrent nginx-light curl
 *
 * (The service that the package of nginx would start is not needed: `systemctl disable --now nginx`.)
 * `--noise-max 1` takes every run as it comes; else one that other programs disturbed is repeated (see `quiet` in the
 * output), and `noise` says how much. Room on disk: (N + 1) times the size. Namespaces, processes and files go when this ends, also by a crash or Ctrl-C.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { cpus, release, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { aria2 } from './distribution/aria2.js';
import type { Contestant } from './distribution/contestant.js';
import { fileSystemOf, makeContent, SETTLE_NOTE } from './distribution/disk.js';
import { libtorrent } from './distribution/libtorrent.js';
import { planNetwork } from './distribution/network.js';
import { nginx } from './distribution/nginx.js';
import { panal } from './distribution/panal.js';
import { QUIET_NOTE } from './distribution/quiet.js';
import { Reaper } from './distribution/reaper.js';
import { summarize } from './distribution/summary.js';
import { PIECE_BYTES } from './distribution/torrent-file.js';
import { play } from './distribution/tournament.js';

const RIVALS: readonly Contestant[] = [aria2, libtorrent, nginx];
const MIB = 1024 * 1024;

const { values: options } = parseArgs({
  args: process.argv.slice(2),
  options: {
    'size-mib': { type: 'string', default: '1024' },
    downloaders: { type: 'string', default: '4' },
    'one-to-one': { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    rivals: { type: 'string', default: RIVALS.map(({ name }) => name).join(',') },
    'without-panal': { type: 'boolean', default: false },
    'noise-max': { type: 'string', default: '0.1' },
    folder: { type: 'string', default: tmpdir() },
  },
});

/** The commit that is measured, with a `+` when there is more in the sources than in the commit. */
function panalVersion(): string {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: import.meta.dirname, encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    const isClean = git('status', '--porcelain', '--untracked-files=no', '--', ':/apps', ':/libs') === '';
    return `${git('rev-parse', '--short', 'HEAD')}${isClean ? '' : '+'}, Node ${process.version}`;
  } catch {
    return `unknown commit, Node ${process.version}`; // An unpacked archive is no checkout.
  }
}

/** @throws for a name that nobody has */
function chosenRivals(names: string): readonly Contestant[] {
  return names
    .split(',')
    .filter((name) => name !== '')
    .map((name) => {
      const rival = RIVALS.find((candidate) => candidate.name === name);
      if (rival === undefined) throw new Error(`There is no rival "${name}".`);
      return rival;
    });
}

/** @throws for what is not a whole number of at least 1 */
function countOf(name: 'size-mib' | 'downloaders' | 'rounds'): number {
  const count = Number(options[name]);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} must be a whole number of at least 1.`);
  return count;
}

async function main(signal: AbortSignal): Promise<void> {
  const downloaderCount = options['one-to-one'] ? 1 : countOf('downloaders');
  const [sizeBytes, roundCount] = [countOf('size-mib') * MIB, countOf('rounds')];
  const rivals = chosenRivals(options.rivals);
  const missing = rivals.filter(({ version }) => version === null).map(({ name }) => name);
  const subject = options['without-panal'] ? [] : [panal(panalVersion())];
  const contestants = [...subject, ...rivals.filter(({ version }) => version !== null)];
  const plan = planNetwork(downloaderCount);
  const folder = await mkdtemp(path.join(path.resolve(options.folder), 'panal-distribute-'));
  const reaper = new Reaper({ folder, namespaces: plan.namespaces, links: plan.links });
  try {
    const network = plan.build();
    const source = path.join(folder, 'source', 'content');
    await mkdir(path.dirname(source));
    await makeContent(source, sizeBytes);
    const noiseMax = Number(options['noise-max']);
    const tournament = { network, folder, source, sizeBytes, contestants, roundCount, noiseMax, signal };
    const { results, failures } = await play(tournament);
    const about = {
      bench: 'distribute',
      sizeMib: sizeBytes / MIB,
      downloaderCount,
      roundCount,
      network: network.kind,
      fileSystem: await fileSystemOf(folder),
      settle: SETTLE_NOTE,
      quiet: QUIET_NOTE,
      noiseMax,
      rivalPieceMib: PIECE_BYTES / MIB,
      machine: { processors: cpus().length, model: cpus()[0]?.model, kernel: release() },
      contestants: Object.fromEntries(contestants.map(({ name, version, settings }) => [name, { version, settings }])),
      missing,
      failures,
    };
    console.log(JSON.stringify({ ...about, ...summarize(results, { sizeBytes, downloaderCount }, 'panal') }, null, 2));
    if (failures.length > 0) process.exitCode = 1;
  } finally {
    await reaper.finish();
  }
}

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));
}
try {
  await main(stopping.signal);
} catch (error) {
  console.error(`distribute: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
