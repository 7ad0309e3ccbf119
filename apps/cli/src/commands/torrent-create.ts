import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { shareContent } from '@panal/storage-fs';
import type { Metainfo } from '@panal/torrent';
import type { CommandContext } from '../command-context.js';
import { FileError } from '../errors.js';
import { openReadingBar } from '../progress/reading-bar.js';
import type { CreateOptions } from './torrent-options.js';
import { torrentJson, torrentLines } from './torrent-show.js';

export async function runCreate(context: CommandContext, contentPath: string, options: CreateOptions): Promise<void> {
  const { terminal, cwd } = context;
  const absolute = path.resolve(cwd, contentPath);
  const file = path.resolve(cwd, options.output ?? `${path.basename(absolute)}.torrent`);
  const isForced = options.force === true;
  // Before an hour of hashing, and not after it.
  if (!isForced && (await stat(file).catch(() => undefined)) !== undefined) throw outputError(file, 'EEXIST');
  const metainfo = await hash(context, absolute, options);
  try {
    await writeFile(file, metainfo.bytes, { flag: isForced ? 'w' : 'wx' });
  } catch (error) {
    throw outputError(file, (error as NodeJS.ErrnoException).code ?? 'unknown error', error);
  }
  if (context.isJson) terminal.json({ ...torrentJson(metainfo), file });
  else terminal.line(terminal.style('green', `Wrote ${file}`), ...torrentLines(terminal, metainfo));
}

async function hash(context: CommandContext, absolute: string, options: CreateOptions): Promise<Metainfo> {
  const bar = await openReadingBar(context, path.basename(absolute));
  try {
    const { metainfo } = await shareContent({
      path: absolute,
      format: options.format,
      chunkSizeBytes: options.chunkSize,
      onProgress: ({ doneBytes, totalBytes }) => bar.update(doneBytes, totalBytes),
      signal: context.interruption.signal,
    });
    return metainfo;
  } finally {
    bar.end();
  }
}

function outputError(file: string, code: string, cause?: unknown): FileError {
  return code === 'EEXIST'
    ? new FileError(`${file} exists already.`, 'Give --force to replace it, or another --output.', cause)
    : new FileError(`${file} cannot be written (${code}).`, 'Give another --output.', cause);
}
