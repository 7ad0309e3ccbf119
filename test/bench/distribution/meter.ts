import { readFileSync } from 'node:fs';

/** USER_HZ, a constant of Linux on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 100;

export interface Usage {
  readonly wallSeconds: number;
  /** User and system time of the contestant's processes; children that ended in between are included. */
  readonly cpuSeconds: number;
  /** Highest sum over all processes at one moment. */
  readonly rssAnonSumBytes: number;
  /** Highest of any one process. */
  readonly rssAnonPeakBytes: number;
  /** Sum before the first byte. */
  readonly rssAnonIdleBytes: number;
  /** Time of the processors that went to nobody of the contest nor to this process: others' work, the kernel's own. */
  readonly otherCpuSeconds: number;
  /** What the watching cost. */
  readonly observerCpuSeconds: number;
}

interface Reading {
  readonly atMs: number;
  readonly ofEach: ReadonlyMap<number, number>;
  readonly endedChildren: number;
  readonly machine: number;
  readonly observer: number;
}

/**
 * Measures a set of processes between `begin` and `end`. Nothing else may be a child of this process that ends in
 * between: its time would be counted.
 */
export class Meter {
  readonly #pids: () => readonly number[];
  readonly #before: Reading;
  readonly #timer: NodeJS.Timeout;
  readonly #idleBytes: number;
  #sumBytes = 0;
  #peakBytes = 0;

  /** Begins at once. `pids` is asked again for every sample. */
  constructor(pids: () => readonly number[]) {
    this.#pids = pids;
    this.#sample();
    this.#idleBytes = this.#sumBytes;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#before = this.#read();
  }

  end(): Usage {
    const after = this.#read();
    this.#sample();
    const before = this.#before;
    let cpuSeconds = after.endedChildren - before.endedChildren;
    for (const [pid, seconds] of after.ofEach) cpuSeconds += seconds - (before.ofEach.get(pid) ?? 0);
    const observerCpuSeconds = after.observer - before.observer;
    return {
      wallSeconds: (after.atMs - before.atMs) / 1000,
      cpuSeconds,
      rssAnonSumBytes: this.#sumBytes,
      rssAnonPeakBytes: this.#peakBytes,
      rssAnonIdleBytes: this.#idleBytes,
      otherCpuSeconds: Math.max(0, after.machine - before.machine - cpuSeconds - observerCpuSeconds),
      observerCpuSeconds,
    };
  }

  /** Ends the sampling. */
  close(): void {
    clearInterval(this.#timer);
  }

  #read(): Reading {
    const self = statOf(process.pid);
    const ofEach = new Map(this.#pids().map((pid) => [pid, treeSeconds(pid)]));
    const observer = process.cpuUsage();
    return {
      atMs: performance.now(),
      ofEach,
      endedChildren: self.endedChildren,
      machine: machineBusySeconds(),
      observer: (observer.user + observer.system) / 1e6,
    };
  }

  #sample(): void {
    let sum = 0;
    for (const pid of this.#pids()) {
      const bytes = rssAnonBytes(pid);
      sum += bytes;
      this.#peakBytes = Math.max(this.#peakBytes, bytes);
    }
    this.#sumBytes = Math.max(this.#sumBytes, sum);
  }
}

function treeSeconds(pid: number): number {
  const { own, endedChildren } = statOf(pid);
  return own + endedChildren;
}

/** @see proc_pid_stat(5), fields 14 to 17 */
function statOf(pid: number): { readonly own: number; readonly endedChildren: number } {
  const stat = readProc(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const at = (index: number): number => Number(fields[index] ?? 0) / TICKS_PER_SECOND;
  return { own: at(11) + at(12), endedChildren: at(13) + at(14) };
}

function rssAnonBytes(pid: number): number {
  return Number(/RssAnon:\s+(\d+) kB/.exec(readProc(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** All processors since the start, without idle, waiting for disks, and what the hypervisor took. */
function machineBusySeconds(): number {
  const [, user, nice, system, , , irq, softirq] = readProc('/proc/stat').split(/\s+/, 8).map(Number);
  return ([user, nice, system, irq, softirq] as number[]).reduce((sum, ticks) => sum + ticks, 0) / TICKS_PER_SECOND;
}

/** Empty when the process is gone: it ended between two looks, and its parent has its time. */
function readProc(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}
