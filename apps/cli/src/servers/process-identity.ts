import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * A process, told apart from a later one that got the same pid. `birth` is when it started, in the words of the system;
 * two of the same pid with the same birth are one process.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly birth: string;
}

/** The identity of a running process, or `undefined` when none has this pid. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const birth = await (process.platform === 'linux' ? birthInProc(pid) : birthByPs(pid));
  return birth === undefined ? undefined : { pid, birth };
}

/** Whether the very process that `identity` was taken of still runs. */
export async function isSameProcess(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.birth === identity.birth;
}

/** Field 22 of `/proc/PID/stat`, clock ticks since boot, and which boot. A zombie counts as gone. @see proc(5) */
async function birthInProc(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    ]);
    // The command's name, in parentheses, may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `${fields[19]} ${boot.trim()}`.trim();
  } catch {
    return undefined; // no such process
  }
}

async function birthByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() || undefined;
  } catch {
    return undefined; // no such process
  }
}
