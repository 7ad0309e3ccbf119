import { link, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readStateFile } from './atomic-file.js';
import { systemCodeOf } from './errors.js';
import { LOCK_ATTEMPTS_MAX } from './limits.js';

/** Who holds a lock. `startedAt` tells a process from a later one with the same pid; empty where the system hides it. */
interface LockHolder {
  readonly pid: number;
  readonly startedAt: string;
}

let lockCount = 0;

/**
 * An exclusive lock as a file that names its holder. Node has no kernel lock, so a lock outlives a killed process; the
 * next one sees that the holder is gone (no such pid, or the pid started at another time) and takes it over.
 *
 * Processes in different pid namespaces (two containers, one volume) do not see each other and take over each other's
 * lock: that case is fenced by the cluster, where two peers with one id meet.
 */
export class ProcessLock {
  private constructor(
    private readonly path: string,
    private readonly text: string,
  ) {}

  /**
   * @param refuse Makes the error when a living process, this one included, holds the lock.
   */
  static async acquire(path: string, refuse: (pid: number) => Error): Promise<ProcessLock> {
    lockCount += 1;
    const text = `${JSON.stringify({ pid: process.pid, startedAt: await startOf(process.pid) })}\n`;
    // Written whole under another name and then linked: no reader ever sees half a lock and takes it for a stale one.
    const candidatePath = `${path}.${process.pid}-${lockCount}`;
    try {
      for (let attempt = 0; attempt < LOCK_ATTEMPTS_MAX; attempt += 1) {
        await writeCandidate(candidatePath, text);
        if (await tryLink(candidatePath, path)) {
          await removeCandidates(path);
          return new ProcessLock(path, text);
        }
        const held = await readStateFile(path);
        if (held === undefined) continue;
        const holder = parseHolder(held);
        if (holder !== undefined && (await isAlive(holder))) throw refuse(holder.pid);
        await moveAway(path, held);
      }
      throw refuse(0);
    } finally {
      await rm(candidatePath, { force: true });
    }
  }

  /** Gives the lock up. One that another process took meanwhile, wrongly or not, is left alone. */
  async release(): Promise<void> {
    const held = await readStateFile(this.path).catch(() => undefined);
    if (held?.toString() === this.text) await rm(this.path, { force: true });
  }
}

async function writeCandidate(path: string, text: string): Promise<void> {
  await rm(path, { force: true });
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}

/** `link` fails when the name is taken, which makes it the exclusive step. File systems without links: a plain copy. */
async function tryLink(candidatePath: string, path: string): Promise<boolean> {
  try {
    await link(candidatePath, path);
    return true;
  } catch (error) {
    const code = systemCodeOf(error);
    // ENOENT: whoever has the lock now took our draft for one that a crash left.
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
  }
  try {
    const handle = await open(path, 'wx', 0o600);
    await handle.writeFile(await readFile(candidatePath));
    await handle.close();
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Drafts of processes that were killed between writing and linking. A living one writes its draft again. */
async function removeCandidates(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    const isCandidate = name.startsWith(prefix) && /^\d+-\d+$/.test(name.slice(prefix.length));
    if (isCandidate) await rm(join(dirname(path), name), { force: true });
  }
}

/**
 * Takes a stale lock out of the way. Two processes may find the same stale lock; the slower one could move the lock the
 * faster one has just made, sees that it is not the text it read, and puts it back.
 */
async function moveAway(path: string, stale: Buffer): Promise<void> {
  const awayPath = `${path}.stale-${process.pid}-${lockCount}`;
  try {
    await rename(path, awayPath);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await readStateFile(awayPath);
  if (moved !== undefined && !moved.equals(stale)) await tryLink(awayPath, path);
  await rm(awayPath, { force: true });
}

function parseHolder(bytes: Buffer): LockHolder | undefined {
  try {
    const { pid, startedAt } = JSON.parse(bytes.toString()) as Partial<LockHolder>;
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0 || typeof startedAt !== 'string') return undefined;
    return { pid: pid as number, startedAt };
  } catch {
    // A lock that is no JSON was cut off by a power failure: nobody holds it.
    return undefined;
  }
}

async function isAlive({ pid, startedAt }: LockHolder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    if (systemCodeOf(error) !== 'EPERM') return false;
  }
  const start = await startOf(pid);
  return startedAt === '' || start === '' || start === startedAt;
}

/** Boot id and start tick of a process: unlike a pid, the pair never comes back. Empty where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  try {
    const [bootId, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    // The second field is the command in brackets and may hold spaces; field 22 counts from the start of the line.
    const tick = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return tick === undefined ? '' : `${bootId.trim()}/${tick}`;
  } catch {
    return '';
  }
}
