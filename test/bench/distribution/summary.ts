import type { RunResult } from './tournament.js';

const MIB = 1024 * 1024;

interface Size {
  readonly sizeBytes: number;
  readonly downloaderCount: number;
}

/** What is said of one run, in the units of the report. `megabytesPerSecond` is what all downloaders got together. */
interface RunReport {
  readonly wallSeconds: number;
  readonly megabytesPerSecond: number;
  readonly cpuSeconds: number;
  /** For each GB delivered, so that it does not depend on the number of downloaders. */
  readonly cpuSecondsPerGb: number;
  readonly rssAnonSumMib: number;
  readonly rssAnonPeakMib: number;
  readonly rssAnonIdleMib: number;
  readonly kernelCpuSeconds: number;
  readonly observerCpuSeconds: number;
  readonly noise: number;
  readonly attempts: number;
  readonly loadBefore: number;
  readonly settleSeconds: number;
}

export interface Summary {
  readonly runs: readonly (RunReport & { readonly contestant: string; readonly round: number })[];
  /** Of each contestant, the median of every figure by itself. */
  readonly medians: Readonly<Record<string, RunReport>>;
  /** Of the subject to each rival: wall and CPU below 1 mean less time than the rival's, of the medians. */
  readonly ratios: Readonly<Record<string, { readonly wall: number; readonly speed: number; readonly cpu: number }>>;
}

export function summarize(results: readonly RunResult[], size: Size, subject: string): Summary {
  const runs = results.map((result) => ({
    contestant: result.contestant,
    round: result.round,
    ...reportOf(result, size),
  }));
  const names = [...new Set(runs.map(({ contestant }) => contestant))];
  const medians = Object.fromEntries(
    names.map((name) => [
      name,
      medianOf(
        results.filter(({ contestant }) => contestant === name),
        size,
      ),
    ]),
  );
  const own = medians[subject];
  const ratios = Object.entries(medians).flatMap(([name, rival]) => {
    if (own === undefined || name === subject) return [];
    const wall = rounded(own.wallSeconds / rival.wallSeconds, 3);
    const speed = rounded(rival.wallSeconds / own.wallSeconds, 3);
    return [[name, { wall, speed, cpu: rounded(own.cpuSeconds / rival.cpuSeconds, 3) }] as const];
  });
  return { runs, medians, ratios: Object.fromEntries(ratios) };
}

function medianOf(results: readonly RunResult[], size: Size): RunReport {
  const reports = results.map((result) => reportOf(result, size));
  const keys = Object.keys(reports[0] as RunReport) as (keyof RunReport)[];
  return Object.fromEntries(
    keys.map((key) => [key, median(reports.map((report) => report[key]))]),
  ) as unknown as RunReport;
}

function reportOf(result: RunResult, { sizeBytes, downloaderCount }: Size): RunReport {
  const deliveredMb = (sizeBytes * downloaderCount) / 1e6;
  return {
    wallSeconds: rounded(result.wallSeconds, 2),
    megabytesPerSecond: rounded(deliveredMb / result.wallSeconds, 0),
    cpuSeconds: rounded(result.cpuSeconds, 2),
    cpuSecondsPerGb: rounded(result.cpuSeconds / (deliveredMb / 1000), 2),
    rssAnonSumMib: rounded(result.rssAnonSumBytes / MIB, 0),
    rssAnonPeakMib: rounded(result.rssAnonPeakBytes / MIB, 0),
    rssAnonIdleMib: rounded(result.rssAnonIdleBytes / MIB, 0),
    kernelCpuSeconds: rounded(result.kernelCpuSeconds, 2),
    observerCpuSeconds: rounded(result.observerCpuSeconds, 2),
    noise: rounded(result.noise, 3),
    attempts: result.attempts,
    loadBefore: rounded(result.loadBefore, 2),
    settleSeconds: rounded(result.settleSeconds, 1),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : rounded((upper + (sorted[middle - 1] as number)) / 2, 2);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
