// One preparation of a checkout at a time: a second one waits, then finds everything done.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 200;
/** An installation over a slow line takes minutes; a wait longer than this has another reason. */
const WAIT_MAX_MS = 15 * 60_000;
/** A lock whose holder did not write its pid within this is left over from a crash. */
const WRITE_MAX_MS = 10_000;

/** Runs `work` while holding `lockDir`, a folder that names its holder. */
export async function withLock(lockDir, work) {
  await acquire(lockDir);
  const release = () => rmSync(lockDir, { recursive: true, force: true });
  const onSignal = () => process.exit(130);
  process.on('exit', release);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return work();
  } finally {
    release();
    process.off('exit', release).off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function acquire(lockDir) {
  let hasSaid = false;
  for (const startedMs = performance.now(); performance.now() - startedMs < WAIT_MAX_MS; await delay(POLL_MS)) {
    if (tryLock(lockDir)) return;
    const holder = holderOf(lockDir);
    if (holder === 'gone') removeStale(lockDir);
    else if (!hasSaid) {
      console.log(`panal: another process (pid ${holder}) prepares this checkout; waiting for it ...`);
      hasSaid = true;
    }
  }
  throw new Error(
    `another preparation did not end in ${WAIT_MAX_MS / 60_000} minutes. If none runs, remove ${lockDir}.`,
  );
}

function tryLock(lockDir) {
  try {
    mkdirSync(lockDir);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(path.join(lockDir, 'pid'), String(process.pid));
  return true;
}

/** The holder's pid, 'unknown' while it is being written, or 'gone'. */
function holderOf(lockDir) {
  try {
    const pid = Number(readFileSync(path.join(lockDir, 'pid'), 'utf8'));
    if (pid > 0) return isRunning(pid) ? pid : 'gone';
    return 'unknown';
  } catch {
    // No folder: released just now. No pid yet: being made, unless it has been so for too long.
    const made = statSync(lockDir, { throwIfNoEntry: false });
    return made !== undefined && Date.now() - made.mtimeMs > WRITE_MAX_MS ? 'gone' : 'unknown';
  }
}

/** Renaming first: of several that find the same stale lock one gets it, and who got a fresh one by its side gives it back. */
function removeStale(lockDir) {
  const aside = `${lockDir}.${process.pid}`;
  try {
    renameSync(lockDir, aside);
    if (holderOf(aside) === 'gone') rmSync(aside, { recursive: true, force: true });
    else renameSync(aside, lockDir);
  } catch {
    // Another one was quicker; the next turn of the loop sees what it left.
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
