import { availableParallelism } from 'node:os';
import { rssAnonBytes, secondsOfMachine, secondsOfPrograms, timeOf } from './proc.js';

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
  /** Time of threads of the kernel, which write back and deliver packets for everybody. */
  readonly kernelCpuSeconds: number;
  /** What the watching cost. */
  readonly observerCpuSeconds: number;
  /** Of the time of all processors, what programs took that have nothing to do with this: the noise of the machine. */
  readonly noise: number;
}

interface Reading {
  readonly ofEach: ReadonlyMap<number, number>;
  readonly endedChildren: number;
  readonly machine: number;
  readonly observer: number;
  readonly others: number;
}

/**
 * Measures a set of processes between its making and `end`. Nothing else may be a child of this process that ends in
 * between: its time would be counted.
 */
export class Meter {
  readonly #pids: () => readonly number[];
  readonly #before: Reading;
  readonly #startMs: number;
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
    this.#startMs = performance.now();
  }

  end(): Usage {
    const before = this.#before;
    const wallSeconds = (performance.now() - this.#startMs) / 1000;
    const after = this.#read();
    this.#sample();
    let cpuSeconds = after.endedChildren - before.endedChildren;
    for (const [pid, seconds] of after.ofEach) cpuSeconds += seconds - (before.ofEach.get(pid) ?? 0);
    const observerCpuSeconds = after.observer - before.observer;
    const othersCpuSeconds = after.others - before.others;
    const known = cpuSeconds + observerCpuSeconds + othersCpuSeconds;
    return {
      wallSeconds,
      cpuSeconds,
      rssAnonSumBytes: this.#sumBytes,
      rssAnonPeakBytes: this.#peakBytes,
      rssAnonIdleBytes: this.#idleBytes,
      kernelCpuSeconds: Math.max(0, after.machine - before.machine - known),
      observerCpuSeconds,
      noise: othersCpuSeconds / (wallSeconds * availableParallelism()),
    };
  }

  /** Ends the sampling. */
  close(): void {
    clearInterval(this.#timer);
  }

  #read(): Reading {
    const ofEach = new Map(this.#pids().map((pid) => [pid, secondsOf(pid)]));
    const observer = process.cpuUsage();
    return {
      ofEach,
      endedChildren: timeOf(process.pid).endedChildren,
      machine: secondsOfMachine(),
      observer: (observer.user + observer.system) / 1e6,
      others: secondsOfPrograms(new Set([process.pid, ...ofEach.keys()])),
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

function secondsOf(pid: number): number {
  const { own, endedChildren } = timeOf(pid);
  return own + endedChildren;
}
