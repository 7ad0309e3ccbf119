import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Engine } from './lab/engine.js';
import type { Lab } from './lab/lab.js';

const MEASURE_MS = 20_000;
const NANOSECONDS_PER_SECOND = 1e9;
const MIB = 1024 * 1024;

/** What one server takes while nobody asks it for anything. */
export interface IdleFigures {
  readonly service: string;
  /** Memory that is its own: anonymous pages, MiB. */
  readonly ownMiB: number;
  /** Pages of files, mostly of the node binary, which containers of one image share, MiB. */
  readonly fileMiB: number;
  /** Share of one core, in percent. */
  readonly cpuPercent: number;
}

/** Looks at the server in the container of a service for MEASURE_MS. */
export async function idleFigures(lab: Lab, engine: Engine, service: string): Promise<IdleFigures> {
  const container = await lab.container(engine, service);
  const init = await engine.docker('inspect', '--format', '{{.State.Pid}}', container);
  // tini is the first process of a container, the server its only child.
  const pid = (await readFile(`/proc/${init}/task/${init}/children`, 'utf8')).trim();
  const beforeSeconds = await cpuSeconds(pid);
  const startMs = performance.now();
  await wait(MEASURE_MS);
  const cpuPercent = ((await cpuSeconds(pid)) - beforeSeconds) / ((performance.now() - startMs) / 1_000) / 0.01;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mib = (field: string): number => {
    const [, kib = '0'] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status) ?? [];
    return round((Number(kib) * 1_024) / MIB);
  };
  return {
    service,
    ownMiB: round(mib('RssAnon') + mib('RssShmem')),
    fileMiB: mib('RssFile'),
    cpuPercent: Math.round(cpuPercent * 100) / 100,
  };
}

/** What the scheduler has counted for all threads: the times in `stat` are samples, and miss what is short. */
async function cpuSeconds(pid: string): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(threads.map((id) => readFile(`/proc/${pid}/task/${id}/schedstat`, 'utf8')));
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0) / NANOSECONDS_PER_SECOND;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
