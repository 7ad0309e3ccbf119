import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { LOG_BYTES_MAX, LOG_TAIL_BYTES, LOG_TAIL_LINES } from '../limits.js';

/** Opens a log for a child to append to; a log that grew too large is set aside first, as `NAME.1`. The caller closes it. */
export async function openLog(file: string): Promise<FileHandle> {
  await mkdir(path.dirname(file), { recursive: true });
  const size = await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  if (size > LOG_BYTES_MAX) await rename(file, `${file}.1`);
  return open(file, 'a', 0o600);
}

/** The last lines of a log; none when there is no log. */
export async function logTail(file: string, lineCountMax = LOG_TAIL_LINES): Promise<readonly string[]> {
  const log = await open(file, 'r').catch(() => undefined);
  if (log === undefined) return [];
  try {
    const { size } = await log.stat();
    const buffer = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
    const { bytesRead } = await log.read(buffer, 0, buffer.length, size - buffer.length);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return lines.filter((line) => line.trim() !== '').slice(-lineCountMax);
  } finally {
    await log.close();
  }
}
