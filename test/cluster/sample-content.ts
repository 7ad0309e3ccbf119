import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Random } from '@panal/runtime';

const KIB = 1024;

/** One of everything that content may hold: sizes round the chunk border, an executable, a link, nothing, foreign names. */
export async function makeSampleTree(folder: string, random: Random): Promise<void> {
  await mkdir(path.join(folder, 'weights', 'empty'), { recursive: true });
  await mkdir(path.join(folder, 'weights', 'très profond', '深い'), { recursive: true });
  const files: [string, number][] = [
    ['README', 100],
    ['nothing', 0],
    ['weights/small.bin', 16 * KIB - 1],
    ['weights/chunk.bin', 256 * KIB],
    ['weights/more.bin', 3 * 256 * KIB + 17],
    ['weights/très profond/深い/ñandú 🐝.bin', 300 * KIB],
  ];
  for (const [name, sizeBytes] of files) await writeFile(path.join(folder, name), random.bytes(sizeBytes));
  await writeFile(path.join(folder, 'run.sh'), '#!/bin/sh\n');
  await chmod(path.join(folder, 'run.sh'), 0o755);
  await symlink('../README', path.join(folder, 'weights', 'about'));
}

/** What is below `folder`, as text that two equal trees share: kind, executable bit, link target, content. */
export async function describeTree(folder: string): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  for (const name of await readdir(folder, { recursive: true })) {
    const file = path.join(folder, name);
    const stats = await lstat(file);
    if (stats.isSymbolicLink()) entries[name] = `link to ${await readlink(file)}`;
    else if (stats.isDirectory()) entries[name] = 'directory';
    else entries[name] = `${stats.mode & 0o100 ? 'executable' : 'file'} ${(await readFile(file)).toString('base64')}`;
  }
  return entries;
}
