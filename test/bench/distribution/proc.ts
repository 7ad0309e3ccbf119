import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, a constant of Linux on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;
/** The parent of all threads of the kernel. */
const KTHREADD = 2;

export interface ProcessTime {
  readonly parent: number;
  /** User and system time of the process, in seconds. */
  readonly own: number;
  /** That of its children that ended and were waited for, and of theirs. */
  readonly endedChildren: number;
}

/** Zero for a process that is gone: its parent has its time now. @see proc_pid_stat(5), fields 4 and 14 to 17 */
export function timeOf(pid: number): ProcessTime {
  const stat = readProc(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const at = (index: number): number => Number(fields[index] ?? 0) / TICKS_PER_SECOND;
  return { parent: Number(fields[1] ?? 0), own: at(11) + at(12), endedChildren: at(13) + at(14) };
}

/**
 * Time of all programs but `except`, whose differences are right also for those that ended in between: what they had is
 * with their parents. Threads of the kernel are no programs.
 */
export function secondsOfPrograms(except: ReadonlySet<number>): number {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.reduce((sum, pid) => {
    if (except.has(pid)) return sum;
    const { parent, own, endedChildren } = timeOf(pid);
    return parent === KTHREADD || pid === KTHREADD ? sum : sum + own + endedChildren;
  }, 0);
}

/** Of all processors since the start, without idle, waiting for disks, and what the hypervisor took. */
export function secondsOfMachine(): number {
  const [, user, nice, system, , , irq, softirq] = readProc('/proc/stat').split(/\s+/, 8).map(Number);
  return ([user, nice, system, irq, softirq] as number[]).reduce((sum, ticks) => sum + ticks, 0) / TICKS_PER_SECOND;
}

/** Anonymous resident memory, without file pages. 0 for a process that is gone. */
export function rssAnonBytes(pid: number): number {
  return Number(/RssAnon:\s+(\d+) kB/.exec(readProc(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Empty when the process ended between two looks. */
function readProc(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}
