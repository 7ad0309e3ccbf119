import { randomFillSync } from 'node:crypto';
import { chmod, mkdir, open, rename, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';

const MIB = 1024 * 1024;

interface SampleFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly isExecutable?: boolean;
}

/** Sizes round chunk boundaries, many small ones, and names that trip up careless programs. */
const FILES: readonly SampleFile[] = [
  { path: 'weights/model-00001.bin', sizeBytes: 36 * MIB },
  { path: 'weights/model-00002.bin', sizeBytes: 16 * MIB + 1 },
  { path: 'weights/model-00003.bin', sizeBytes: 8 * MIB - 1 },
  { path: 'tokenizer.json', sizeBytes: 3 * MIB + 257 },
  { path: 'datos/señal-数据-🐝.csv', sizeBytes: 1 * MIB + 4096 },
  { path: 'bin/run.sh', sizeBytes: 1234, isExecutable: true },
  { path: 'empty.txt', sizeBytes: 0 },
  { path: 'one-byte', sizeBytes: 1 },
  ...Array.from({ length: 40 }, (_, index) => ({
    path: `shards/part-${String(index).padStart(3, '0')}.dat`,
    sizeBytes: 700 + index * 1601,
  })),
];

/**
 * Makes the sample directory, of random content, which nothing can guess or squeeze.
 * @returns False when an earlier run made it already.
 */
export async function makeSample(folder: string): Promise<boolean> {
  if ((await stat(folder).catch(() => undefined)) !== undefined) return false;
  // Under another name until it is whole: a half-made one would be taken for the sample by the next run.
  const aside = `${folder}.making`;
  await rm(aside, { recursive: true, force: true });
  for (const file of FILES) await writeRandom(path.join(aside, file.path), file);
  await mkdir(path.join(aside, 'empty-directory'));
  await symlink(path.join('weights', 'model-00001.bin'), path.join(aside, 'latest.bin'));
  await rename(aside, folder);
  return true;
}

async function writeRandom(file: string, { sizeBytes, isExecutable }: SampleFile): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(file, 'w');
  try {
    const buffer = Buffer.allocUnsafe(Math.min(sizeBytes, 4 * MIB));
    for (let left = sizeBytes; left > 0; left -= Math.min(left, buffer.length)) {
      await handle.write(randomFillSync(buffer), 0, Math.min(left, buffer.length));
    }
  } finally {
    await handle.close();
  }
  if (isExecutable === true) await chmod(file, 0o755);
}
