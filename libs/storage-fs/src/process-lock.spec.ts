import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessLock } from './process-lock.js';
import { makeFolder, removeFolders } from './sample-content.fixture.js';

afterEach(removeFolders);

class Held extends Error {
  constructor(readonly pid: number) {
    super(`held by ${pid}`);
  }
}

const acquire = (path: string): Promise<ProcessLock> => ProcessLock.acquire(path, (pid) => new Held(pid));

async function withChild(task: (child: ChildProcess & { pid: number }) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    await task(child as ChildProcess & { pid: number });
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}

describe('ProcessLock', () => {
  it('is held once, and free again when it is released', async () => {
    const path = join(await makeFolder(), 'lock');
    const lock = await acquire(path);
    await expect(acquire(path)).rejects.toMatchObject({ pid: process.pid });
    await lock.release();
    await lock.release();
    await (await acquire(path)).release();
  });

  it('names its holder in the file and leaves no other file', async () => {
    const folder = await makeFolder();
    await acquire(join(folder, 'lock'));
    expect(JSON.parse(await readFile(join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid });
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('clears away the drafts of processes that were killed', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'lock.4000000-1'), 'draft');
    await (await acquire(join(folder, 'lock'))).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is won by one of many at the same time', async () => {
    const path = join(await makeFolder(), 'lock');
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => acquire(path)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is respected while its holder lives, and taken over when it was killed', async () => {
    const path = join(await makeFolder(), 'lock');
    await withChild(async (child) => {
      await writeFile(path, JSON.stringify({ pid: child.pid, startedAt: '' }));
      await expect(acquire(path)).rejects.toMatchObject({ pid: child.pid });
      child.kill('SIGKILL');
      await once(child, 'exit');
      await (await acquire(path)).release();
    });
  });

  it('is taken over when another process has the pid now', async () => {
    const path = join(await makeFolder(), 'lock');
    await withChild(async (child) => {
      await writeFile(path, JSON.stringify({ pid: child.pid, startedAt: 'another-boot/1' }));
      const lock = await acquire(path);
      await expect(acquire(path)).rejects.toMatchObject({ pid: process.pid });
      await lock.release();
    });
  });

  it.each(['', 'garbage', '{}', '{"pid":"1","startedAt":""}', '{"pid":-1,"startedAt":""}', 'null'])(
    'is taken over when the file holds %j',
    async (text) => {
      const folder = await makeFolder();
      await writeFile(join(folder, 'lock'), text);
      await (await acquire(join(folder, 'lock'))).release();
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('is taken over by one of many at the same time', async () => {
    const path = join(await makeFolder(), 'lock');
    await writeFile(path, JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '' }));
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => acquire(path)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('does not remove the lock of another process on release', async () => {
    const path = join(await makeFolder(), 'lock');
    const lock = await acquire(path);
    await rename(path, `${path}.old`);
    await writeFile(path, JSON.stringify({ pid: 1, startedAt: 'x' }));
    await lock.release();
    expect(await readFile(path, 'utf8')).toContain('"pid":1');
  });
});
